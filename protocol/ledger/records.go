package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// Account is kept under AccountKey(key), for coldkeys and hotkeys alike.
type Account struct {
	_       struct{} `cbor:",toarray"`
	Balance protocol.Amount
	Nonce   uint64 // of the key's next transaction, from 0
}

// Unbonding is kept under UnbondingKey(name, height, coldkey): stake on its way
// back to a balance, which still answers for what the name's seat did before that
// height.
type Unbonding struct {
	_      struct{} `cbor:",toarray"`
	Amount protocol.Amount
}

// Leaving is kept under LeavingKey(seat): collateral on its way back to a balance,
// which still answers for what the seat did.
type Leaving struct {
	_       struct{} `cbor:",toarray"`
	Coldkey protocol.PublicKey
	Amount  protocol.Amount
	Began   protocol.Height // of the block in which its wait began
}

// Seat is kept under SeatKey(uid); HotkeyKey(hotkey) leads to the uid.
type Seat struct {
	_          struct{} `cbor:",toarray"`
	ID         protocol.SeatID
	Hotkey     protocol.PublicKey
	Coldkey    protocol.PublicKey
	Collateral protocol.Amount    // that it may lose; bounds its slots (collateral.go)
	Offers     []wire.Offer       // ascending by kind, at most 8
	Addresses  []string           // multiaddrs of Identity, at most 8
	Identity   protocol.PublicKey // libp2p; zero until Serve
	Permit     bool               // validates in the running epoch
	LastUpdate protocol.Height    // of the newest commit of weights, at first of registration
	Emission   protocol.Amount    // of the last epoch
	// Average is what pruning looks at: of each epoch that paid a miner nine
	// tenths stay and a tenth of the seat's emission enters, so that one epoch in
	// which nobody was paid makes nobody equal to who never earned.
	Average protocol.Amount
	Slots   uint16 // tasks in a round of the running epoch in which those of all its kinds fall due
	Asked   bool   // on the roster of the running epoch
	// The validator's part; zero until SetConsensusKey and ExtendBeacon.
	Consensus Consensus
	Beacon    Chain // serving
	NextChain Chain // registered, serves from NextFrom
	NextFrom  protocol.Epoch
	// NoPermit is the first epoch in which the seat may hold a permit again.
	NoPermit protocol.Epoch
	Payout   protocol.PublicKey // gets the pay for answers; zero for Coldkey
	Pool     protocol.PublicKey // names the stake on it; zero for Hotkey (hotkey.go)
	Swap     HotkeySwap
	Jail     Jail
	// Commission is what the owner takes of what a validator earns.
	Commission Commission
}

// Announced reports whether the ledger says of the seat what its owner wants to
// be said.
func (s *Seat) Announced(want *wire.Serve) bool {
	return slices.EqualFunc(s.Offers, want.Offers, func(a, b wire.Offer) bool {
		return a.Kind == b.Kind && a.Capacity == b.Capacity && slices.Equal(a.Models, b.Models)
	}) && slices.Equal(s.Addresses, want.Addresses) && s.Identity == want.Identity
}

// Consensus is how a validator takes part in CometBFT.
type Consensus struct {
	_            struct{}           `cbor:",toarray"`
	Key          protocol.PublicKey `json:"key"`
	TransportKey protocol.Hash      `json:"transport_key"` // an ed25519 public key, 32 bytes
	Address      string             `json:"address"`       // HOST:PORT, see wire.CheckHostPort; or empty
}

// Chain is a beacon hash chain: Link is the last link that the ledger saw,
// number Index; Hash(link i+1) = link i, and link i serves height Start + i.
// Index −1 stands for the anchor, and is stored as Seen = 0.
type Chain struct {
	_     struct{} `cbor:",toarray"`
	Start protocol.Height
	Seen  uint64 // links seen: the newest has number Seen − 1
	Link  protocol.Hash
}

// Meta is kept under MetaKey.
type Meta struct {
	_        struct{}        `cbor:",toarray"`
	Height   protocol.Height // of the newest block, 0 at genesis
	Seats    uint32          // seats given so far: uids 0 … Seats − 1
	Issued   protocol.Amount // everything that ever came to be, genesis included
	Burned   protocol.Amount // fees and prices of seats
	Pot      protocol.Amount // emission of the running epoch, what was carried over, and Unearned
	Price    protocol.Amount // of the next seat
	LastStep protocol.Height // of the last epoch's end, 0 at first
	// Beacon is final for Height − 1; Pending is the link that the block at
	// Height opened, which the next block makes final or drops, and
	// PendingSeat and PendingKey name the proposer of its header.
	Beacon      protocol.Hash
	Pending     protocol.Hash
	PendingSeat protocol.SeatID
	PendingKey  protocol.PublicKey
	// Unearned is the part of Pot that nobody earned. It stays there and is paid to
	// no one: if it were, whoever keeps others from working would be paid for it.
	Unearned protocol.Amount
	// Balances, Stakes, Unbonding and Escrow are the sums of all balances, of what is
	// staked, of what is on its way back, and of what requests hold, so that nobody
	// walks the state for them.
	Balances, Stakes, Unbonding, Escrow protocol.Amount
	// Collateral is the sum of that of all seats, of what is leaving, and of what is
	// held.
	Collateral protocol.Amount
}

