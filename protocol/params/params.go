package params

import (
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	score "github.com/assaynet/assay/scoring/preference"
)

// ErrInvalid is wrapped by every error of [Params.Check].
var ErrInvalid = errors.New("params: invalid")

// One is the whole of a share: shares are counted in 65536ths.
const One = 1 << 16

// Params are the constants that a network agrees on.
type Params struct {
	// Name is the first part of the chain id: lower-case letters, digits, '-'.
	Name string `cbor:"1,keyasint" json:"name"`
	// Schedule says when things happen, in blocks.
	Schedule protocol.Schedule `cbor:"2,keyasint" json:"schedule"`
	Block    Block             `cbor:"3,keyasint" json:"block"`
	Seats    Seats             `cbor:"4,keyasint" json:"seats"`
	Emission Emission          `cbor:"5,keyasint" json:"emission"`
	Yuma     Yuma              `cbor:"6,keyasint" json:"yuma"`
	Tasks    Tasks             `cbor:"7,keyasint" json:"tasks"`
	Gossip   Gossip            `cbor:"8,keyasint" json:"gossip"`
	// Kinds are the kinds of tasks that the network pays for, ascending by name.
	// Wherever the ledger keeps a number by kind, it stands in this order.
	Kinds []Kind `cbor:"9,keyasint" json:"kinds"`
	// Inference holds what the kind inference alone has.
	Inference Inference `cbor:"10,keyasint" json:"inference"`
	// Synthetic holds what the kind synthetic alone has.
	Synthetic Synthetic `cbor:"11,keyasint" json:"synthetic"`
	// Preference holds what the kind preference alone has.
	Preference Preference `cbor:"12,keyasint" json:"preference"`
	Fees       Fees       `cbor:"13,keyasint" json:"fees"`
	Plants     Plants     `cbor:"14,keyasint" json:"plants"`
	Verdicts   Verdicts   `cbor:"15,keyasint,omitzero" json:"verdicts,omitzero"`
	// Upgrades say what changes while the network runs, ascending by height.
	Upgrades []Upgrade `cbor:"16,keyasint,omitempty" json:"upgrades,omitempty"`
}

// Block says how fast blocks come.
type Block struct {
	// CommitMillis is the pause after a block, for late votes: with the time
	// of two rounds of votes it makes the block interval.
	CommitMillis uint32 `cbor:"1,keyasint" json:"commit_millis"`
	// ProposeMillis is how long a silent proposer is waited for.
	ProposeMillis uint32 `cbor:"2,keyasint" json:"propose_millis"`
	// VoteMillis is how long stragglers of a split vote are waited for.
	VoteMillis uint32 `cbor:"3,keyasint" json:"vote_millis"`
	// MaxBytes bounds a block: 4 MiB carry a commitment of each of 4,096
	// seats (about 200 bytes) four times over.
	MaxBytes uint32 `cbor:"4,keyasint" json:"max_bytes"`
	// MaxWeight bounds the work of a block's transactions, in thousandths of a
	// signature check (ledger.Cost): two million are a quarter of a second of one
	// core, and a commitment of each of 4,096 seats in five blocks.
	MaxWeight uint64 `cbor:"5,keyasint" json:"max_weight"`
}

