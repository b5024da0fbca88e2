package api

import (
	"encoding/json"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Task is the answer of /v1/tasks/{id}: the task with its evidence. The bodies of
// task, answers and cards are objects that the kind decides: [InferenceTask] and
// its like, or [OtherBody].
type Task struct {
	ID         protocol.TaskID    `json:"id"`
	Kind       protocol.Kind      `json:"kind"`
	Epoch      protocol.Epoch     `json:"epoch"`
	Round      protocol.Round     `json:"round"`
	Time       time.Time          `json:"time,omitzero"` // of the round's first block
	UID        protocol.UID       `json:"uid"`
	Registered protocol.Height    `json:"registered"`
	Hotkey     protocol.PublicKey `json:"hotkey"`
	Slot       uint16             `json:"slot"`
	Body       json.RawMessage    `json:"body"`
	// Commitment is what the seat sealed in the round; absent if it did not,
	// or if that is not kept any more.
	Commitment *Commitment `json:"commitment,omitempty"`
	// Judges are the uids that the beacon drew for this answer.
	Judges  []protocol.UID `json:"judges"`
	Answers []Answer       `json:"answers"`
	Cards   []Card         `json:"cards"`
}

// Commitment is a seat's sealed root on the ledger.
type Commitment struct {
	Root   protocol.Hash   `json:"root"`
	Height protocol.Height `json:"height"`
}

// Answer is an opened answer. Raw is its envelope as the miner signed it.
type Answer struct {
	Hash     protocol.Hash      `json:"hash"`
	Sender   protocol.PublicKey `json:"sender"`
	Received protocol.Height    `json:"received"`
	Body     json.RawMessage    `json:"body"`
	Raw      []byte             `json:"raw"`
}

// Card is a judgement of the answer. Raw is its envelope as the judge signed it.
type Card struct {
	Judge    protocol.UID       `json:"judge_uid"`
	Hotkey   protocol.PublicKey `json:"hotkey"`
	Received protocol.Height    `json:"received"`
	Answer   protocol.Hash      `json:"answer"`
	Finding  wire.Finding       `json:"finding"`
	Body     json.RawMessage    `json:"body,omitempty"`
	Raw      []byte             `json:"raw"`
}

// ReceiptFormat is the version of [Receipt].
const ReceiptFormat = "assay-receipt/1"

// Receipt is the answer of /v1/receipts/{id}, and the file that assay verify
// reads. Bytes is the canonical CBOR of a wire.Receipt, which says everything;
// the fields before it are for people, and must agree. Body is the task's.
type Receipt struct {
	Format  string             `json:"format"`
	ChainID string             `json:"chain_id"`
	Task    protocol.TaskID    `json:"task"`
	Kind    protocol.Kind      `json:"kind"`
	Body    json.RawMessage    `json:"body"`
	Hotkey  protocol.PublicKey `json:"hotkey"`
	Bytes   []byte             `json:"receipt"`
}
