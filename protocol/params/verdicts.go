package params

import "github.com/assaynet/assay/protocol"

// Verdicts says what a challenge costs, how it is voted on, and what is lost by one
// (package ledger, challenge.go). All zeros, which then are no part of the
// parameters' bytes, are for a network in which nothing can be challenged.
type Verdicts struct {
	// SealBlocks and OpenBlocks are how many blocks electors have to run an answer and
	// seal their votes, and then to open them: a lane window each, and time to run.
	SealBlocks uint64 `cbor:"1,keyasint" json:"seal_blocks"`
	OpenBlocks uint64 `cbor:"2,keyasint" json:"open_blocks"`
	// Appeal is how many blocks what was lost is held, and how long who lost it may
	// ask that it is looked at once more.
	Appeal uint64 `cbor:"3,keyasint" json:"appeal"`
	// Electors is how many judges, drawn by stake, vote at most, 1 … 256: of an appeal
	// all do.
	Electors uint32 `cbor:"4,keyasint" json:"electors"`
	// Fee is what a challenge costs who is no judge, and what the bond of an appeal is:
	// what the runs of all electors cost them, and more.
	Fee protocol.Amount `cbor:"5,keyasint" json:"fee"`
	// PerChallenger, PerAccused and PerEpoch bound the challenges of an epoch for
	// which a fee is paid: by one coldkey, against one seat, and all. Judges have one
	// each besides, so that nobody is shielded by challenges that fail.
	PerChallenger uint32 `cbor:"6,keyasint" json:"per_challenger"`
	PerAccused    uint32 `cbor:"7,keyasint" json:"per_accused"`
	PerEpoch      uint32 `cbor:"8,keyasint" json:"per_epoch"`
	// Slash, in 65536ths, is what of the stake on it a judge loses whose card says that
	// a false answer is right, or has a root that it did not compute.
	Slash uint32 `cbor:"9,keyasint" json:"slash"`
	// Breaker is how many seats found guilty in two epochs are too many to be lies: a
	// build that is broken alike on most machines finds everybody guilty. Nothing is
	// burned before four times Appeal then.
	Breaker uint32 `cbor:"10,keyasint" json:"breaker"`
	// DoubleSign, in 65536ths, is what of the stake on it a validator loses that signed
	// two blocks of one height; it never validates again.
	DoubleSign uint32 `cbor:"11,keyasint" json:"double_sign"`
}

// On reports whether anything can be challenged.
func (v Verdicts) On() bool { return v != (Verdicts{}) }

// Ballot is how many blocks one vote takes, from when its electors are drawn.
func (v Verdicts) Ballot() uint64 { return v.SealBlocks + v.OpenBlocks }

// runBlocks is how many blocks the reference takes at most to run an answer, on the
// machine of a validator that has duties besides. On one of two cores that ten
// processes share it takes two or three.
const runBlocks = 4

// InTime returns how many ballots of an epoch, the first that are called, every
// elector has to tell the truth of: as many as its reference can run one after the
// other while votes are sealed, were all called in one block.
func (v Verdicts) InTime() uint32 { return uint32(max(1, v.SealBlocks/runBlocks)) }

// maxPerEpoch bounds the challenges of an epoch for which a fee is paid.
const maxPerEpoch = 256