// Seats says how a place in the subnet is bought, kept and lost.
type Seats struct {
	// Max is the number of seats, at most 4,096: the epoch's benchmark.
	Max uint32 `cbor:"1,keyasint" json:"max"`
	// MaxValidators is the number of permits, and the most CometBFT validators.
	MaxValidators uint32 `cbor:"2,keyasint" json:"max_validators"`
	// MaxPerColdkey bounds the seats of one owner.
	MaxPerColdkey uint32 `cbor:"3,keyasint" json:"max_per_coldkey"`
	// MinStake is the least stake that gives a permit.
	MinStake protocol.Amount `cbor:"4,keyasint" json:"min_stake"`
	// Immunity is how many blocks a new seat cannot be pruned: longer than the
	// five epochs until its first weights count.
	Immunity uint64 `cbor:"5,keyasint" json:"immunity"`
	// Price is the first price of a seat; it halves every PriceHalfLife blocks,
	// grows by BumpPercent with each registration, within PriceMin … PriceMax.
	Price         protocol.Amount `cbor:"6,keyasint" json:"price"`
	PriceMin      protocol.Amount `cbor:"7,keyasint" json:"price_min"`
	PriceMax      protocol.Amount `cbor:"8,keyasint" json:"price_max"`
	PriceHalfLife uint64          `cbor:"9,keyasint" json:"price_half_life"`
	BumpPercent   uint32          `cbor:"10,keyasint" json:"bump_percent"`
	// Unbonding is how many blocks removed stake waits, and UnbondingSeconds how
	// long by the time of headers: it returns when both have passed. Proofs of what
	// validators signed count exactly as long, and light readers trust no longer.
	Unbonding uint64 `cbor:"11,keyasint" json:"unbonding"`
	// Commission, in 65536ths, is what the owner of a validator takes of its
	// dividends before they are stake of all who have a part, where it has said
	// nothing else: those who lend their stake pay for the machines that judge.
	Commission uint32 `cbor:"12,keyasint" json:"commission"`
	// MaxSilence is after how many blocks without a vote or a block of its own a
	// validator is jailed: long enough to mend a machine, and at least two epochs
	// and two turns of all validators, so that enough others were heard meanwhile.
	MaxSilence uint64 `cbor:"13,keyasint" json:"max_silence"`
	// Collateral is what a seat must have put up for each slot of a round: it is
	// asked no more than that covers.
	Collateral protocol.Amount `cbor:"14,keyasint" json:"collateral"`
	// UnbondingSeconds is at most 2^33: 272 years, which are less than 2^63 ns.
	UnbondingSeconds uint64 `cbor:"15,keyasint" json:"unbonding_seconds"`
	// MinSelf is the least that the owner's own part of the stake on a validator is
	// worth: who judges with others' stake has some of its own to lose.
	MinSelf protocol.Amount `cbor:"16,keyasint" json:"min_self"`
}

// Fees says what transactions burn, and what the state costs: enough that who
// floods or fills it pays more than who works.
type Fees struct {
	// Weight is what a signature check's weight costs, 1,000 units of it.
	Weight protocol.Amount `cbor:"1,keyasint" json:"weight"`
	// Byte is what a byte of a transaction costs.
	Byte protocol.Amount `cbor:"2,keyasint" json:"byte"`
	// Deposit is the least that an account keeps: each is a record that all nodes
	// hold for ever.
	Deposit protocol.Amount `cbor:"3,keyasint" json:"deposit"`
}

// Of returns the least fee of a transaction of a weight, in thousandths of a
// signature check, and so many bytes. Neither may exceed 2^40.
func (f *Fees) Of(weight uint64, bytes int) protocol.Amount {
	return protocol.Amount((weight+999)/1000)*f.Weight + protocol.Amount(bytes)*f.Byte
}

// Plants says how often miners alter an answer on purpose, and what it costs a
// judge not to look (package plant). All zeros, and no open_plants_blocks, are for
// a network in which nothing is planted.
type Plants struct {
	// Rate, in 65536ths, is which part of the answers is planted.
	Rate uint32 `cbor:"1,keyasint" json:"rate"`
	// Slash, in 65536ths, is what of the stake on it a judge loses that found a plant
	// right.
	Slash uint32 `cbor:"2,keyasint" json:"slash"`
	// Fine, in 65536ths, is what of its collateral a seat loses that does not prove
	// what it planted, or whose link is known too early.
	Fine uint32 `cbor:"3,keyasint" json:"fine"`
	// Appeal is how many blocks what a judge lost is held before it is divided.
	Appeal uint64 `cbor:"4,keyasint" json:"appeal"`
}

// Emission says what is newly paid.
type Emission struct {
	// PerBlock is the first emission of a block; it halves whenever half of
	// what was left of MaxSupply has been issued.
	PerBlock  protocol.Amount `cbor:"1,keyasint" json:"per_block"`
	MaxSupply protocol.Amount `cbor:"2,keyasint" json:"max_supply"`
}

