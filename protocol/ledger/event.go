package ledger

import "github.com/assaynet/assay/protocol"

// EventName names what happened.
type EventName string

// The events, with the fields that each fills beside Name and Height.
const (
	EventBeacon        EventName = "beacon"         // Hash: the beacon of Height − 1, now final; Seat if its link counted
	EventTaskSeed      EventName = "task seed"      // Round, Epoch, Hash: the seed
	EventDutySeed      EventName = "duty seed"      // Round, Epoch, Hash: the seed; Count: duties drawn
	EventCommit        EventName = "commit"         // Round, Epoch, Seat, Hotkey, Hash: the root
	EventGiven         EventName = "given"          // Round, Epoch; Count: answers that judges of more than half of the stake hold
	EventRegistered    EventName = "registered"     // Seat, Hotkey, Amount: the price
	EventSwap          EventName = "swap"           // Epoch from which another key signs for Hotkey, a coldkey
	EventSwapStopped   EventName = "swap stopped"   // Hotkey, a coldkey, goes on to sign
	EventHotkeySwap    EventName = "hotkey swap"    // Epoch from which another hotkey is that of Seat, Hotkey: the one that goes
	EventHotkeyKept    EventName = "hotkey kept"    // Seat, Hotkey, which stays, for the swap was stopped
	EventHotkeySwapped EventName = "hotkey swapped" // Epoch, Seat, Hotkey: the new one
	EventPruned        EventName = "pruned"         // Seat, Hotkey: the former holder of a uid
	EventSealed        EventName = "sealed"         // Epoch, Seat, Hotkey, Hash: the seal
	EventOpened        EventName = "opened"         // Epoch, Seat, Hotkey; Count: entries of the row
	EventCardsSealed   EventName = "cards sealed"   // Epoch, Seat, Hotkey, Hash: the seal
	EventCards         EventName = "cards"          // Epoch, Seat, Hotkey, Hash: the root that was opened; Count: cards
	EventPairsSet      EventName = "pairs set"      // Round in which they are given to raters, Epoch, Seat, Hotkey, Hash: the root
	EventPairsOpened   EventName = "pairs opened"   // as for those set; Hash: the link; Count: pairs
	EventPairsDoubted  EventName = "pairs doubted"  // as for those set, Seat, Hotkey: the checker; Hash: the root
	EventRatingsOpened EventName = "ratings opened" // Round in which they fell due, Epoch, Seat, Hotkey
	EventPaid          EventName = "paid"           // Epoch, Amount: paid to all; Count: seats paid
	EventRequested     EventName = "requested"      // Hash: of the request, Amount: put into escrow; Count: records
	EventSettled       EventName = "settled"        // Hash: of the request, Amount: paid to makers; Count: records paid
	EventPlants        EventName = "plants"         // Epoch, Seat, Hotkey, Hash: the link that was opened; Count: proofs
	EventPlantMissing  EventName = "plant missing"  // Epoch, Seat, Hotkey, Amount: collateral that was burned
	EventLeaked        EventName = "leaked"         // Epoch, Seat, Hotkey, Hash: the link, Amount: collateral that was lost
	EventLazy          EventName = "lazy"           // Epoch, Seat, Hotkey: a judge that found a plant right, Amount: stake that is held
	EventCommission    EventName = "commission"     // Epoch from which its owner takes another part, Seat, Hotkey
	EventChallenged    EventName = "challenged"     // Round, Epoch of the answer, Seat: the accused, Hash: fingerprint, Amount: the fee
	EventCalled        EventName = "called"         // Round, Seat: the accused; Count: electors
	EventGuilty        EventName = "guilty"         // Round, Seat: the accused, Hash: fingerprint, Amount: what is held
	EventNotGuilty     EventName = "not guilty"     // Round, Seat: the accused, Hash: fingerprint, Amount: the fee that is lost
	EventUndecided     EventName = "undecided"      // Round, Seat: the accused, Hash: fingerprint, Amount: the fee that is lost
	EventAppealed      EventName = "appealed"       // Round, Seat: the accused, Hash: fingerprint, Amount: what is held
	EventBurned        EventName = "burned"         // Round, Seat: the accused, Hash: fingerprint, Amount: what was held; Count: judges that share a quarter
	EventSlashed       EventName = "slashed"        // Epoch from which it is jailed, Seat, Hotkey: who signed twice, Amount: stake that is burned
	EventPermit        EventName = "permit"         // Epoch from which it holds, Seat, Hotkey, Amount: stake
	EventPermitLost    EventName = "permit lost"    // Epoch, Seat, Hotkey
	EventJailed        EventName = "jailed"         // Epoch from which, Seat, Hotkey; Count: epochs at least
	EventUnjailed      EventName = "unjailed"       // Epoch from which a permit is possible again, Seat, Hotkey
)

// EventNames returns all of them.
func EventNames() []EventName {
	return []EventName{
		EventBeacon, EventTaskSeed, EventDutySeed, EventCommit, EventGiven, EventRegistered, EventSwap, EventSwapStopped, EventHotkeySwap,
		EventHotkeyKept, EventHotkeySwapped, EventPruned, EventSealed, EventOpened, EventCardsSealed, EventCards, EventPairsSet,
		EventPairsOpened, EventPairsDoubted, EventRatingsOpened, EventPaid, EventRequested, EventSettled, EventPlants, EventPlantMissing,
		EventLeaked, EventLazy, EventCommission, EventChallenged, EventCalled, EventGuilty, EventNotGuilty, EventUndecided,
		EventAppealed, EventBurned, EventSlashed, EventPermit, EventPermitLost, EventJailed, EventUnjailed,
	}
}

// Event is one thing that a block did, for those who tell or index it. It is
// no part of the state.
type Event struct {
	_      struct{}           `cbor:",toarray"`
	Name   EventName          `json:"name"`
	Height protocol.Height    `json:"height"`
	Epoch  protocol.Epoch     `json:"epoch"`
	Round  protocol.Round     `json:"round"`
	Seat   protocol.SeatID    `json:"seat"`
	Hotkey protocol.PublicKey `json:"hotkey"`
	Hash   protocol.Hash      `json:"hash"`
	Amount protocol.Amount    `json:"amount"`
	Count  uint32             `json:"count"`
}