// ValidatorSet is kept under ValidatorsKey. Updates of block H act at H + 2,
// so Set proposes from LastStep + 2, and Prev the block before.
type ValidatorSet struct {
	_    struct{} `cbor:",toarray"`
	Set  []Power  // by uid
	Prev []Power
}

// Power is one member of the consensus set.
type Power struct {
	_   struct{} `cbor:",toarray"`
	UID protocol.UID
	Key protocol.PublicKey
	// Power is stake in whole tokens, clamped to 1 … 2^40 and to what one may have.
	Power uint64
}

// BeaconRecord is kept under BeaconKey(height): the final beacon of a height,
// and who opened the link that counted, if any.
type BeaconRecord struct {
	_        struct{} `cbor:",toarray"`
	Beacon   protocol.Hash
	Proposer protocol.SeatID
	Counted  bool
}

// RoundRecord is kept under RoundKey(round). A seed is drawn after links of
// two different proposers have followed what it decides on.
type RoundRecord struct {
	_          struct{} `cbor:",toarray"`
	Round      protocol.Round
	TaskSeed   protocol.Hash   // zero until drawn
	TaskHeight protocol.Height // of the block that drew it
	DutySeed   protocol.Hash   // zero until drawn, after the attest deadline
	DutyHeight protocol.Height // of the block that drew it
	// First proposers since the round began, and since its deadline.
	TaskFirst, DutyFirst protocol.SeatID
	TaskHas, DutyHas     bool
	// Published is how many answers judges may attest, from the open deadline on:
	// what [ReadPublished] returns.
	Published uint32
}

// RosterSeat is kept under RosterSeatKey(epoch, uid): a seat that is asked in
// the epoch, as it was when the epoch began.
type RosterSeat struct {
	_      struct{} `cbor:",toarray"`
	ID     protocol.SeatID
	Hotkey protocol.PublicKey
	// Asked is what the seat is asked, ascending by kind. The slots of a round are
	// those of the kinds that fall due in it, one kind's after the other's: [Due].
	Asked []task.Asked
	// Coldkey's own validators do not judge the seat.
	Coldkey protocol.PublicKey
}

// RosterJudge is kept under RosterJudgeKey(epoch, uid): a permitted validator
// of the epoch, as it was when the epoch began.
type RosterJudge struct {
	_      struct{} `cbor:",toarray"`
	ID     protocol.SeatID
	Hotkey protocol.PublicKey
	Stake  protocol.Amount // on its hotkey: the weight of its statement
	// Coldkey's own seats are not judged by it.
	Coldkey protocol.PublicKey
}

// CommitRecord is kept under CommitKey(round, uid).
type CommitRecord struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Root   protocol.Hash   // over all slots that fall due in the round
	Height protocol.Height // of its block, at most the round's commit deadline
}

// AttestRecord is kept under AttestKey(round, uid): which answers of a round a
// judge says that it holds.
type AttestRecord struct {
	_    struct{} `cbor:",toarray"`
	Seat protocol.SeatID
	Bits wire.Bits     // in the order of [ReadPublished]
	Root protocol.Hash // over the leaves of wire.CustodyLeaf of those
}

// GivenRecord is kept under GivenKey(round, uid), where anything was given: which
// answers of a seat judges with more than half of the stake attested, those of its
// own coldkey left out.
type GivenRecord struct {
	_     struct{} `cbor:",toarray"`
	Seat  protocol.SeatID
	Slots wire.Bits // by slot
}

// ShownRecord is kept under ShownKey(epoch, uid): how many answers a seat gave in
// an epoch, by kind in the network's order.
type ShownRecord struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Counts []uint32
}

// DutyRecord is kept under DutyKey(round, uid): who judges which slot of a
// seat's commitment. Sorted by slot, then judge.
type DutyRecord struct {
	_      struct{} `cbor:",toarray"`
	Duties []Duty
}

// Duty is one drawn judgement.
type Duty struct {
	_     struct{} `cbor:",toarray"`
	Slot  uint16   // among those of the seat in the round, of all kinds
	Judge protocol.SeatID
}

// CoverRecord is kept under CoverKey(uid): which judges drew answers of the
// seat, by kind.
type CoverRecord struct {
	_     struct{} `cbor:",toarray"`
	Seat  protocol.SeatID
	Kinds []KindCover // ascending by kind
}