// Yuma holds the settings of the epoch (package scoring/yuma).
type Yuma struct {
	// Kappa is the stake, in 65535ths, that must back a weight. Strictly more
	// than one half: a cabal of exactly half the stake gets nothing.
	Kappa uint16 `cbor:"1,keyasint" json:"kappa"`
	// ActivityCutoff is after how many blocks without a commit of weights a
	// validator no longer counts.
	ActivityCutoff uint64 `cbor:"2,keyasint" json:"activity_cutoff"`
	// BondsMovingAverage, in millionths, is the part of a bond that stays.
	BondsMovingAverage uint64 `cbor:"3,keyasint" json:"bonds_moving_average"`
	// BondsPenalty, in 65535ths: below one, so that a validator that sees a
	// good miner early earns more than one that copies it later.
	BondsPenalty uint16 `cbor:"4,keyasint" json:"bonds_penalty"`
	Yuma3        bool   `cbor:"5,keyasint" json:"yuma3"`
	LiquidAlpha  bool   `cbor:"6,keyasint" json:"liquid_alpha"`
	AlphaLow     uint16 `cbor:"7,keyasint" json:"alpha_low"`
	AlphaHigh    uint16 `cbor:"8,keyasint" json:"alpha_high"`
	Steepness    int16  `cbor:"9,keyasint" json:"steepness"`
}

// Model is a model that a network pays for.
type Model struct {
	ID protocol.ModelID `cbor:"1,keyasint" json:"id"`
	// Name is for people: the file that miners look for.
	Name string `cbor:"2,keyasint" json:"name"`
	// Class multiplies the tokens of a model, in 65536ths: a larger model
	// costs more to run.
	Class uint32 `cbor:"3,keyasint" json:"class"`
}

// Tasks says what the tasks of all kinds share, beside the [protocol.Schedule].
type Tasks struct {
	// Retention is how many epochs raw answers and cards are kept and served.
	Retention uint64 `cbor:"1,keyasint" json:"retention"`
}

// MaxKinds bounds the kinds of a network.
const MaxKinds = 8

// maxSlots bounds the slots of a seat in a round, of all kinds together.
const maxSlots = 1024

// The kinds that have parameters of their own; their code is below package task,
// by the same names.
const (
	inference  protocol.Kind = "inference"  // [Params.Inference]
	synthetic  protocol.Kind = "synthetic"  // [Params.Synthetic]
	preference protocol.Kind = "preference" // [Params.Preference]
)

// Kind is all that the ledger knows of one kind of task.
type Kind struct {
	// Name is by what the kind stands in the table of kinds (package task).
	Name protocol.Kind `cbor:"1,keyasint" json:"kind"`
	// Share, in 65536ths, is the part of what miners are paid that the kind
	// stands for. The shares of all kinds are at most [One] together.
	Share uint32 `cbor:"2,keyasint" json:"share"`
	// Full is the work of an epoch, of all seats together and in the units that the
	// kind counts, for which its whole share is paid. Less is paid in proportion,
	// and what is left is paid to no one. Zero, for the kind that a network begins
	// with, pays the whole share for whatever work there was.
	Full uint64 `cbor:"3,keyasint" json:"full"`
	// Slots caps the tasks of one seat in one round, 1 … 1024.
	Slots uint32 `cbor:"4,keyasint" json:"slots"`
	// Judges is the least number of validators that judge a drawn answer; two or
	// more, so that each can show the other's card to be false. Zero is for a kind
	// whose answers nobody judges: they are opened on the ledger, and what they are
	// worth follows from what it holds.
	Judges uint32 `cbor:"5,keyasint" json:"judges"`
	// Rounds is how long its tasks take, in rounds: they are set in the first of so
	// many and fall due in the last. It divides the rounds of an epoch; one for
	// work that a machine does.
	Rounds uint32 `cbor:"6,keyasint" json:"rounds"`
	// Keep, in 65536ths, below one, is the part of the averages of scores that
	// stays from epoch to epoch.
	Keep uint32 `cbor:"7,keyasint" json:"keep"`
	// Models are those that a seat may offer, 0 … 64. A seat that offers none is
	// asked only where there are none.
	Models []Model `cbor:"8,keyasint" json:"models"`
}

// Set returns the round in which the tasks are set that fall due in round due,
// and whether any do.
func (k *Kind) Set(due protocol.Round) (protocol.Round, bool) {
	after := uint64(due) + 1
	return protocol.Round(after - min(after, uint64(k.Rounds))), after%uint64(k.Rounds) == 0
}

