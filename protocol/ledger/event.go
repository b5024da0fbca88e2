package ledger

import "github.com/assaynet/assay/protocol"

// EventKind names what happened.
type EventKind string

// The events, with the fields that each fills beside Kind and Height.
const (
	EventBeacon     EventKind = "beacon"      // Hash: the beacon of Height − 1, now final; Seat if its link counted
	EventTaskSeed   EventKind = "task seed"   // Round, Epoch, Hash: the seed
	EventDutySeed   EventKind = "duty seed"   // Round, Epoch, Hash: the seed; Count: duties drawn
	EventCommit     EventKind = "commit"      // Round, Epoch, Seat, Hotkey, Hash: the root
	EventRegistered EventKind = "registered"  // Seat, Hotkey, Amount: the price
	EventPruned     EventKind = "pruned"      // Seat, Hotkey: the former holder of a uid
	EventSealed     EventKind = "sealed"      // Epoch, Seat, Hotkey, Hash: the seal
	EventOpened     EventKind = "opened"      // Epoch, Seat, Hotkey; Count: entries of the row
	EventCards      EventKind = "cards"       // Epoch, Seat, Hotkey, Hash: the root; Count: cards
	EventPaid       EventKind = "paid"        // Epoch, Amount: paid to all; Count: seats paid
	EventPermit     EventKind = "permit"      // Epoch from which it holds, Seat, Hotkey, Amount: stake
	EventPermitLost EventKind = "permit lost" // Epoch, Seat, Hotkey
)

// Event is one thing that a block did, for those who tell or index it. It is
// no part of the state.
type Event struct {
	_      struct{}           `cbor:",toarray"`
	Kind   EventKind          `json:"kind"`
	Height protocol.Height    `json:"height"`
	Epoch  protocol.Epoch     `json:"epoch"`
	Round  protocol.Round     `json:"round"`
	Seat   protocol.SeatID    `json:"seat"`
	Hotkey protocol.PublicKey `json:"hotkey"`
	Hash   protocol.Hash      `json:"hash"`
	Amount protocol.Amount    `json:"amount"`
	Count  uint32             `json:"count"`
}
