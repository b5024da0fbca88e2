package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// MaxBallots bounds the votes that are held about one challenge: two, if the first
// decides nothing, and one of an appeal.
const MaxBallots = 3

// Case names a challenge: an answer, and who is accused because of it. That is the
// seat that gave it, or a judge of it.
type Case struct {
	_       struct{} `cbor:",toarray"`
	Round   protocol.Round
	UID     protocol.UID // of the seat that gave the answer
	Slot    uint16       // below MaxSlots
	Accused protocol.UID // UID, where the answer is said to be false; else of the judge whose card is
}

// CaseBytes is the length of [Case.Bytes].
const CaseBytes = keyBytes + 2

// Answer names the slot of the answer.
func (c Case) Answer() AnswerKey { return AnswerKey{Round: c.Round, UID: c.UID, Slot: c.Slot} }

// OfCard reports whether a card is said to be false, not the answer.
func (c Case) OfCard() bool { return c.Accused != c.UID }

// Bytes is round, uid, slot and the accused uid, big-endian: in the order of a
// database.
func (c Case) Bytes() []byte {
	return binary.BigEndian.AppendUint16(c.Answer().Bytes(), uint16(c.Accused))
}

// CaseOf reads what [Case.Bytes] gave; false where it did not.
func CaseOf(b []byte) (Case, bool) {
	if len(b) != CaseBytes {
		return Case{}, false
	}
	k := AnswerKeys(b[:keyBytes]).At(0)
	return Case{Round: k.Round, UID: k.UID, Slot: k.Slot, Accused: protocol.UID(binary.BigEndian.Uint16(b[keyBytes:]))}, true
}

// turn is a lane's turn about one ballot of a case.
func (c Case) turn(ballot uint8) Turn {
	return Turn(HashOf("assay/1/case", c.Bytes(), []byte{ballot}))
}

func (c Case) check() error {
	if c.Slot >= MaxSlots {
		return fmt.Errorf("slot %d: %w", c.Slot, ErrLimit)
	}
	return nil
}

// Evidence shows what a challenge is about: that the commitment holds an answer
// with this sum, and the card that is said to be false.
type Evidence struct {
	_           struct{} `cbor:",toarray"`
	Case        Case
	Salt        [32]byte        // of the answer
	Digest      protocol.Hash   // of its [Sum]
	Fingerprint protocol.Hash   // of its Sum
	Proof       []protocol.Hash // from the slot's leaf to the commitment, at most 10
	Cards       []Card          // the card with its proof, of a case about one; else none
}

func (e *Evidence) check() error {
	if err := e.Case.check(); err != nil {
		return err
	}
	if len(e.Proof) > maxProof || len(e.Cards) > 1 {
		return fmt.Errorf("evidence with %d hashes of proof and %d cards: %w", len(e.Proof), len(e.Cards), ErrLimit)
	}
	for i := range e.Cards {
		if err := e.Cards[i].Check(); err != nil {
			return err
		}
		if n := e.Cards[i].Size(); n > MaxShownCard {
			return fmt.Errorf("a card of %d bytes: %w", n, ErrLimit)
		}
	}
	return nil
}

// Challenge says that an answer, or a card, is false. Anybody may, for a fee that
// only a conviction returns.
type Challenge struct {
	_        struct{} `cbor:",toarray"`
	Evidence Evidence
}

// Type implements [Body].
func (*Challenge) Type() TxType { return TxChallenge }

// Check implements [Body].
func (b *Challenge) Check() error { return b.Evidence.check() }

// JudgeChallenge is a [Challenge] by a judge of the running epoch. Each may post
// one in an epoch, and pays nothing, but with the duties of the epoch if it is
// wrong.
type JudgeChallenge struct {
	_        struct{}       `cbor:",toarray"`
	Epoch    protocol.Epoch // the running one
	Evidence Evidence
}

// Type implements [Body].
func (*JudgeChallenge) Type() TxType { return TxJudgeChallenge }

// Turn implements [LaneBody].
func (b *JudgeChallenge) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (b *JudgeChallenge) Check() error { return b.Evidence.check() }

// SealVote fixes what an elector found, before any elector shows it.
type SealVote struct {
	_      struct{} `cbor:",toarray"`
	Case   Case
	Ballot uint8         // of the case, from 1
	Seal   protocol.Hash // what [OpenVote.Seal] gives
}

// Type implements [Body].
func (*SealVote) Type() TxType { return TxSealVote }

// Turn implements [LaneBody].
func (b *SealVote) Turn() Turn { return b.Case.turn(b.Ballot) }

// Check implements [Body].
func (b *SealVote) Check() error { return b.Case.check() }

// OpenVote opens what an elector sealed: what it found of the answer by its own
// run, and the hash of what the accused would have to say of that ([FoundOf]).
type OpenVote struct {
	_       struct{} `cbor:",toarray"`
	Case    Case
	Ballot  uint8
	Finding byte          // FoundNothing where it cannot tell
	Found   protocol.Hash // zero where it cannot tell
	// Backends are those that came to it, each by a run of its own; none where it
	// cannot tell.
	Backends Backends
	Salt     [32]byte
}

// Backends are implementations of the arithmetic, as bits: what one of them gets
// wrong, the others do not.
type Backends uint8

// The backends that an elector may name.
const (
	ByReference Backends = 1 << iota // the definition, in plain Go
	ByNative                         // kernels of the processor
	ByCUDA                           // kernels of a GPU
	allBackends = ByReference | ByNative | ByCUDA
)

// backendNames are what people read, by bit.
var backendNames = [...]string{"reference", "native", "cuda"}

// Names lists the backends in words; it is empty of none.
func (b Backends) Names() []string {
	names := []string{}
	for i, name := range backendNames {
		if b>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Type implements [Body].
func (*OpenVote) Type() TxType { return TxOpenVote }

// Turn implements [LaneBody].
func (b *OpenVote) Turn() Turn { return b.Case.turn(b.Ballot) }

// Check implements [Body].
func (b *OpenVote) Check() error {
	if b.Finding > FoundFalse || (b.Finding == FoundNothing) != b.Found.IsZero() {
		return fmt.Errorf("a vote with finding %d and %s: %w", b.Finding, b.Found.Short(), ErrUnknown)
	}
	if b.Backends > allBackends || (b.Finding == FoundNothing) != (b.Backends == 0) {
		return fmt.Errorf("a vote with finding %d by backends %03b: %w", b.Finding, b.Backends, ErrUnknown)
	}
	return b.Case.check()
}

// Seal returns what SealVote carries for this vote of an elector.
func (b *OpenVote) Seal(hotkey protocol.PublicKey) protocol.Hash {
	return HashOf("assay/1/vote/seal", hotkey[:], b.Salt[:], b.Case.Bytes(), []byte{b.Ballot, b.Finding}, b.Found[:], []byte{byte(b.Backends)})
}

// FoundOf names what a judge of an answer says in the body of its card, with the
// hotkey of the accused in it: who did not run the answer cannot know it.
func FoundOf(body []byte) protocol.Hash { return HashOf("assay/1/vote/found", body) }

// Appeal asks, for the accused, that a verdict is looked at once more, by all
// judges of a later epoch. Its bond, as much as the fee of a challenge, is
// returned if they find otherwise.
type Appeal struct {
	_    struct{} `cbor:",toarray"`
	Case Case
}

// Type implements [Body].
func (*Appeal) Type() TxType { return TxAppeal }

// Check implements [Body].
func (b *Appeal) Check() error { return b.Case.check() }