// OnLedger reports whether answers of the kind are opened on the ledger, where
// nobody judges them.
func (k *Kind) OnLedger() bool { return k.Judges == 0 }

// Class returns the weight class of a model, in 65536ths, and whether the kind
// is paid for it at all.
func (k *Kind) Class(id protocol.ModelID) (uint32, bool) {
	for i := range k.Models {
		if k.Models[i].ID == id {
			return k.Models[i].Class, true
		}
	}
	return 0, false
}

// Inference says what the kind inference asks, and what speed is worth.
type Inference struct {
	// MaxTokens bounds an answer, 1 … 4096.
	MaxTokens uint32 `cbor:"1,keyasint" json:"max_tokens"`
	// System is the prompt that all tasks share, so that it is computed once; at
	// most 4096 bytes.
	System string `cbor:"2,keyasint" json:"system"`
	// SampledPercent of the tasks are sampled, the rest are greedy.
	SampledPercent uint32 `cbor:"3,keyasint" json:"sampled_percent"`
	// SpeedBest and SpeedWorst, in 65536ths, bound the factor that a commitment
	// earlier or later than the round's median earns.
	SpeedBest  uint32 `cbor:"4,keyasint" json:"speed_best"`
	SpeedWorst uint32 `cbor:"5,keyasint" json:"speed_worst"`
}

// Synthetic says what the kind synthetic asks.
type Synthetic struct {
	// MaxTokens bounds a record, 1 … 1024: what is cut off there passes few gates.
	MaxTokens uint32 `cbor:"1,keyasint" json:"max_tokens"`
}

// PartsOfFull is the full work of the kind preference: what its seats are worth
// is counted in 65536ths of what the lane may pay.
const PartsOfFull = One

// Preference says how many pairs people are asked, and what their ratings are
// worth. It stands whole in every network; only one that has the kind looks at it.
type Preference struct {
	// Pairs is how many a setter sets in each round of the lane, 1 … 128.
	Pairs uint32 `cbor:"1,keyasint" json:"pairs"`
	// Ratings caps what a seat is asked in such a round, 1 … 1024: what a person
	// can rate in the time.
	Ratings uint32 `cbor:"2,keyasint" json:"ratings"`
	// Memory is how many epochs enter the score, the newest included, 1 … 64: what
	// is older has faded to little, and need not be kept by anybody.
	Memory uint32 `cbor:"3,keyasint" json:"memory"`
	// Score holds the numbers of the score (scoring/preference).
	Score score.Params `cbor:"4,keyasint" json:"score"`
	// Checkers is how many judges are drawn to make an opened set again, 1 … 256:
	// what one of them doubts, all look at.
	Checkers uint32 `cbor:"5,keyasint" json:"checkers"`
}

// Gossip bounds what peers may say.
type Gossip struct {
	// ReplayWindow is by how many blocks the height of an envelope may differ
	// from the receiver's.
	ReplayWindow uint64 `cbor:"1,keyasint" json:"replay_window"`
}

// maxWait is how long removed stake waits at most, and with it evidence counts, in
// seconds: 272 years, which are less than 2^63 ns.
const maxWait = 1 << 33

