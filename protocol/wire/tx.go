package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// MaxTxBytes bounds a transaction.
const MaxTxBytes = 64 << 10

// TxType numbers the transactions. Numbers are never used twice.
type TxType uint8

// The transactions; the table below says what each is.
const (
	TxTransfer        TxType = 1
	TxRegister        TxType = 2
	TxAddStake        TxType = 3
	TxRemoveStake     TxType = 4
	TxServe           TxType = 5
	TxSetConsensusKey TxType = 6
	TxExtendBeacon    TxType = 7
	TxCommit          TxType = 8
	TxCommitWeights   TxType = 9
	TxRevealWeights   TxType = 10
	TxExtendSetter    TxType = 12
	TxSetPairs        TxType = 13
	TxOpenPairs       TxType = 14
	TxOpenRatings     TxType = 15
	TxRequest         TxType = 16
	TxSealRecords     TxType = 17
	TxOpenRecord      TxType = 18
	TxSealFinding     TxType = 19
	TxOpenFinding     TxType = 20
	TxAttest          TxType = 21
	TxSealCards       TxType = 22
	TxOpenCards       TxType = 23
	TxExtendPlants    TxType = 24
	TxOpenPlants      TxType = 25
	TxJudgeChallenge  TxType = 26
	TxSealVote        TxType = 27
	TxOpenVote        TxType = 28
	TxSwapColdkey     TxType = 30
	TxStopSwap        TxType = 31
	TxSetPayout       TxType = 32
	TxSwapHotkey      TxType = 33
	TxStopHotkeySwap  TxType = 34
	TxKeepHotkey      TxType = 35
	TxAddCollateral   TxType = 36
	TxTakeCollateral  TxType = 37
	TxLeakedLink      TxType = 38
	TxSetCommission   TxType = 39
	TxUnjail          TxType = 40
	TxChallenge       TxType = 50
	TxAppeal          TxType = 51
	TxSealLeak        TxType = 52
	TxDoubtPairs      TxType = 53
)

// who signs a transaction.
type who bool

const (
	// byColdkey: a coldkey, which pays the fee.
	byColdkey who = true
	// byHotkey: the hotkey of a seat, whose coldkey pays.
	byHotkey who = false
)

