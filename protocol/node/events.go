package node

import (
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
)

// logEvents writes what a block did, one line each: what an operator follows,
// and what the demo retells.
func logEvents(log zerolog.Logger, head consensus.Head, r ledger.Reader) {
	if head.Result == nil {
		return
	}
	for _, e := range head.Result.Events {
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
			at(log.Info()).Uint64("round", uint64(e.Round)).Stringer("seed", e.Hash).Msg("tasks drawn")
		case ledger.EventDutySeed:
			at(log.Info()).Uint64("round", uint64(e.Round)).Stringer("seed", e.Hash).Uint32("duties", e.Count).Msg("duties drawn")
		case ledger.EventCommit:
			seat(log.Info()).Uint64("round", uint64(e.Round)).Stringer("root", e.Hash).Msg("commitment recorded")
		case ledger.EventGiven:
			at(log.Info()).Uint64("round", uint64(e.Round)).Uint32("answers", e.Count).Msg("answers given")
		case ledger.EventRegistered:
			seat(log.Info()).Stringer("amount", e.Amount).Msg("seat registered")
		case ledger.EventPruned:
			seat(log.Info()).Msg("seat pruned")
		case ledger.EventSealed:
			seat(log.Info()).Msg("weights sealed")
		case ledger.EventOpened:
			seat(log.Info()).Uint32("entries", e.Count).Msg("weights opened")
		case ledger.EventCardsSealed:
			seat(log.Info()).Msg("findings sealed")
		case ledger.EventCards:
			seat(log.Info()).Uint32("cards", e.Count).Stringer("root", e.Hash).Msg("findings opened")
		case ledger.EventPlants:
			seat(log.Info()).Uint32("plants", e.Count).Msg("plants opened")
		case ledger.EventPlantMissing:
			seat(log.Warn()).Stringer("lost", e.Amount).Msg("a plant was not proven: the answers of the epoch count as not given, and collateral is burned")
		case ledger.EventLeaked:
			seat(log.Warn()).Stringer("lost", e.Amount).Msg("a link of plants was known too early")
		case ledger.EventLazy:
			seat(log.Warn()).Stringer("held", e.Amount).Msg("a judge found a plant right: stake is taken")
		case ledger.EventChallenged:
			seat(log.Warn()).Uint64("round", uint64(e.Round)).Stringer("fee", e.Amount).Msg("challenged")
		case ledger.EventCalled:
			seat(log.Info()).Uint64("round", uint64(e.Round)).Uint32("electors", e.Count).Msg("electors drawn")
		case ledger.EventGuilty:
			seat(log.Warn()).Uint64("round", uint64(e.Round)).Stringer("held", e.Amount).Msg("found guilty: what is lost is held")
		case ledger.EventNotGuilty:
			seat(log.Info()).Uint64("round", uint64(e.Round)).Stringer("fee", e.Amount).Msg("found not guilty: the challenger pays")
		case ledger.EventUndecided:
			seat(log.Warn()).Uint64("round", uint64(e.Round)).Stringer("fee", e.Amount).Msg("a challenge was not decided")
		case ledger.EventAppealed:
			seat(log.Info()).Uint64("round", uint64(e.Round)).Stringer("held", e.Amount).Msg("appealed")
		case ledger.EventBurned:
			seat(log.Warn()).Uint64("round", uint64(e.Round)).Stringer("lost", e.Amount).Uint32("judges", e.Count).Msg("a proven lie: what was held is burned")
		case ledger.EventSlashed:
			seat(log.Warn()).Stringer("lost", e.Amount).Msg("signed twice what may be signed once: stake is burned")
		case ledger.EventPermit:
			seat(log.Info()).Stringer("stake", e.Amount).Msg("permit given")
		case ledger.EventPermitLost:
			seat(log.Warn()).Msg("permit lost")
		case ledger.EventJailed:
			seat(log.Warn()).Uint32("epochs", e.Count).Msg("jailed")
		case ledger.EventUnjailed:
			seat(log.Info()).Msg("free of jail")
		case ledger.EventPaid:
			l := at(log.Info()).Stringer("paid", e.Amount).Uint32("seats", e.Count)
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