// Check refuses constants that contradict each other: [ErrInvalid].
func (p *Params) Check() error {
	s := p.Schedule
	rules := []rule{
		{validName(p.Name), "name is 1 to 23 lower-case letters, digits and '-'"},
		{s.Tempo >= 4 && s.Tempo <= 1<<20, "tempo is 4 to 2^20 blocks"},
		{s.RoundLength > 0 && s.Tempo%max(s.RoundLength, 1) == 0, "round_length divides tempo"},
		{0 < s.CommitBlocks && s.CommitBlocks < s.OpenBlocks && s.OpenBlocks < s.RoundLength, "0 < commit_blocks < open_blocks < round_length"},
		{s.OpenBlocks < s.AttestBlocks && s.AttestBlocks < s.RoundLength, "open_blocks < attest_blocks < round_length"},
		{s.SealCardsBlocks < s.Tempo && s.OpenCardsBlocks < s.WeightBlocks && s.WeightBlocks < s.Tempo, "seal_cards_blocks < tempo, open_cards_blocks < weight_blocks < tempo"},
		{p.Block.CommitMillis > 0 && p.Block.ProposeMillis > 0 && p.Block.VoteMillis > 0, "block times are not zero"},
		{p.Block.MaxBytes >= 1<<16 && p.Block.MaxBytes <= 64<<20, "max_bytes is 64 KiB to 64 MiB"},
		{p.Block.MaxWeight >= 500_000 && p.Block.MaxWeight <= 1<<30, "max_weight is 500,000 to 2^30, so that each transaction fits"},
		{p.Seats.Max >= 1 && p.Seats.Max <= 4096, "seats are 1 to 4096"},
		{p.Seats.MaxValidators >= 1 && p.Seats.MaxValidators <= 256, "validators are 1 to 256"},
		{p.Seats.MaxPerColdkey >= 1, "max_per_coldkey is at least 1"},
		{p.Seats.PriceMin > 0 && p.Seats.PriceMin <= p.Seats.Price && p.Seats.Price <= p.Seats.PriceMax, "0 < price_min <= price <= price_max"},
		{p.Seats.PriceHalfLife > 0, "price_half_life is not zero"},
		{p.Emission.MaxSupply <= 1<<62 && p.Emission.PerBlock <= p.Emission.MaxSupply, "per_block <= max_supply <= 2^62"},
		{p.Seats.Commission <= One, "commission is at most 65536"},
		{max(p.Seats.Unbonding, p.Seats.Immunity, p.Seats.MaxSilence) <= 1<<32, "unbonding, immunity and max_silence are at most 2^32 blocks"},
		{p.Seats.UnbondingSeconds <= maxWait, "unbonding_seconds is at most 2^33"},
		{p.Seats.MinSelf <= p.Seats.MinStake, "min_self is at most min_stake"},
		{p.Seats.MaxSilence >= 2*s.Tempo && p.Seats.MaxSilence >= 2*uint64(p.Seats.MaxValidators), "max_silence is at least two epochs, and twice max_validators"},
		{p.Seats.Collateral <= 1<<50, "collateral is at most 2^50"},
		{p.Seats.Collateral == 0 || p.Seats.Unbonding >= 2*s.Tempo, "unbonding is at least two epochs, so that collateral stays until lies are proven"},
		{p.Yuma.Kappa > 32767, "kappa is above one half"},
		{p.Yuma.BondsMovingAverage <= 1_000_000, "bonds_moving_average is at most 1000000"},
		{p.Yuma.AlphaLow <= p.Yuma.AlphaHigh, "alpha_low <= alpha_high"},
		{!p.Yuma.LiquidAlpha || p.Yuma.Yuma3, "liquid_alpha needs yuma3"},
		{p.Fees.Weight > 0 && p.Fees.Byte > 0 && max(p.Fees.Weight, p.Fees.Byte) <= 1<<20, "prices of weight and bytes are 1 to 2^20"},
		{p.Fees.Deposit <= 1<<40, "deposit is at most 2^40"},
		{p.Tasks.Retention >= 4, "retention is at least 4 epochs"},
		{p.Gossip.ReplayWindow > 0, "replay_window is not zero"},
	}
	rules = append(append(rules, p.cardRules()...), append(p.plantRules(), p.verdictRules()...)...)
	if err := firstBroken(rules); err != nil {
		return err
	}
	if err := p.checkUpgrades(); err != nil {
		return err
	}
	if err := p.checkKinds(); err != nil {
		return err
	}
	if err := p.checkInference(); err != nil {
		return err
	}
	if err := p.checkSynthetic(); err != nil {
		return err
	}
	return p.checkPreference()
}

// LaneWindow returns how many blocks a transaction of a lane needs, so that no
// proposers with less than a third of the power own all of them: they own up to a
// third of max_validators in a row.
func (p *Params) LaneWindow() uint64 { return (uint64(p.Seats.MaxValidators)+2)/3 + 1 }

// LastDraw returns the last height at which duties of epoch e are drawn: a judge
// has a lane window to judge what was drawn last, and to seal it.
func (p *Params) LastDraw(e protocol.Epoch) protocol.Height {
	return p.Schedule.SealCardsDeadline(e) - protocol.Height(p.LaneWindow())
}

