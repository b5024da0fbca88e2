package api

import (
	"net/http"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// The shapes of the answers. The units of the fields are in openapi.json.
//
// Many readers of JSON hold numbers as binary64, exact up to 2^53. What can be
// more (sums that saturate at 2^64 - 1, and what a peer merely says) is a string;
// all other numbers count what happens once a block or less, or are bounded by
// the rules of the network.

// Page is a list, or a part of one.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // cursor of the next page; empty on the last
	// OldestEpoch is the oldest epoch that the list has, or is made of: records
	// of those before it are not kept.
	OldestEpoch protocol.Epoch `json:"oldest_epoch"`
}

// RoleObserver is what a validator's daemon that only looks on calls itself.
const RoleObserver = "observer"

// Status is the answer of /v1/status.
type Status struct {
	ChainID    string          `json:"chain_id"`
	Chain      string          `json:"chain"` // with the whole hash of the genesis, as all that is signed has it
	Role       string          `json:"role"`  // "validator", RoleObserver, "miner", or "stopped" for a database without its node
	Version    string          `json:"version"`
	Started    time.Time       `json:"started"`
	Hotkey     string          `json:"hotkey"` // an address; "" for a database without its node
	Registered bool            `json:"registered"`
	Permit     bool            `json:"permit"`
	Height     protocol.Height `json:"height"`
	Epoch      protocol.Epoch  `json:"epoch"`
	Round      protocol.Round  `json:"round"`
	BlockTime  time.Time       `json:"block_time"`
	AppHash    protocol.Hash   `json:"app_hash"`
	// Checkpoint names the newest block, for others to start from by --trust.
	Checkpoint protocol.Checkpoint `json:"checkpoint"`
	CatchingUp bool                `json:"catching_up"`
	// Target is the height to which half of the peers are, while the node catches
	// up; 0 where that is not known.
	Target protocol.Height `json:"target,omitempty"`
	Peers  int             `json:"peers"`
	// Reachability is what peers say of whether they can dial the node: public,
	// private or unknown; "" where none are asked.
	Reachability string `json:"reachability,omitempty"`
	// Relayed is how many peers a relay alone connects, not counted among Peers.
	Relayed  int                `json:"relayed,omitempty"`
	ModelIDs []protocol.ModelID `json:"model_ids"`
	// Kinds are those that a miner offers; none of a validator.
	Kinds []protocol.Kind `json:"kinds"`
	// Faults say, in words, what keeps the node from its work; the node is not
	// ready while there is one.
	Faults []string `json:"faults"`
	// Reasons say, in words, why the node earns nothing, or less than it could,
	// the faults among them; none if all is well.
	Reasons []string `json:"reasons"`
	// Seat is what a miner's seat does and earns; absent of another node, and of a
	// hotkey without a seat.
	Seat *SeatStatus `json:"seat,omitempty"`
}

// SeatStatus is what a miner knows of its own seat. Counts are of the last Epochs
// epochs, the running one included.
type SeatStatus struct {
	UID        protocol.UID    `json:"uid"`
	Registered protocol.Height `json:"registered"`
	Asked      bool            `json:"asked"`
	Phase      string          `json:"phase"`
	Epochs     uint64          `json:"epochs"`
	InTime     uint64          `json:"in_time"` // rounds
	Late       uint64          `json:"late"`    // rounds
	Exact      uint64          `json:"exact"`   // cards
	False      uint64          `json:"false"`   // cards
	NotGiven   uint64          `json:"not_given"`
	Failed     uint64          `json:"failed"`
	Pays       []SeatPay       `json:"pays"` // of the last epochs, the newest last
	Next       string          `json:"next"`
	NextHeight protocol.Height `json:"next_height"`
}

// SeatPay is what an epoch paid a seat for work. Change is against the epoch
// before, with its sign; empty where that is not known.
type SeatPay struct {
	Epoch  protocol.Epoch  `json:"epoch"`
	Paid   protocol.Amount `json:"paid"`
	Change string          `json:"change"`
	Causes []earning.Cause `json:"causes"`
}

// Holder names a seat, and who holds it.
type Holder struct {
	UID        protocol.UID       `json:"uid"`
	Registered protocol.Height    `json:"registered"`
	Hotkey     protocol.PublicKey `json:"hotkey"`
	Coldkey    protocol.PublicKey `json:"coldkey"`
}

