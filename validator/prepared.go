package validator

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// aheadBlocks is how many blocks before weights are made that is read which they
// are made of and which stands by then: of thousands of seats that takes longer
// than to make them, and a seal has few blocks to get into its epoch.
const aheadBlocks = 3

// prepared is what does not change while an epoch runs of what its weights are made
// of. The zero value holds nothing, and then all is read where it is asked for.
type prepared struct {
	epoch protocol.Epoch
	// rosters are those of the epoch and of the one before, by uid: the ledger
	// writes one before its epoch begins, and then only removes it when it is old.
	rosters map[protocol.Epoch][]ledger.RosterSeat // nil before it was read
	// scores are those that were sealed last, in the epoch that is scored, by uid
	// and kind; none where none were.
	scores []scoring.Explanation
	scored protocol.Epoch
	// follows says that those are of the epoch just before.
	follows bool
}

// readAhead reads what the weights of epoch e, which runs, are made of, unless it
// was read.
func (w *weighing) readAhead(now *view, e protocol.Epoch) error {
	if w.prepared.rosters != nil && w.prepared.epoch == e {
		return nil
	}
	p := prepared{epoch: e, rosters: map[protocol.Epoch][]ledger.RosterSeat{}}
	for of := e - min(e, 1); of <= e; of++ {
		roster, err := ledger.ReadRosterSeats(now, of)
		if err != nil {
			return err
		}
		p.rosters[of] = roster
	}
	before, err := w.book.LastSealed(e, w.cfg.Params.Tasks.Retention)
	if err != nil {
		return err
	}
	if before != nil {
		p.scored, p.follows = before.Epoch, before.Epoch+1 == e
		if p.scores, err = w.book.ScoresOf(p.scored); err != nil {
			return err
		}
	}
	w.prepared = p
	return nil
}

// rosterOf returns the seats that are asked in epoch e, by uid.
func (p *prepared) rosterOf(now *view, e protocol.Epoch) ([]ledger.RosterSeat, error) {
	if roster, ok := p.rosters[e]; ok {
		return roster, nil
	}
	return ledger.ReadRosterSeats(now, e)
}

// hotkeyOf is [record.HotkeyOf]: who is on the roster is not looked up.
func (p *prepared) hotkeyOf(now *view, e protocol.Epoch, id protocol.SeatID) (protocol.PublicKey, error) {
	roster := p.rosters[e]
	i, ok := slices.BinarySearchFunc(roster, id.UID, func(s ledger.RosterSeat, uid protocol.UID) int { return int(s.ID.UID) - int(uid) })
	if ok && roster[i].ID == id {
		return roster[i].Hotkey, nil
	}
	return record.HotkeyOf(now, e, id)
}