// CheckLanes refuses constants that leave less than a lane window to commit, to
// attest or to seal weights: [ErrInvalid]. Who makes a network that strangers take
// part in, or takes part in one, asks it beside [Params.Check]: with less,
// proposers that sit together could keep another's transaction out of all blocks
// in which it counts. One in which all validators are of one owner can do without.
func (p *Params) CheckLanes() error {
	s, w := p.Schedule, p.LaneWindow()
	return firstBroken([]rule{
		{s.CommitBlocks >= 2+w, "commit_blocks leaves two blocks until tasks are drawn, and a lane window"},
		{s.AttestBlocks >= s.OpenBlocks+w, "attest_blocks leaves a lane window behind open_blocks"},
		{s.Tempo >= s.WeightBlocks+w, "weight_blocks leaves a lane window before the end of the epoch"},
	})
}

// cardRules leave a lane window for each step between what an epoch's last round
// gave and the weights that are made of it.
func (p *Params) cardRules() []rule {
	s, w := p.Schedule, p.LaneWindow()
	return []rule{
		{
			s.RoundLength+s.SealCardsBlocks >= s.AttestBlocks+2*w+1,
			"seal_cards_blocks leaves two lane windows and a block behind the last attest_blocks: one to draw duties, one to seal",
		},
		{
			s.OpenCardsBlocks >= s.SealCardsBlocks+w+2,
			"open_cards_blocks leaves two blocks for the beacon that picks cards, and a lane window, behind seal_cards_blocks",
		},
	}
}

// maxDuties bounds what one judge may draw in an epoch: a byte for each fits a
// transaction (wire.MaxFindings).
const maxDuties = 32 << 10

// maxAttested bounds the answers of a round that judges attest: a bit for each fits
// a transaction (wire.MaxAttestBytes).
const maxAttested = 8 * 48 << 10

const (
	// leastTrust is the shortest unbonding, in seconds, of a network whose stake is
	// worth something: a day. Light readers of others trust what is as old as
	// localTrust, two weeks, for there is nothing to lose.
	leastTrust = 24 * 3600
	localTrust = 14 * 24 * 3600
)

// TrustSeconds returns how old a header may be that a light reader goes on from:
// whoever signed it must still have stake to lose, so that it is as long as removed
// stake waits at least. Where that is less than a day, as on a local network, it is
// two weeks.
func (p *Params) TrustSeconds() uint64 {
	if p.Seats.UnbondingSeconds < leastTrust {
		return localTrust
	}
	return p.Seats.UnbondingSeconds
}

// rule is one sentence that constants must agree with.
type rule struct {
	ok   bool
	says string
}

func firstBroken(rules []rule) error {
	for _, r := range rules {
		if !r.ok {
			return fmt.Errorf("%w: %s", ErrInvalid, r.says)
		}
	}
	return nil
}

func (p *Params) checkKinds() error {
	if len(p.Kinds) < 1 || len(p.Kinds) > MaxKinds {
		return fmt.Errorf("%w: kinds are 1 to %d", ErrInvalid, MaxKinds)
	}
	var slots, attested, shares, duties uint64
	ascending := true
	for i := range p.Kinds {
		k := &p.Kinds[i]
		if err := k.check(p.Schedule.RoundsPerEpoch()); err != nil {
			return fmt.Errorf("kind %.16q: %w", k.Name, err)
		}
		slots += uint64(k.Slots)
		if !k.OnLedger() {
			attested += uint64(k.Slots) * uint64(p.Seats.Max)
			duties += p.Schedule.RoundsPerEpoch() / uint64(k.Rounds) * uint64(p.Seats.Max)
		}
		shares += uint64(k.Share)
		ascending = ascending && (i == 0 || p.Kinds[i-1].Name < k.Name)
	}
	return firstBroken([]rule{
		{ascending, "kinds ascend by name"},
		{shares <= One, "shares are at most one together"},
		{slots <= maxSlots, "slots of all kinds are at most 1024 together"},
		{attested <= maxAttested, "the answers of a round that are attested are at most 393216"},
		{duties <= maxDuties, "what one judge may draw in an epoch, one answer of each seat and kind in each round, is at most 32768"},
	})
}