// Miner is an item of /v1/miners.
type Miner struct {
	Holder
	Offers []wire.Offer `json:"offers"` // by kind
	Slots  uint16       `json:"slots"`
	// Collateral is what it has put up; it bounds Slots.
	Collateral     protocol.Amount `json:"collateral"`
	Asked          bool            `json:"asked"`
	Incentive      uint16          `json:"incentive"`
	IncentiveShare string          `json:"incentive_share"` // as a decimal
	Emission       protocol.Amount `json:"emission"`
	// EmissionTotal is the sum of all epochs from TotalSince on: 0, unless this
	// node did not follow from the beginning.
	EmissionTotal protocol.Amount `json:"emission_total"`
	TotalSince    protocol.Epoch  `json:"total_since"`
	Balance       protocol.Amount `json:"balance"`
	Immune        bool            `json:"immune"`
	// Payout gets the pay for answers in the place of the coldkey.
	Payout *protocol.PublicKey `json:"payout,omitempty"`
}

// Validator is an item of /v1/validators.
type Validator struct {
	Holder
	Stake    protocol.Amount `json:"stake"`
	Permit   bool            `json:"permit"`
	Power    uint64          `json:"power"`
	Dividend uint16          `json:"dividend"`
	Duty     uint16          `json:"duty"`
	// Dividend, duty and commission as decimals.
	DividendShare   string          `json:"dividend_share"`
	DutyShare       string          `json:"duty_share"`
	CommissionShare string          `json:"commission_share"`
	Drawn           uint32          `json:"drawn"`
	Fulfilled       uint32          `json:"fulfilled"`
	Emission        protocol.Amount `json:"emission"`
	Balance         protocol.Amount `json:"balance"`
	LastUpdate      protocol.Height `json:"last_update"`
	// LastSigned is the newest height that it is known to have signed; 0 outside of
	// the consensus set.
	LastSigned protocol.Height `json:"last_signed"`
	// Self is its owner's part of the stake.
	Self protocol.Amount `json:"self"`
	// Commission, in 65536ths, is what the owner takes of dividends; NextCommission
	// from the epoch CommissionFrom on, where a rise was announced.
	Commission     uint32         `json:"commission"`
	NextCommission *uint32        `json:"next_commission,omitempty"`
	CommissionFrom protocol.Epoch `json:"commission_from,omitempty"`
	// Jailed is held until JailEnds, the first epoch with a permit, at least.
	Jailed   bool           `json:"jailed"`
	JailEnds protocol.Epoch `json:"jail_ends,omitempty"`
}

// MaxScoreTasks bounds the tasks that one score names.
const MaxScoreTasks = 256

// Score is an item of /v1/scores: what this node counted of a seat and a kind of
// tasks in an epoch, and what it made of that. Weight is the seat's, of all kinds.
type Score struct {
	Epoch      protocol.Epoch     `json:"epoch"`
	Time       time.Time          `json:"time,omitzero"` // at which the epoch ended
	UID        protocol.UID       `json:"uid"`
	Registered protocol.Height    `json:"registered"`
	Hotkey     protocol.PublicKey `json:"hotkey"`
	Kind       protocol.Kind      `json:"kind"`
	// Final says that no card about the epoch can be in time any more, so that
	// nothing here changes, also when the evidence is pruned.
	Final     bool   `json:"final"`
	Asked     uint32 `json:"asked"`
	Answered  uint32 `json:"answered"`
	Exact     uint32 `json:"exact"`
	Inexact   uint32 `json:"inexact"`
	Late      uint32 `json:"late"`
	NotGiven  uint32 `json:"not_given"`
	Units     uint64 `json:"units"`
	OwnRuns   uint32 `json:"own_runs"`
	OwnPasses uint32 `json:"own_passes"`
	// Bound, Speed and Availability are the factors of the weight.
	Bound        uint32 `json:"bound"`
	Speed        uint32 `json:"speed"`
	Availability uint32 `json:"availability"`
	Weight       uint16 `json:"weight"`
	// The same as decimals.
	BoundShare        string  `json:"bound_share"`
	SpeedShare        string  `json:"speed_share"`
	AvailabilityShare string  `json:"availability_share"`
	WeightShare       string  `json:"weight_share"`
	Explain           Explain `json:"explain"`
	// Tasks are those that the seat answered, at most [MaxScoreTasks].
	Tasks []protocol.TaskID `json:"tasks"`
}