// txTypes is all that is to be said of the types of transactions, but for what
// they do, which is the ledger's.
var txTypes = [...]struct {
	name   string
	body   func() Body
	signer who
}{
	TxTransfer:        {name: "transfer", body: func() Body { return new(Transfer) }, signer: byColdkey},
	TxRegister:        {name: "register", body: func() Body { return new(Register) }, signer: byColdkey},
	TxAddStake:        {name: "add-stake", body: func() Body { return new(AddStake) }, signer: byColdkey},
	TxRemoveStake:     {name: "remove-stake", body: func() Body { return new(RemoveStake) }, signer: byColdkey},
	TxServe:           {name: "serve", body: func() Body { return new(Serve) }, signer: byHotkey},
	TxSetConsensusKey: {name: "set-consensus-key", body: func() Body { return new(SetConsensusKey) }, signer: byHotkey},
	TxExtendBeacon:    {name: "extend-beacon", body: func() Body { return new(ExtendBeacon) }, signer: byHotkey},
	TxCommit:          {name: "commit", body: func() Body { return new(Commit) }, signer: byHotkey},
	TxCommitWeights:   {name: "commit-weights", body: func() Body { return new(CommitWeights) }, signer: byHotkey},
	TxRevealWeights:   {name: "reveal-weights", body: func() Body { return new(RevealWeights) }, signer: byHotkey},
	TxExtendSetter:    {name: "extend-setter", body: func() Body { return new(ExtendSetter) }, signer: byHotkey},
	TxSetPairs:        {name: "set-pairs", body: func() Body { return new(SetPairs) }, signer: byHotkey},
	TxOpenPairs:       {name: "open-pairs", body: func() Body { return new(OpenPairs) }, signer: byHotkey},
	TxOpenRatings:     {name: "open-ratings", body: func() Body { return new(OpenRatings) }, signer: byHotkey},
	TxRequest:         {name: "request", body: func() Body { return new(Request) }, signer: byColdkey},
	TxSealRecords:     {name: "seal-records", body: func() Body { return new(SealRecords) }, signer: byColdkey},
	TxOpenRecord:      {name: "open-record", body: func() Body { return new(OpenRecord) }, signer: byColdkey},
	TxSealFinding:     {name: "seal-finding", body: func() Body { return new(SealFinding) }, signer: byHotkey},
	TxOpenFinding:     {name: "open-finding", body: func() Body { return new(OpenFinding) }, signer: byHotkey},
	TxAttest:          {name: "attest", body: func() Body { return new(Attest) }, signer: byHotkey},
	TxSealCards:       {name: "seal-cards", body: func() Body { return new(SealCards) }, signer: byHotkey},
	TxOpenCards:       {name: "open-cards", body: func() Body { return new(OpenCards) }, signer: byHotkey},
	TxExtendPlants:    {name: "extend-plants", body: func() Body { return new(ExtendPlants) }, signer: byHotkey},
	TxOpenPlants:      {name: "open-plants", body: func() Body { return new(OpenPlants) }, signer: byHotkey},
	TxSwapColdkey:     {name: "swap-coldkey", body: func() Body { return new(SwapColdkey) }, signer: byColdkey},
	TxStopSwap:        {name: "stop-swap", body: func() Body { return new(StopSwap) }, signer: byColdkey},
	TxSetPayout:       {name: "set-payout", body: func() Body { return new(SetPayout) }, signer: byColdkey},
	TxSwapHotkey:      {name: "swap-hotkey", body: func() Body { return new(SwapHotkey) }, signer: byColdkey},
	TxStopHotkeySwap:  {name: "stop-hotkey-swap", body: func() Body { return new(StopHotkeySwap) }, signer: byColdkey},
	TxKeepHotkey:      {name: "keep-hotkey", body: func() Body { return new(KeepHotkey) }, signer: byHotkey},
	TxAddCollateral:   {name: "add-collateral", body: func() Body { return new(AddCollateral) }, signer: byColdkey},
	TxTakeCollateral:  {name: "take-collateral", body: func() Body { return new(TakeCollateral) }, signer: byColdkey},
	TxLeakedLink:      {name: "leaked-link", body: func() Body { return new(LeakedLink) }, signer: byColdkey},
	TxSetCommission:   {name: "set-commission", body: func() Body { return new(SetCommission) }, signer: byColdkey},
	TxJudgeChallenge:  {name: "judge-challenge", body: func() Body { return new(JudgeChallenge) }, signer: byHotkey},
	TxSealVote:        {name: "seal-vote", body: func() Body { return new(SealVote) }, signer: byHotkey},
	TxOpenVote:        {name: "open-vote", body: func() Body { return new(OpenVote) }, signer: byHotkey},
	TxChallenge:       {name: "challenge", body: func() Body { return new(Challenge) }, signer: byColdkey},
	TxAppeal:          {name: "appeal", body: func() Body { return new(Appeal) }, signer: byColdkey},
	TxSealLeak:        {name: "seal-leak", body: func() Body { return new(SealLeak) }, signer: byColdkey},
	TxDoubtPairs:      {name: "doubt-pairs", body: func() Body { return new(DoubtPairs) }, signer: byHotkey},
	TxUnjail:          {name: "unjail", body: func() Body { return new(Unjail) }, signer: byHotkey},
}

// Known reports whether there is such a transaction. The other methods may be
// asked of known types alone.
func (t TxType) Known() bool { return int(t) < len(txTypes) && txTypes[t].body != nil }

// String returns the type's name, "add-stake"; "type-200" for one that is not
// known.
func (t TxType) String() string {
	if !t.Known() {
		return fmt.Sprintf("type-%d", uint8(t))
	}
	return txTypes[t].name
}

// ByColdkey reports whether a coldkey signs, and pays the fee; else the hotkey
// of a seat signs, and its coldkey pays.
func (t TxType) ByColdkey() bool { return txTypes[t].signer == byColdkey }

// Lane reports whether it is the protocol's own work: its body is a [LaneBody]. It
// has no nonce and no fee, and a block takes only one that counts.
func (t TxType) Lane() bool {
	_, ok := txTypes[t].body().(LaneBody)
	return ok
}