func (k *Kind) check(roundsPerEpoch uint64) error {
	return firstBroken([]rule{
		{validKind(k.Name), "a kind has a name of 1 to 16 printable characters"},
		{k.Slots >= 1 && k.Slots <= maxSlots, "slots is 1 to 1024"},
		{k.Judges >= 2 && k.Judges <= 256 || k.OnLedger() && k.Name == preference, "judges is 2 to 256, and 0 of preference alone"},
		{k.Rounds >= 1 && roundsPerEpoch%uint64(max(k.Rounds, 1)) == 0, "rounds divides the rounds of an epoch"},
		{k.Full <= 1<<40, "full is at most 2^40"},
		{k.Keep < One, "keep is below one"},
		{validModels(k.Models), "there are at most 64 models, each once and with a class"},
	})
}

// checkInference looks at what is the kind's own where the network has it.
func (p *Params) checkInference() error {
	k, n := p.Kind(inference), &p.Inference
	if k == nil {
		return nil
	}
	return firstBroken([]rule{
		{len(k.Models) >= 1, "inference has a model"},
		{n.MaxTokens >= 1 && n.MaxTokens <= 4096, "max_tokens is 1 to 4096"},
		{len(n.System) <= 4096, "the system prompt has at most 4096 bytes"},
		{n.SampledPercent <= 100, "sampled_percent is 0 to 100"},
		{n.SpeedWorst <= One && n.SpeedBest >= One && n.SpeedBest <= 4*One, "speed_worst <= 1 <= speed_best <= 4"},
	})
}

// checkSynthetic looks at what is the kind's own where the network has it.
func (p *Params) checkSynthetic() error {
	k := p.Kind(synthetic)
	if k == nil {
		return nil
	}
	return firstBroken([]rule{
		{len(k.Models) >= 1, "synthetic has a model"},
		{p.Synthetic.MaxTokens >= 1 && p.Synthetic.MaxTokens <= 1024, "max_tokens of synthetic is 1 to 1024"},
	})
}

// checkPreference looks at what is the kind's own where the network has it.
func (p *Params) checkPreference() error {
	k, n := p.Kind(preference), &p.Preference
	if k == nil {
		return nil
	}
	if err := n.Score.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return firstBroken([]rule{
		{k.OnLedger() && k.Slots == 1, "preference has no judges, and one slot: its ratings are one answer"},
		{k.Full == PartsOfFull, "the full work of preference is 65536"},
		{len(k.Models) == 0, "preference has no models"},
		{n.Pairs >= 1 && n.Pairs <= 128, "pairs is 1 to 128"},
		{n.Ratings >= 1 && n.Ratings <= 1024, "ratings is 1 to 1024"},
		{n.Checkers >= 1 && n.Checkers <= 256, "checkers is 1 to 256"},
		{n.Memory >= 1 && n.Memory <= 64 && uint64(n.Memory)+2 <= p.Tasks.Retention, "memory is 1 to 64 epochs, and at least 2 fewer than retention"},
	})
}

func validModels(models []Model) bool {
	for i, m := range models {
		if m.Class == 0 || slices.ContainsFunc(models[:i], func(o Model) bool { return o.ID == m.ID }) {
			return false
		}
	}
	return len(models) <= 64
}

func validKind(k protocol.Kind) bool {
	for _, c := range []byte(k) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(k) >= 1 && len(k) <= 16
}

func validName(s string) bool {
	if len(s) == 0 || len(s) > protocol.MaxNetworkName {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

// Kind returns what the network says of a kind, nil where it has no such kind.
func (p *Params) Kind(name protocol.Kind) *Kind {
	if i := p.KindIndex(name); i >= 0 {
		return &p.Kinds[i]
	}
	return nil
}

// KindIndex returns the place of a kind in the list, −1 where the network has
// no such kind.
func (p *Params) KindIndex(name protocol.Kind) int {
	return slices.IndexFunc(p.Kinds, func(k Kind) bool { return k.Name == name })
}

// Models returns the models that the network pays for, of all kinds, each once.
func (p *Params) Models() []Model {
	var out []Model
	for i := range p.Kinds {
		for _, m := range p.Kinds[i].Models {
			if !slices.ContainsFunc(out, func(o Model) bool { return o.ID == m.ID }) {
				out = append(out, m)
			}
		}
	}
	return out
}