// KindCover is the judges that drew an answer of one kind of a seat in the window
// of two epochs that began with epoch Window.
type KindCover struct {
	_      struct{} `cbor:",toarray"`
	Kind   protocol.Kind
	Window protocol.Epoch
	Judges []protocol.UID // ascending
}

// DrawnRecord is kept under DrawnKey(epoch, uid): the answers that a judge drew in
// an epoch, by kind in the network's order, each kind's by round, uid and slot.
// What it finds of them is listed in this order.
type DrawnRecord struct {
	_     struct{} `cbor:",toarray"`
	Judge protocol.SeatID
	Kinds []wire.AnswerKeys // one list for each kind of the network
}

// SealedWeights is kept under SealKey(epoch, uid).
type SealedWeights struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Hash   protocol.Hash   // wire.RevealWeights.Seal
	Height protocol.Height // of its block
}

// Weights is kept under WeightsKey(epoch, uid): the row sealed in epoch and
// opened in the next, max-upscaled; it counts at the end of the one after.
type Weights struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Height protocol.Height            // of the seal
	UIDs   wire.Numbers[protocol.UID] // ascending; protocol.Nobody is the last, if it is there
	Values wire.Numbers[uint16]
}

// Bonds is kept under BondsKey(uid): what a validator holds in seats.
type Bonds struct {
	_      struct{}                   `cbor:",toarray"`
	UIDs   wire.Numbers[protocol.UID] // ascending
	Values wire.Numbers[uint16]       // above zero, in 65535ths
}

// CardsRecord is kept under CardsKey(epoch, uid): what a judge of the epoch
// found, sealed and then opened in the next.
type CardsRecord struct {
	_        struct{} `cbor:",toarray"`
	Seat     protocol.SeatID
	Seal     protocol.Hash // wire.OpenCards.Seal
	Root     protocol.Hash // over its cards; zero until it is opened
	Findings []byte        // one for each duty, as in wire.OpenCards
	Lazy     bool          // it found a plant right: no duty of the epoch is fulfilled
}

// SetterRecord is kept under SetterKey(uid): the chains of a setter, whose links
// serve rounds where those of a [Chain] serve heights.
type SetterRecord struct {
	_    struct{} `cbor:",toarray"`
	Seat protocol.SeatID
	Now  Chain // serves until Next does
	Next Chain // serves from its Start on; no Link where there is none
}

// SetsRecord is kept under SetsKey(round): the pairs that raters get in a round of
// the lane, by setter.
type SetsRecord struct {
	_    struct{}         `cbor:",toarray"`
	Sets []preference.Set // ascending by uid
}

// RatersRecord is kept under RatersKey(epoch): the seats that are asked to rate in
// the epoch, in one record, which a light reader can prove.
type RatersRecord struct {
	_      struct{}           `cbor:",toarray"`
	Raters []preference.Rater // ascending by uid
}

// RatingsRecord is kept under RatingsKey(round, uid): what a seat opened of its
// commitment.
type RatingsRecord struct {
	_       struct{} `cbor:",toarray"`
	Seat    protocol.SeatID
	Ratings []byte // see preference.Unpack
}

// EpochRecord is kept under EpochKey(epoch): the pots of an epoch.
type EpochRecord struct {
	_          struct{} `cbor:",toarray"`
	Epoch      protocol.Epoch
	Height     protocol.Height // the epoch's last
	Inputs     protocol.Hash   // of everything that Yuma was given
	Emission   protocol.Amount // what there was to pay (payout.go)
	Miners     protocol.Amount // paid to miners
	Validators protocol.Amount // paid to validators and their stakers
	Carried    protocol.Amount // left in the pot to be paid
	Issued     protocol.Amount // everything up to this block
	Burned     protocol.Amount // everything up to this block
	Seats      uint32          // seats given so far
	Unearned   protocol.Amount // of the emission, what nobody earned
}

// Payment is kept under PaymentKey(epoch, uid): what Yuma made of a seat.
type Payment struct {
	_          struct{} `cbor:",toarray"`
	Seat       protocol.SeatID
	Hotkey     protocol.PublicKey
	Coldkey    protocol.PublicKey
	Stake      protocol.Amount // on the hotkey
	Permit     bool            // in this epoch
	Consensus  uint16          // these six in 65535ths
	Incentive  uint16
	Dividend   uint16
	Trust      uint16
	Duty       uint16 // what duties of the epoch before, or where it drew none of the window before that, leave of a dividend
	StakeShare uint16
	Miner      protocol.Amount // incentive paid
	Validator  protocol.Amount // dividend paid, into the pool of stake
	Drawn      uint32          // duties of the epoch before, of all kinds
	Fulfilled  uint32          // of them
}
