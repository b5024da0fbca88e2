package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// What work costs. Every node does the work of every transaction, so the work has a
// price and a block has a limit. A weight follows from a transaction's bytes alone:
// what its type may take at most, by the table below, and what its lists add. While
// a block is carried out the state's overlay counts what was really done; a test
// drives each type to its worst and holds that against the table.
//
// No row grows with seats, accounts, stakers or history, but as far as the limits
// of the network bound a record: a consensus set has up to 256 members.
//
// What a block does by itself is bounded in the same way, by [OwnCost].

// Cost counts work.
type Cost struct {
	Checks uint64 `json:"checks"` // of signatures
	Reads  uint64 `json:"reads"`  // of records
	Writes uint64 `json:"writes"` // of records, removals among them
	Bytes  uint64 `json:"bytes"`  // of records read and written, of transactions, and a link's hash for each link
}

// The unit of weight is a thousandth of a signature check, some 0.1 µs of one core.
// The other prices stand for what reads, writes and bytes take beside it;
// BenchmarkHostileBlock shows what a block full of them takes.
const (
	checkWeight = 1000
	readWeight  = 100
	writeWeight = 300
	// byteShare is how many bytes weigh one unit: they are decoded, and encoded
	// again to see that their form is canonical.
	byteShare = 32
)

// Weight returns the weight of the work, in thousandths of a signature check.
func (c Cost) Weight() uint64 {
	return c.Checks*checkWeight + c.Reads*readWeight + c.Writes*writeWeight + (c.Bytes+byteShare-1)/byteShare
}

func (c Cost) plus(d Cost) Cost {
	return Cost{c.Checks + d.Checks, c.Reads + d.Reads, c.Writes + d.Writes, c.Bytes + d.Bytes}
}

func (c Cost) minus(d Cost) Cost {
	return Cost{c.Checks - d.Checks, c.Reads - d.Reads, c.Writes - d.Writes, c.Bytes - d.Bytes}
}

func (c Cost) times(n uint64) Cost {
	return Cost{c.Checks * n, c.Reads * n, c.Writes * n, c.Bytes * n}
}

// Within reports whether no count exceeds that of most.
func (c Cost) Within(most Cost) bool {
	return c.Checks <= most.Checks && c.Reads <= most.Reads && c.Writes <= most.Writes && c.Bytes <= most.Bytes
}

// Sizes of records, in bytes: what the limits of wire and params allow at most.
const (
	smallBytes   = 192                       // an account, a stake, a uid: key and value
	seatBytes    = 8 << 10                   // eight offers of sixteen models, eight addresses
	rosterBytes  = 6 << 10                   // eight offers of sixteen models
	judgeBytes   = 256                       // of one judge on a roster
	setBytes     = 28 << 10                  // 256 members, twice
	setsBytes    = 72 << 10                  // pairs of 256 setters with 128 origins each
	rowBytes     = 32 << 10                  // weights of 4,096 seats
	linkBytes    = 32 * 4096                 // of a setter's chain
	plantBytes   = 32 * plant.Links          // of a chain of plants
	cardsBytes   = wire.MaxFindings + 128    // what a judge found in an epoch
	drawnBytes   = 12*wire.MaxFindings + 128 // what it drew
	attestBytes  = wire.MaxAttestBytes + 128
	askedBytes   = wire.MaxSpecification + 512 // a request
	recordBytes  = wire.MaxRecordText + 512
	dutyBytes    = 24 // one duty, or one judge of a cover
	ratingsBytes = wire.MaxRatings/2 + smallBytes
	paysBytes    = 14 * wire.MaxRequested
	maxJudges    = 256
	caseBytes    = 4 * smallBytes // a challenge
	signedBytes  = 24 << 10       // of the members of two sets of 256
	slashBytes   = 24*maxSlashes + smallBytes
)

// signed is the cost of any transaction: its signature, and its signer's seat or
// name.
var signed = Cost{Checks: 1, Reads: 2, Bytes: seatBytes + 2*smallBytes}

// paid is what a fee and a nonce cost besides, of all that are in no lane.
var paid = Cost{Reads: 3, Writes: 2, Bytes: 6 * smallBytes}

// accused is what the evidence of a challenge costs: the answer's task, commitment
// and plants, and of a card what its judge drew and opened.
var accused = Cost{
	Reads: 9 + params.MaxKinds,
	Bytes: rosterBytes + judgeBytes + drawnBytes + cardsBytes + (12+2*params.MaxKinds)*smallBytes,
}

