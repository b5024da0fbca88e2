package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// TxType numbers the transactions. Numbers are never used twice.
type TxType uint8

// The transactions. Those marked (c) are signed by a coldkey, which pays the
// fee; the others by the hotkey of a seat, whose coldkey pays it.
const (
	TxTransfer        TxType = 1  // (c)
	TxRegister        TxType = 2  // (c)
	TxAddStake        TxType = 3  // (c)
	TxRemoveStake     TxType = 4  // (c)
	TxServe           TxType = 5  //
	TxSetConsensusKey TxType = 6  //
	TxExtendBeacon    TxType = 7  //
	TxCommit          TxType = 8  // free
	TxCommitWeights   TxType = 9  //
	TxRevealWeights   TxType = 10 //
	TxCommitCards     TxType = 11 //
)

// Tx is a ledger transaction. Nonce is the signer's next one: the ledger
// counts them for coldkeys and hotkeys alike, so that nothing replays.
type Tx struct {
	_       struct{} `cbor:",toarray"`
	Type    TxType
	ChainID string
	Signer  protocol.PublicKey
	Nonce   uint64
	Body    []byte // canonical bytes of the body that Type names
	Sig     Signature
}

// Body is the content of a transaction of one type.
type Body interface {
	Type() TxType
	// Check refuses what the bytes alone show to be wrong: [ErrLimit].
	Check() error
}

// NewTx signs body.
func NewTx(s Signer, chain string, nonce uint64, body Body) (*Tx, error) {
	t := &Tx{Type: body.Type(), ChainID: chain, Signer: s.PublicKey(), Nonce: nonce, Body: Encode(body)}
	sig, err := s.Sign(string(DomainTx), t.signBytes())
	if err != nil {
		return nil, fmt.Errorf("sign transaction: %w", err)
	}
	t.Sig = sig
	return t, nil
}

func (t *Tx) signBytes() []byte {
	c := *t
	c.Sig = Signature{}
	return Encode(&c)
}

// Hash names the transaction.
func (t *Tx) Hash() protocol.Hash { return HashOf("assay/1/txhash", Encode(t)) }

// DecodeTx reads a transaction and its body, and checks chain and signature.
// Errors: those of [Decode], [ErrChain], [ErrUnknown], [ErrLimit], [ErrSignature].
func DecodeTx(b []byte, chain string, verify Verifier) (*Tx, Body, error) {
	var t Tx
	if err := Decode(b, MaxTxBytes, &t); err != nil {
		return nil, nil, err
	}
	if t.ChainID != chain {
		return nil, nil, fmt.Errorf("chain %.60q, want %q: %w", t.ChainID, chain, ErrChain)
	}
	body := newBody(t.Type)
	if body == nil {
		return nil, nil, fmt.Errorf("transaction of type %d: %w", t.Type, ErrUnknown)
	}
	if err := Decode(t.Body, MaxTxBytes, body); err != nil {
		return nil, nil, fmt.Errorf("body: %w", err)
	}
	if err := body.Check(); err != nil {
		return nil, nil, err
	}
	if err := verify(t.Signer, string(DomainTx), t.signBytes(), t.Sig); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return &t, body, nil
}

func newBody(k TxType) Body {
	switch k {
	case TxTransfer:
		return new(Transfer)
	case TxRegister:
		return new(Register)
	case TxAddStake:
		return new(AddStake)
	case TxRemoveStake:
		return new(RemoveStake)
	case TxServe:
		return new(Serve)
	case TxSetConsensusKey:
		return new(SetConsensusKey)
	case TxExtendBeacon:
		return new(ExtendBeacon)
	case TxCommit:
		return new(Commit)
	case TxCommitWeights:
		return new(CommitWeights)
	case TxRevealWeights:
		return new(RevealWeights)
	case TxCommitCards:
		return new(CommitCards)
	}
	return nil
}

// Transfer moves Amount from the signer to To.
type Transfer struct {
	_      struct{} `cbor:",toarray"`
	To     protocol.PublicKey
	Amount protocol.Amount
}