// Explain is the rest of what a weight was made of.
type Explain struct {
	Reason   string `json:"reason"`
	Work     uint64 `json:"work,string"`
	MeanWork uint64 `json:"mean_work,string"`
	Raw      uint64 `json:"raw,string"`
	Part     uint32 `json:"part"`
	Delay    uint64 `json:"delay"`
	Commits  uint32 `json:"commits"`
	// Unobserved are rounds that this node left out, of this seat or of all, because
	// it could not get all that was given in them.
	Unobserved uint32 `json:"unobserved"`
	// SeenFrom is the first of the epochs up to this one that the node weighed without
	// a gap. Partial says of this seat that the score is not made of all that it did:
	// rounds of this epoch were left out, or it was there before SeenFrom, and a part
	// in 65536 or more of what was then would still count. Another node's, or the
	// weight that a validator opened, may differ then; the weight also where that is so
	// of other seats, with which it is scaled.
	SeenFrom protocol.Epoch `json:"seen_from"`
	Partial  bool           `json:"partial"`
	// Averages over epochs, in which older ones count less.
	AverageEpochs uint64 `json:"average_epochs,string"`
	AverageAsked  uint64 `json:"average_asked,string"`
	AverageOpened uint64 `json:"average_opened,string"`
	AverageRuns   uint64 `json:"average_runs,string"`
	AveragePasses uint64 `json:"average_passes,string"`
}

// Weight is an item of /v1/weights: one entry of a validator's opened row, which
// was sealed at Height.
type Weight struct {
	Epoch     protocol.Epoch  `json:"epoch"`
	Height    protocol.Height `json:"height"`
	Time      time.Time       `json:"time,omitzero"`
	Validator protocol.UID    `json:"validator_uid"`
	UID       protocol.UID    `json:"uid"`
	Value     uint16          `json:"value"`
	Share     string          `json:"share"` // Value as a decimal
}

// Emission is an item of /v1/emissions: what an epoch paid to a seat, in the block
// at Height, which was made at Time.
type Emission struct {
	Epoch  protocol.Epoch  `json:"epoch"`
	Height protocol.Height `json:"height"`
	Time   time.Time       `json:"time,omitzero"`
	Holder
	Incentive      uint16          `json:"incentive"`
	Dividend       uint16          `json:"dividend"`
	IncentiveShare string          `json:"incentive_share"` // as a decimal
	DividendShare  string          `json:"dividend_share"`
	Miner          protocol.Amount `json:"miner"`
	Validator      protocol.Amount `json:"validator"`
	Total          protocol.Amount `json:"total"`
	// Drawn are the duties of the epoch before, whose share that was Fulfilled scales
	// Validator; zeros of who had none. Findings says what the ledger has of its cards
	// about them: [FindingsMissing], [FindingsSealed], [FindingsOpened],
	// [FindingsLazy], [FindingsForfeit]; empty where it drew no answer to judge.
	Drawn     uint32 `json:"drawn,omitempty"`
	Fulfilled uint32 `json:"fulfilled,omitempty"`
	Findings  string `json:"findings,omitempty"`
}

// What the ledger may have of a judge's cards about an epoch. Only what was opened
// in time counts as fulfilled, and nothing of who found a plant right, whose card
// was proven false, or who challenged what is right or did not vote on a
// challenge.
const (
	FindingsMissing = "missing"
	FindingsSealed  = "sealed"
	FindingsOpened  = "opened"
	FindingsLazy    = "lazy"
	FindingsForfeit = "forfeit"
)

// MaxStakes bounds each list of an account.
const MaxStakes = 1000

// Account is the answer of /v1/accounts/{address}.
type Account struct {
	Height  protocol.Height    `json:"height"`
	Address protocol.PublicKey `json:"address"`
	// Owner is the address for which this one signs, or did or shall: its own unless
	// a coldkey was swapped. All that is shown but nonces is the owner's, and so is the
	// record that a proof is of. Signer
	// signs for it now, and NextSigner from height NextFrom on, if a swap waits.
	Owner      protocol.PublicKey  `json:"owner"`
	Signer     protocol.PublicKey  `json:"signer"`
	NextSigner *protocol.PublicKey `json:"next_signer,omitempty"`
	NextFrom   protocol.Height     `json:"next_from,omitempty"`
	Balance    protocol.Amount     `json:"balance"`
	Nonce      uint64              `json:"nonce"`
	// NextNonce is Nonce, or what follows on the transactions that wait in this
	// node's pool.
	NextNonce uint64 `json:"next_nonce"`
	// Seat is the uid of the seat whose hotkey the address is, if any. Hotkey is that
	// of the seat which the address had as a hotkey, or waits for, if it is another;
	// NextHotkey is the seat's from the beginning of epoch NextHotkeyFrom on, if a swap
	// waits, which the hotkey can stop once.
	Seat           *protocol.UID       `json:"seat,omitempty"`
	Hotkey         *protocol.PublicKey `json:"hotkey,omitempty"`
	NextHotkey     *protocol.PublicKey `json:"next_hotkey,omitempty"`
	NextHotkeyFrom protocol.Epoch      `json:"next_hotkey_from,omitempty"`
	// Stakes are those of the address as a coldkey, Staked those on it as a
	// hotkey, Unbonding what is on its way back to the balance.
	Stakes    []Stake     `json:"stakes"`
	Staked    []Stake     `json:"staked"`
	Unbonding []Unbonding `json:"unbonding"`
	// Partial says that these three are not known here: a miner's node proves single
	// records of the ledger, and no lists.
	Partial bool   `json:"partial,omitempty"`
	Proof   *Proof `json:"proof,omitempty"`
}