// costs is what each type of transaction costs at most: base, beside signed, paid
// and the transaction's own bytes, and each for every item of its list.
var costs = map[wire.TxType]struct {
	base  Cost
	items func(wire.Body) int // nil where there is no list that counts
	each  Cost
}{
	wire.TxTransfer:        {base: Cost{Reads: 4, Writes: 2, Bytes: 6 * smallBytes}},
	wire.TxRegister:        {base: Cost{Checks: 1, Reads: 13, Writes: 24, Bytes: 2*seatBytes + 40*smallBytes}},
	wire.TxAddStake:        {base: Cost{Reads: 6, Writes: 3, Bytes: seatBytes + 9*smallBytes}},
	wire.TxRemoveStake:     {base: Cost{Reads: 12, Writes: 7, Bytes: seatBytes + judgeBytes + 16*smallBytes}}, // and what its maturing costs
	wire.TxServe:           {base: Cost{Checks: 1, Reads: 1, Writes: 3, Bytes: seatBytes + 4*smallBytes}},
	wire.TxSetConsensusKey: {base: Cost{Checks: 2, Reads: 4, Writes: 8, Bytes: seatBytes + setBytes + 11*smallBytes}},
	wire.TxExtendBeacon:    {base: Cost{Writes: 1, Bytes: seatBytes}},
	wire.TxUnjail:          {base: Cost{Writes: 1, Bytes: seatBytes}},
	wire.TxCommit:          {base: Cost{Reads: 3, Writes: 1, Bytes: rosterBytes + 4*smallBytes}},
	wire.TxCommitWeights:   {base: Cost{Reads: 2, Writes: 2, Bytes: seatBytes + 4*smallBytes}},
	wire.TxRevealWeights:   {base: Cost{Reads: 3, Writes: 1, Bytes: rowBytes + 4*smallBytes}},
	wire.TxAttest:          {base: Cost{Reads: 3, Writes: 1, Bytes: judgeBytes + attestBytes + 4*smallBytes}},
	wire.TxSealCards:       {base: Cost{Reads: 2, Writes: 1, Bytes: judgeBytes + 3*smallBytes}},
	wire.TxOpenCards:       {base: Cost{Reads: 4, Writes: 1, Bytes: drawnBytes + cardsBytes + wire.MaxOpened + 6*smallBytes}},
	wire.TxExtendSetter:    {base: Cost{Reads: 1, Writes: 1, Bytes: 4 * smallBytes}},
	wire.TxSetPairs:        {base: Cost{Reads: 5, Writes: 1, Bytes: 3*setsBytes + 6*smallBytes}},
	wire.TxOpenPairs:       {base: Cost{Reads: 4, Writes: 2, Bytes: 3*setsBytes + 2*linkBytes + 6*smallBytes}},
	wire.TxDoubtPairs:      {base: Cost{Reads: maxJudges + 4, Writes: 1, Bytes: 3*setsBytes + maxJudges*judgeBytes + 4*smallBytes}},
	wire.TxOpenRatings:     {base: Cost{Reads: 12, Writes: 1, Bytes: rosterBytes + 14*smallBytes}},
	wire.TxRequest:         {base: Cost{Reads: 3, Writes: 4, Bytes: askedBytes + 8*smallBytes}},
	wire.TxSealRecords: {
		base:  Cost{Reads: 3, Writes: 3, Bytes: 2*askedBytes + 6*smallBytes},
		items: func(b wire.Body) int { return len(b.(*wire.SealRecords).Seals) },
		each:  Cost{Reads: 1, Writes: 1, Bytes: 2 * smallBytes},
	},
	wire.TxSwapColdkey:    {base: Cost{Checks: 1, Reads: 10, Writes: 4, Bytes: seatBytes + 12*smallBytes}},
	wire.TxStopSwap:       {base: Cost{Reads: 1, Writes: 2, Bytes: 4 * smallBytes}},
	wire.TxSetPayout:      {base: Cost{Reads: 2, Writes: 1, Bytes: 2*seatBytes + 2*smallBytes}},
	wire.TxSwapHotkey:     {base: Cost{Checks: 1, Reads: 12, Writes: 2, Bytes: 2*seatBytes + 13*smallBytes}},
	wire.TxStopHotkeySwap: {base: Cost{Reads: 2, Writes: 2, Bytes: 2*seatBytes + 2*smallBytes}},
	wire.TxExtendPlants:   {base: Cost{Reads: 1, Writes: 1, Bytes: 3 * smallBytes}},
	wire.TxOpenPlants: {
		base:  Cost{Reads: 3, Writes: 2, Bytes: rosterBytes + plantBytes + 8*smallBytes},
		items: func(b wire.Body) int { return len(b.(*wire.OpenPlants).Proofs) },
		each:  Cost{Reads: 3 + params.MaxKinds, Bytes: maxJudges*dutyBytes + (6+2*params.MaxKinds)*smallBytes},
	},
	wire.TxLeakedLink:     {base: Cost{Reads: 5, Writes: 5, Bytes: 2*seatBytes + plantBytes + 10*smallBytes}},
	wire.TxSealLeak:       {base: Cost{Writes: 1, Bytes: smallBytes}},
	wire.TxAddCollateral:  {base: Cost{Reads: 3, Writes: 2, Bytes: 2*seatBytes + 4*smallBytes}},
	wire.TxTakeCollateral: {base: Cost{Reads: 3, Writes: 4, Bytes: 2*seatBytes + 6*smallBytes}},
	wire.TxSetCommission:  {base: Cost{Reads: 2, Writes: 1, Bytes: 2*seatBytes + 2*smallBytes}},
	wire.TxJudgeChallenge: {base: accused.plus(Cost{Reads: 3, Writes: 3, Bytes: 3*docketBytes + caseBytes + judgeBytes + 4*smallBytes})},
	wire.TxSealVote:       {base: Cost{Reads: 2, Writes: 1, Bytes: caseBytes + 3*smallBytes}},
	wire.TxOpenVote:       {base: Cost{Reads: 2, Writes: 1, Bytes: caseBytes + 4*smallBytes}},
	wire.TxChallenge:      {base: accused.plus(Cost{Reads: 2, Writes: 4, Bytes: 2*docketBytes + caseBytes + 4*smallBytes})},
	wire.TxAppeal:         {base: Cost{Reads: 2, Writes: 4, Bytes: 2*caseBytes + 6*smallBytes}},
	wire.TxKeepHotkey:     {base: Cost{Writes: 2, Bytes: seatBytes + smallBytes}},
	wire.TxOpenRecord:     {base: Cost{Reads: 5, Writes: 5, Bytes: 2*askedBytes + recordBytes + 10*smallBytes}},
	wire.TxSealFinding:    {base: Cost{Reads: 3, Writes: 1, Bytes: askedBytes + judgeBytes + 4*smallBytes}},
	wire.TxOpenFinding:    {base: Cost{Reads: maxJudges + 4, Writes: 3, Bytes: askedBytes + paysBytes + (maxJudges+4)*judgeBytes}},
}