// Tx is a ledger transaction. Nonce is the signer's next one: the ledger
// counts them for coldkeys and hotkeys alike, so that nothing replays. One of a
// lane has none: what it is about makes it unique.
type Tx struct {
	_       struct{} `cbor:",toarray"`
	Type    TxType
	ChainID string
	Signer  protocol.PublicKey // a coldkey or a hotkey, as the table says of the type
	Nonce   uint64             // of the signer: 0 for its first transaction, and in a lane
	Fee     protocol.Amount    // burned for it, whatever becomes of it; 0 in a lane
	Body    []byte             // canonical bytes of the body that Type names
	Sig     Signature          // by Signer, over the transaction with a zero signature
}

// Code implements [Coded].
func (t *Tx) Code(c *Coder) {
	c.Array(7)
	Uint(c, &t.Type)
	Text(c, &t.ChainID)
	c.Fixed(t.Signer[:])
	Uint(c, &t.Nonce)
	Uint(c, &t.Fee)
	c.Bytes(&t.Body)
	c.Fixed(t.Sig[:])
}

// Body is the content of a transaction of one type.
type Body interface {
	Type() TxType
	// Check refuses what the bytes alone show to be wrong: [ErrLimit].
	Check() error
}

// LaneBody is the content of a transaction of the protocol's own work. A seat has
// one of each type about each turn.
type LaneBody interface {
	Body
	// Turn names what it is about: a round, an epoch, a request.
	Turn() Turn
}

// Turn is a number in its first eight bytes, big-endian, or a hash.
type Turn [32]byte

func numbered[N ~uint64](n N) (t Turn) {
	binary.BigEndian.PutUint64(t[:], uint64(n))
	return t
}

// NewTx signs body. One of a lane gets neither nonce nor fee.
func NewTx(s Signer, chain string, nonce uint64, fee protocol.Amount, body Body) (*Tx, error) {
	if body.Type().Lane() {
		nonce, fee = 0, 0
	}
	t := &Tx{Type: body.Type(), ChainID: chain, Signer: s.PublicKey(), Nonce: nonce, Fee: fee, Body: Encode(body)}
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
func (t *Tx) Hash() protocol.Hash { return TxHash(Encode(t)) }

// TxHash returns the hash of the transaction that [ReadTx] reads of canonical
// bytes.
func TxHash(raw []byte) protocol.Hash { return HashOf("assay/1/txhash", raw) }

// DecodeTx reads a transaction and its body, and checks chain and signature.
// Errors: those of [Decode], [ErrChain], [ErrUnknown], [ErrLimit], [ErrSignature].
func DecodeTx(b []byte, chain string) (*Tx, Body, error) {
	t, body, err := ReadTx(b, chain)
	if err != nil {
		return nil, nil, err
	}
	if err := t.Verify(); err != nil {
		return nil, nil, err
	}
	return t, body, nil
}

// Verify returns nil if the signature is the signer's, else [ErrSignature].
func (t *Tx) Verify() error {
	if err := key.Verify(t.Signer, string(DomainTx), t.signBytes(), t.Sig[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// ReadTx is [DecodeTx] of a transaction whose signature was checked before: it
// does not look at it again, which costs most.
func ReadTx(b []byte, chain string) (*Tx, Body, error) {
	var t Tx
	if err := Decode(b, MaxTxBytes, &t); err != nil {
		return nil, nil, err
	}
	if t.ChainID != chain {
		return nil, nil, fmt.Errorf("chain %.60q, want %q: %w", t.ChainID, chain, ErrChain)
	}
	if !t.Type.Known() {
		return nil, nil, fmt.Errorf("transaction of type %d: %w", t.Type, ErrUnknown)
	}
	if t.Type.Lane() && (t.Nonce != 0 || t.Fee != 0) {
		return nil, nil, fmt.Errorf("%s with nonce %d and fee %s: %w", t.Type, t.Nonce, t.Fee, ErrNotCanonical)
	}
	body := txTypes[t.Type].body()
	if err := Decode(t.Body, MaxTxBytes, body); err != nil {
		return nil, nil, fmt.Errorf("body: %w", err)
	}
	if err := body.Check(); err != nil {
		return nil, nil, err
	}
	return &t, body, nil
}
