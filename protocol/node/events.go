package node

import (
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
)

// sits reports whether a hotkey has a seat.
func sits(r ledger.Reader, hotkey protocol.PublicKey, seat protocol.SeatID) bool {
	s, ok, err := ledger.ReadSeatByHotkey(r, hotkey)
	return err == nil && ok && s.ID == seat
}

// logEvents writes what a block did, one line each: what concerns the own seat, and
// what an epoch paid, for an operator to follow; what others did, and all of old
// blocks that are fetched, at debug, which the demo retells.
func logEvents(log zerolog.Logger, own protocol.PublicKey, old bool, head consensus.Head, r ledger.Reader) {
	if head.Result == nil {
		return
	}
	for _, e := range head.Result.Events {
		info, warn := log.Debug, log.Debug
		if !old && (e.Hotkey == own || e.Hotkey.IsZero() && sits(r, own, e.Seat)) { // a challenge names the seat alone
			info, warn = log.Info, log.Warn
		}
		at := func(l *zerolog.Event) *zerolog.Event {
			return l.Uint64("height", uint64(e.Height)).Uint64("epoch", uint64(e.Epoch))
		}
		seat := func(l *zerolog.Event) *zerolog.Event {
			return at(l).Uint16("uid", uint16(e.Seat.UID)).Stringer("hotkey", e.Hotkey)
		}
		switch e.Name {
		case ledger.EventBeacon:
			at(log.Debug()).Stringer("beacon", e.Hash).Msg("beacon moved on")
		case ledger.EventTaskSeed:
			at(log.Debug()).Uint64("round", uint64(e.Round)).Stringer("seed", e.Hash).Msg("tasks drawn")
		case ledger.EventDutySeed:
			at(log.Debug()).Uint64("round", uint64(e.Round)).Stringer("seed", e.Hash).Uint32("duties", e.Count).Msg("duties drawn")
		case ledger.EventCommit:
			seat(info()).Uint64("round", uint64(e.Round)).Stringer("root", e.Hash).Msg("commitment recorded")
		case ledger.EventGiven:
			at(log.Debug()).Uint64("round", uint64(e.Round)).Uint32("answers", e.Count).Msg("answers given")
		case ledger.EventRegistered:
			seat(info()).Stringer("amount", e.Amount).Msg("seat registered")
		case ledger.EventPruned:
			seat(info()).Msg("seat pruned")
		case ledger.EventSealed:
			seat(info()).Msg("weights sealed")
		case ledger.EventOpened:
			seat(info()).Uint32("entries", e.Count).Msg("weights opened")
		case ledger.EventCardsSealed:
			seat(info()).Msg("findings sealed")
		case ledger.EventCards:
			seat(info()).Uint32("cards", e.Count).Stringer("root", e.Hash).Msg("findings opened")
		case ledger.EventPlants:
			seat(info()).Uint32("plants", e.Count).Msg("plants opened")
		case ledger.EventPlantMissing:
			seat(warn()).Stringer("lost", e.Amount).Msg("a plant was not proven: the answers of the epoch count as not given, and collateral is burned")
		case ledger.EventLeaked:
			seat(warn()).Stringer("lost", e.Amount).Msg("a link of plants was known too early")
		case ledger.EventLazy:
			seat(warn()).Stringer("held", e.Amount).Msg("a judge found a plant right: stake is taken")
		case ledger.EventChallenged:
			seat(warn()).Uint64("round", uint64(e.Round)).Stringer("fee", e.Amount).Msg("challenged")
		case ledger.EventCalled:
			seat(info()).Uint64("round", uint64(e.Round)).Uint32("electors", e.Count).Msg("electors drawn")
		case ledger.EventGuilty:
			seat(warn()).Uint64("round", uint64(e.Round)).Stringer("held", e.Amount).Msg("found guilty: what is lost is held")
		case ledger.EventNotGuilty:
			seat(info()).Uint64("round", uint64(e.Round)).Stringer("fee", e.Amount).Msg("found not guilty: the challenger pays")
		case ledger.EventUndecided:
			seat(warn()).Uint64("round", uint64(e.Round)).Stringer("fee", e.Amount).Msg("a challenge was not decided")
		case ledger.EventAppealed:
			seat(info()).Uint64("round", uint64(e.Round)).Stringer("held", e.Amount).Msg("appealed")
		case ledger.EventBurned:
			seat(warn()).Uint64("round", uint64(e.Round)).Stringer("lost", e.Amount).Uint32("judges", e.Count).Msg("a proven lie: what was held is burned")
		case ledger.EventSlashed:
			seat(warn()).Stringer("lost", e.Amount).Msg("signed twice what may be signed once: stake is burned")
		case ledger.EventPermit:
			seat(info()).Stringer("stake", e.Amount).Msg("permit given")
		case ledger.EventPermitLost:
			seat(warn()).Msg("permit lost")
		case ledger.EventJailed:
			seat(warn()).Uint32("epochs", e.Count).Msg("jailed")
		case ledger.EventUnjailed:
			seat(info()).Msg("free of jail")
		case ledger.EventPaid:
			paid := log.Info
			if old {
				paid = log.Debug
			}
			l := at(paid()).Stringer("paid", e.Amount).Uint32("seats", e.Count)
			if rec, ok, err := ledger.ReadEpoch(r, e.Epoch); err == nil && ok {
				l = l.Stringer("miners", rec.Miners).Stringer("validators", rec.Validators).Stringer("carried", rec.Carried)
			}
			l.Msg("epoch paid")
		}
	}
	for _, t := range head.Result.Txs {
		if t.Err != nil {
			log.Debug().Err(t.Err).Stringer("tx", t.Hash).Msg("transaction failed")
		}
	}
}