// TxCost returns what a transaction of so many bytes costs at most.
func TxCost(body wire.Body, size int) Cost {
	row := costs[body.Type()]
	c := signed.plus(row.base).plus(Cost{Bytes: uint64(size)})
	if !body.Type().Lane() {
		c = c.plus(paid)
	}
	if row.items != nil {
		c = c.plus(row.each.times(uint64(row.items(body))))
	}
	return c
}

// TxWeight returns the weight of a transaction's bytes, whose signature it does not
// look at. Errors: those of [wire.ReadTx].
func TxWeight(raw []byte, chain string) (uint64, error) {
	_, body, err := wire.ReadTx(raw, chain)
	if err != nil {
		return 0, err
	}
	return TxCost(body, len(raw)).Weight(), nil
}

// Bytes of transactions that open plants, at most, and what beside the mean of
// plants there is room for, as a divisor: it is rarely a quarter more among many.
const (
	openBytes  = 256
	proofBytes = 1100
	roomShare  = 4
)

// plantRoom returns what it weighs that all seats open what they planted in an
// epoch, in how many bytes, and in how many blocks it has to fit: those of the
// window that are left when proposers with a third of the power stand in a row and
// take none.
func plantRoom(p *params.Params) (weight, bytes, blocks uint64) {
	if p.Plants.Rate == 0 {
		return 0, 0, 1
	}
	slots, seats := uint64(0), uint64(p.Seats.Max)
	for i := range p.Kinds {
		if k := &p.Kinds[i]; !k.OnLedger() {
			slots += uint64(k.Slots) * (p.Schedule.RoundsPerEpoch() / uint64(k.Rounds))
		}
	}
	plants := (seats*slots*uint64(p.Plants.Rate) + params.One - 1) / params.One
	plants += (plants + roomShare - 1) / roomShare
	row := costs[wire.TxOpenPlants]
	all := TxCost(&wire.OpenPlants{}, openBytes).times(seats).plus(row.each.plus(Cost{Bytes: proofBytes}).times(plants))
	window := p.Schedule.OpenPlantsBlocks - p.Schedule.OpenCardsBlocks
	return all.Weight(), seats*openBytes + plants*proofBytes, window - (p.LaneWindow() - 1)
}