// Stake is one coldkey's stake on one hotkey.
type Stake struct {
	Hotkey  protocol.PublicKey `json:"hotkey"`
	Coldkey protocol.PublicKey `json:"coldkey"`
	Amount  protocol.Amount    `json:"amount"`
}

// Unbonding is stake that returns to the balance with the first block that has the
// height Matures, or more, and is not before NotBefore by its header's time.
type Unbonding struct {
	Hotkey    protocol.PublicKey `json:"hotkey"` // on which it was staked
	Matures   protocol.Height    `json:"matures"`
	NotBefore time.Time          `json:"not_before"`
	Amount    protocol.Amount    `json:"amount"`
}

// Proof shows that Key has Value (empty: has none) in the state after the block
// at Height, whose hash the header in Block carries. Bytes are in base64.
type Proof struct {
	Height  protocol.Height `json:"height"`
	AppHash protocol.Hash   `json:"app_hash"`
	Key     []byte          `json:"key"`
	Value   []byte          `json:"value"`
	ICS23   []byte          `json:"ics23"`
	Block   []byte          `json:"block"`
}

// Supply is the answer of /v1/supply.
type Supply struct {
	Height protocol.Height `json:"height"`
	ledger.Supply
	Conserved bool `json:"conserved"`
}

// Network is the answer of /v1/network: what it costs to take part, and the pace.
type Network struct {
	ChainID    string          `json:"chain_id"`
	Height     protocol.Height `json:"height"`
	Seats      uint32          `json:"seats"`
	MaxSeats   uint32          `json:"max_seats"`
	Price      protocol.Amount `json:"price"`
	Fee        protocol.Amount `json:"fee"`
	WeightFee  protocol.Amount `json:"weight_fee"`
	ByteFee    protocol.Amount `json:"byte_fee"`
	Deposit    protocol.Amount `json:"deposit"`
	MinStake   protocol.Amount `json:"min_stake"`
	Commission uint32          `json:"commission"`
	Collateral protocol.Amount `json:"collateral"`
	Unbonding  uint64          `json:"unbonding"`
	// UnbondingSeconds must have passed, too, by the time of headers.
	UnbondingSeconds uint64          `json:"unbonding_seconds"`
	MinSelf          protocol.Amount `json:"min_self"`
	Tempo            uint64          `json:"tempo"`
	RoundLength      uint64          `json:"round_length"`
	Retention        uint64          `json:"retention"`
	Kinds            []NetworkKind   `json:"kinds"`
}

// NetworkKind is a kind of tasks that the network sets.
type NetworkKind struct {
	Kind   protocol.Kind `json:"kind"`
	Share  uint32        `json:"share"`
	Full   uint64        `json:"full,string"`
	Rounds uint32        `json:"rounds"`
	Slots  uint32        `json:"slots"`
	Judges uint32        `json:"judges"`
	Models []Model       `json:"models"`
}

// Model is a model that the network pays for.
type Model struct {
	ID    protocol.ModelID `json:"id"`
	Name  string           `json:"name"`
	Class uint32           `json:"class"`
}

// StateHash is the answer of /v1/state-hash.
type StateHash struct {
	Height  protocol.Height `json:"height"`
	AppHash protocol.Hash   `json:"app_hash"`
}

// Submitted is the answer to a transaction that the pool has.
type Submitted struct {
	Hash protocol.Hash `json:"hash"`
	// Known says that it had come before: nothing was added.
	Known bool `json:"known"`
}

func (s Submitted) status() int {
	if s.Known {
		return http.StatusOK
	}
	return http.StatusAccepted
}

// TxResult is the answer of /v1/txs/{hash}: a transaction in a block. One that
// failed has paid its fee, and changed nothing else.
type TxResult struct {
	Hash   protocol.Hash      `json:"hash"`
	Height protocol.Height    `json:"height"`
	Time   time.Time          `json:"time,omitzero"`
	Type   string             `json:"type"`
	Signer protocol.PublicKey `json:"signer"`
	OK     bool               `json:"ok"`
	// Rule names the rule that was broken, Error says how; empty if OK.
	Rule  string `json:"rule"`
	Error string `json:"error"`
}
