package store

import (
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Tables are the records of the roles. A name in here is never used for
// anything else again.
type Tables struct {
	// Answers are the opened answers that were accepted, by [AnswerKey].
	Answers Table[Signed]
	// Cards are the judges' cards that were accepted, own ones included, by [CardKey].
	Cards Table[Signed]
	// Runs are a judge's own runs, by [AnswerKey].
	Runs Table[Run]
	// Scores are what package scoring keeps of a seat, by [SeatKey], in its own
	// canonical encoding.
	Scores Table[[]byte]
	// SealedWeights are a validator's own weights with their salt, by [Key](epoch).
	SealedWeights Table[wire.RevealWeights]
	// SealedAnswers are a miner's own answers with their salts, before they are
	// opened, by [Key](round).
	SealedAnswers Table[SealedRound]
	// Outbox holds own transactions that are not in a block yet, by [Key](nonce).
	Outbox Table[[]byte]
	// Singles are records of which there is one each, by [Key](one of the Single… numbers).
	Singles Table[[]byte]
}

// The keys of [Tables.Singles].
const (
	SingleLastSign   uint64 = 1 // what the consensus key signed last
	SingleBeaconSeed uint64 = 2 // where the own hash chain starts
	SingleGenesis    uint64 = 3 // the genesis that this database belongs to
	SingleRole       uint64 = 4 // the role's own bookkeeping
)

// Tables returns the roles' tables.
func (d *DB) Tables() Tables {
	return Tables{
		Answers:       TableOf[Signed](d, "answers"),
		Cards:         TableOf[Signed](d, "cards"),
		Runs:          TableOf[Run](d, "runs"),
		Scores:        TableOf[[]byte](d, "scores"),
		SealedWeights: TableOf[wire.RevealWeights](d, "sealed-weights"),
		SealedAnswers: TableOf[SealedRound](d, "sealed-answers"),
		Outbox:        TableOf[[]byte](d, "outbox"),
		Singles:       TableOf[[]byte](d, "singles"),
	}
}

// Signed is a message as it came, with the height at which it came.
type Signed struct {
	_        struct{} `cbor:",toarray"`
	Raw      []byte   // the canonical bytes of its envelope
	Received protocol.Height
}

// Run is what a judge found when it ran a task itself.
type Run struct {
	_       struct{} `cbor:",toarray"`
	Task    protocol.TaskID
	Answer  protocol.Hash // of the answer's envelope; zero when there was none
	States  [][32]byte    // hash of the hidden state at each position
	Choices []int32       // the token that was to be chosen at each position
	Finding wire.Finding
	// Position is the first position that differs, where the finding has one.
	Position uint32
	Root     protocol.Hash // the card's root
}

// SealedRound is what a miner committed to in one round.
type SealedRound struct {
	_       struct{} `cbor:",toarray"`
	Root    protocol.Hash
	Answers []wire.Answer
}

// AnswerKey is the key of an answer or of a run: round, uid, slot.
func AnswerKey(k wire.AnswerKey) []byte { return k.Bytes() }

// CardKey is the key of a card of an epoch: epoch, judge, round, uid, slot.
func CardKey(e protocol.Epoch, judge protocol.UID, k wire.AnswerKey) []byte {
	return append(SeatKey(e, judge), k.Bytes()...)
}

// SeatKey is the key of a seat's record of an epoch: epoch, uid.
func SeatKey(e protocol.Epoch, uid protocol.UID) []byte {
	return binary.BigEndian.AppendUint16(Key(uint64(e)), uint16(uid))
}

// Prune removes the raw answers, cards and runs of epochs before keep. The
// scores, and what is one's own, stay.
func (t Tables) Prune(s protocol.Schedule, keep protocol.Epoch) error {
	round := uint64(s.RoundOf(s.EpochStart(keep)))
	b := t.Answers.space.d.Batch()
	t.Answers.PruneIn(b, round)
	t.Runs.PruneIn(b, round)
	t.SealedAnswers.PruneIn(b, round)
	t.Cards.PruneIn(b, uint64(keep))
	t.SealedWeights.PruneIn(b, uint64(keep))
	return b.Commit()
}