// matured is what a block does for one entry whose time has come: stake that
// or collateral that returns, a seat whose immunity ends, or an address that is
// forgotten. The
// transaction that made it paid for it.
var matured = Cost{Reads: 4, Writes: 3, Bytes: seatBytes + slashBytes + 6*smallBytes}

// maturing returns how many entries one block may meet whose time has come. Each of
// the four delays leads back to other blocks (all but immunity to as many as
// endsPerBlock), which may have been full of what makes its entries: stake that was
// removed, seats that were bought, and keys, which wait twice, and collateral that
// were given up, by those who had them or with seats that were pruned.
func maturing(maxWeight uint64) uint64 {
	most := func(b wire.Body) uint64 { return maxWeight / TxCost(b, 0).Weight() }
	bought := most(&wire.Register{})
	left, taken := max(bought, most(&wire.SetConsensusKey{})), max(bought, most(&wire.TakeCollateral{}))
	return bought + left + endsPerBlock*(most(&wire.RemoveStake{})+left+taken)
}

// OwnCost returns what a block does by itself at most: ordinary for any block, end
// for the last of an epoch. They grow with the limits of the network, which Seats
// and Kinds set, and not with its history.
func OwnCost(p *params.Params) (ordinary, end Cost) {
	seats, judges, kinds := uint64(p.Seats.Max), uint64(p.Seats.MaxValidators), uint64(len(p.Kinds))

	ordinary = Cost{Reads: 42, Writes: 16, Bytes: 8*setBytes + ChainLength*uint64(len(protocol.Hash{})) + 4*seatBytes + 8*smallBytes}
	ordinary = ordinary.plus(matured.times(maturing(p.Block.MaxWeight)))
	// Who is alive, and who of all validators misbehaved.
	ordinary = ordinary.plus(Cost{Reads: 1, Writes: 1, Bytes: 2 * signedBytes})
	ordinary = ordinary.plus(Cost{Reads: 8, Writes: 3, Bytes: 2*seatBytes + 2*slashBytes + 12*smallBytes}.times(maxOffences))
	// Requests: one that ends, what else is due, and what is forgotten.
	due := Cost{Reads: 4, Writes: 4, Bytes: recordBytes + 4*smallBytes}.times(2 * (dueRecords + wire.MaxRequested + maxJudges))
	due = due.plus(Cost{Reads: 1, Bytes: recordBytes}.times(maxSealed))
	ordinary = ordinary.plus(due)
	// What of a round was given: of each judge what it attests, of each seat a
	// commitment, a roster's entry, what was given now and in the epoch.
	ordinary = ordinary.plus(Cost{Reads: 2, Bytes: judgeBytes + attestBytes + 2*smallBytes}.times(judges))
	ordinary = ordinary.plus(Cost{Reads: 4, Writes: 2, Bytes: rosterBytes + 8*smallBytes}.times(seats))
	// A round's duties: a commitment, a roster's entry, what was given, a cover and
	// duties of each seat.
	ordinary = ordinary.plus(Cost{Reads: 5, Writes: 2, Bytes: rosterBytes + 5*smallBytes + 3*kinds*judges*dutyBytes}.times(seats))
	ordinary = ordinary.plus(Cost{Reads: 3, Writes: 1, Bytes: judgeBytes + 2*drawnBytes + 4*smallBytes}.times(judges))

	// Plants: of each seat what it gave and opened, its duties of each round, its
	// record and collateral; of each judge what it drew and found, its stake, and what
	// of that is on its way back.
	ordinary = ordinary.plus(Cost{Reads: 2 + 2*p.Schedule.RoundsPerEpoch(), Bytes: 4 * smallBytes * p.Schedule.RoundsPerEpoch()})
	ordinary = ordinary.plus(Cost{Reads: 5, Writes: 4, Bytes: rosterBytes + 2*seatBytes + 12*smallBytes}.times(seats))
	ordinary = ordinary.plus(Cost{Reads: 1, Bytes: kinds*judges*dutyBytes + smallBytes}.times(seats * p.Schedule.RoundsPerEpoch()))
	ordinary = ordinary.plus(Cost{Reads: 18, Writes: 8, Bytes: judgeBytes + drawnBytes + 2*cardsBytes + 3*seatBytes + 2*slashBytes + 16*smallBytes}.times(judges))

	if p.Verdicts.On() {
		ordinary = ordinary.plus(challengesCost(p, judges))
	}

	// The epoch: of each seat its record, twice, the pool of its stake, twice, and
	// its owner's part of it, a payment, what is asked, another hotkey, and its place
	// in the order of pruning; and all that is forgotten of it, of each round. Who
	// else has a part of the pool is not looked at.
	rounds := p.Schedule.RoundsPerEpoch()
	end = ordinary.plus(Cost{Reads: 27, Writes: 9, Bytes: 8*setBytes + 4*signedBytes + 4*smallBytes})
	end = end.plus(Cost{Reads: 19 + kinds, Writes: 15, Bytes: 4*seatBytes + 2*rosterBytes + (40+kinds)*smallBytes}.times(seats))
	end = end.plus(Cost{Reads: 4, Writes: 4, Bytes: kinds*judges*dutyBytes + 10*smallBytes + ratingsBytes}.times(seats * rounds))
	end = end.plus(Cost{Reads: 1, Writes: 1, Bytes: attestBytes + smallBytes}.times(judges * rounds))
	end = end.plus(Cost{Reads: 4, Writes: 4, Bytes: setsBytes + 4*smallBytes}.times(rounds + p.Schedule.Tempo))
	// Of each judge and round, whether it owed pairs and set them.
	end = end.plus(Cost{Reads: 4, Bytes: setsBytes + 2*judgeBytes + 2*smallBytes}.times(judges * rounds))
	// Of each judge the payments of the window, where it drew no duty.
	end = end.plus(Cost{Reads: dutyWindow, Bytes: dutyWindow * 2 * smallBytes}.times(judges))
	// Of each judge rows of weights and bonds, what it found, and what it drew, which
	// are forgotten, too.
	if p.Verdicts.On() { // what is forgotten, and whose duties do not count
		end = end.plus(Cost{Reads: 2 * (judges + 2), Writes: 2 * (judges + 2), Bytes: docketBytes + 2*smallBytes}.times(uint64(p.Verdicts.PerEpoch) + judges + 2))
	}
	end = end.plus(Cost{Reads: 18, Writes: 8, Bytes: 5*rowBytes + 2*cardsBytes + 2*drawnBytes + 8*judgeBytes}.times(judges))
	return ordinary, end
}

// challengesCost is what a block does about challenges by itself. Those whose first
// ballot decided nothing, and those that were appealed, go on with the next epoch:
// as many at one height as were posted since the oldest that may be appealed still,
// two ballots and an epoch's rest between them before four times appeal. Of each
// all votes are read, or removed and written; and of one that ends, what judges of
// the answer drew and found. Before one is called, those of the epoch before that
// can be sealed still are looked for, of each height at which they were called.
func challengesCost(p *params.Params, judges uint64) Cost {
	tempo := p.Schedule.Tempo
	epochs := 1 + (4*p.Verdicts.Appeal+3*tempo+2*(p.Verdicts.Ballot()+callAfter))/tempo
	open := epochs * (uint64(p.Verdicts.PerEpoch) + judges)
	each := Cost{Reads: 32, Writes: 11, Bytes: 5*caseBytes + 5*docketBytes + 3*seatBytes + 2*cardsBytes + judgeBytes + 2*slashBytes + 23*smallBytes}
	each = each.plus(Cost{Reads: 8, Writes: 2, Bytes: 2*judgeBytes + drawnBytes + cardsBytes + 6*smallBytes}.times(judges))
	return each.times(open).plus(Cost{Reads: min(tempo, p.Verdicts.SealBlocks)})
}