// Register buys a seat for Hotkey, for at most MaxPrice; the price is burned.
type Register struct {
	_        struct{} `cbor:",toarray"`
	Hotkey   protocol.PublicKey
	MaxPrice protocol.Amount
}

// AddStake moves Amount from the signer's balance to its stake on Hotkey.
type AddStake struct {
	_      struct{} `cbor:",toarray"`
	Hotkey protocol.PublicKey
	Amount protocol.Amount
}

// RemoveStake moves Amount of the signer's stake on Hotkey to the unbonding
// queue, from which it returns to the balance.
type RemoveStake struct {
	_      struct{} `cbor:",toarray"`
	Hotkey protocol.PublicKey
	Amount protocol.Amount
}

// Limits of Serve.
const (
	maxServedModels = 16
	maxAddresses    = 8
	maxAddressText  = 128
	maxKinds        = 8
	maxKindText     = 16
)

// Serve announces what the signer's seat offers and where it is reached.
type Serve struct {
	_         struct{} `cbor:",toarray"`
	Models    []protocol.ModelID
	Kinds     []string // task kinds: "inference"
	Capacity  uint16   // answers per round that the seat says it can give
	Addresses []string // multiaddrs, without the peer id
	Identity  protocol.PublicKey
	// IdentitySig is the libp2p identity's own signature over the hotkey
	// (DomainBind), so that nobody announces an identity that is not his.
	IdentitySig Signature
}

// SetConsensusKey binds the key that signs blocks, and the transport key and
// address at which CometBFT is reached, to the signer's seat.
type SetConsensusKey struct {
	_            struct{}           `cbor:",toarray"`
	Key          protocol.PublicKey // secp256k1
	KeySig       Signature          // Key's own signature over the hotkey (DomainBind)
	TransportKey [32]byte           // ed25519 public key of the CometBFT transport
	Address      string             // of the CometBFT transport, see CheckHostPort; or empty
}

// ExtendBeacon registers the end of a new hash chain for the beacon. Link i
// serves height Start + i; Anchor is the hash of link 0.
type ExtendBeacon struct {
	_      struct{} `cbor:",toarray"`
	Start  protocol.Height
	Anchor protocol.Hash
}

// Commit seals the signer's answers of a round: the Merkle root over exactly
// the slots that its seat was asked. Free, one per seat and round.
type Commit struct {
	_     struct{} `cbor:",toarray"`
	Round protocol.Round
	Root  protocol.Hash
}

// CommitWeights seals the signer's weights of the running epoch.
type CommitWeights struct {
	_     struct{} `cbor:",toarray"`
	Epoch protocol.Epoch
	Hash  protocol.Hash
}

// maxWeights is the largest number of seats of any network (params).
const maxWeights = 4096

// RevealWeights opens the weights that were sealed in Epoch, in the epoch after
// it. Rows are sorted by uid, without repetition.
type RevealWeights struct {
	_      struct{} `cbor:",toarray"`
	Epoch  protocol.Epoch
	UIDs   []protocol.UID
	Values []uint16
	Salt   [32]byte
}

// Seal returns the hash that CommitWeights carries for these weights.
func (r *RevealWeights) Seal(hotkey protocol.PublicKey) protocol.Hash {
	return HashOf("assay/1/weights", hotkey[:], Encode(r))
}

// SeatCount is a number of things of one seat.
type SeatCount struct {
	_     struct{} `cbor:",toarray"`
	UID   protocol.UID
	Count uint32
}

// CommitCards puts on the ledger what the signer judged in Epoch. Seen counts,
// for every other judge, the cards that arrived in time and were not found
// false; Opened, for every asked seat, the answers that it opened and that
// nobody found false. Both are sorted by uid, without repetition.
type CommitCards struct {
	_      struct{} `cbor:",toarray"`
	Epoch  protocol.Epoch
	Root   protocol.Hash // Merkle root over the leaves of the signer's own cards, by key
	Count  uint32
	Seen   []SeatCount
	Opened []SeatCount
}