// verdictRules leave a lane window for each step, and keep what can be lost, and
// what shows who said what, until all is decided.
func (p *Params) verdictRules() []rule {
	v, w := p.Verdicts, p.LaneWindow()
	if !v.On() {
		return nil
	}
	if max(v.SealBlocks, v.OpenBlocks, v.Appeal) > 1<<20 {
		return []rule{{false, "seal_blocks, open_blocks and appeal of verdicts are at most 2^20 blocks"}}
	}
	tempo := p.Schedule.Tempo
	return []rule{
		{v.SealBlocks >= w && v.OpenBlocks >= w, "seal_blocks and open_blocks of verdicts are a lane window each at least"},
		{v.Appeal >= w, "appeal of verdicts is a lane window at least"},
		{v.Electors >= 1 && v.Electors <= 256, "electors are 1 to 256"},
		{v.Fee >= 1 && v.Fee <= 1<<50, "fee of a challenge is 1 to 2^50"},
		{
			v.PerChallenger >= 1 && v.PerAccused >= 1 && v.PerEpoch >= 1 && v.PerEpoch <= maxPerEpoch,
			"per_challenger, per_accused and per_epoch are 1 or more, per_epoch at most 256",
		},
		{v.Slash >= 1 && v.Slash < One && v.DoubleSign >= 1 && v.DoubleSign <= One, "slash of verdicts is 1 to 65535, double_sign 1 to 65536"},
		{v.Breaker >= 2, "breaker is at least 2"},
		{p.Seats.Collateral > 0, "collateral is not zero where answers can be challenged"},
		{
			// An answer of an epoch's first block is challenged in the last of the next, and
			// the first ballot decides nothing.
			p.Seats.Unbonding >= 3*tempo+2*(v.Ballot()+callBlocks),
			"unbonding is three epochs and two ballots at least, so that what can be lost stays until it is decided",
		},
		{
			p.Tasks.Retention*tempo >= 5*tempo+3*(v.Ballot()+callBlocks)+4*v.Appeal,
			"retention is five epochs, three ballots and four times appeal at least, so that it is known who said what",
		},
	}
}

// callBlocks is how many blocks after a challenge its electors are drawn.
const callBlocks = 2

// WithVerdicts returns a network in which answers and cards can be challenged,
// whose clock leaves room for it.
func (p Params) WithVerdicts() Params { return p.withVerdicts(p.LaneWindow() + 3) }

// withVerdicts is [Params.WithVerdicts] where electors have so many blocks to seal
// a vote.
func (p Params) withVerdicts(seal uint64) Params {
	p.Verdicts = Verdicts{
		SealBlocks: seal, OpenBlocks: p.LaneWindow() + 1, Appeal: p.Schedule.Tempo,
		Electors: 16, Fee: protocol.Unit, PerChallenger: 4, PerAccused: 4, PerEpoch: 64,
		Slash: One / 20, Breaker: max(2, p.Seats.Max/20), DoubleSign: One / 20,
	}
	tempo, ballot := p.Schedule.Tempo, p.Verdicts.Ballot()+callBlocks
	p.Seats.Unbonding = max(p.Seats.Unbonding, 3*tempo+2*ballot)
	p.Tasks.Retention = max(p.Tasks.Retention, 5+(3*ballot+4*p.Verdicts.Appeal+tempo-1)/tempo)
	return p
}

// Lying returns what a seat can gain and must expect to lose in an epoch by making
// up the share f, in 65536ths, of its answers. It is asked slots in a round, and
// would be paid pay for the epoch: what it made up is that share of it at most.
// Caught is how likely one of those that are judged is among what it made up, of
// each kind and round one at least; then it is paid nothing for the epoch, and its
// collateral is lost.
func (p *Params) Lying(f uint64, slots uint32, pay protocol.Amount) (gain, loss protocol.Amount, caught uint64) {
	judged := uint64(0)
	for i := range p.Kinds {
		if k := &p.Kinds[i]; !k.OnLedger() {
			judged += p.Schedule.RoundsPerEpoch() / uint64(k.Rounds)
		}
	}
	missed := uint64(One)
	for range judged {
		missed = (missed*(One-f) + One - 1) / One
	}
	caught = One - missed
	of := func(a protocol.Amount, share uint64) protocol.Amount {
		out, err := a.MulDiv(share, One)
		if err != nil { // cannot be: share is at most One
			return 0
		}
		return out
	}
	return of(pay, f), of(pay+protocol.Amount(slots)*p.Seats.Collateral, caught), caught
}
