package validator

import (
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Scores of an epoch are final when no card about it can be in time any more.
// Then what judges found of each seat is counted, once, and written in one batch
// with the mark that says so: it is read from there ever after, also when the
// answers and cards that it was counted from are pruned. Pruning waits for it,
// so that a validator that was killed, or stopped for longer than evidence is
// kept, counts first when it comes back. What is closed is never counted again.

// finalEpochs is how many epochs scores are kept, or as long as evidence where
// that is longer: about 300 bytes a seat and epoch, and 32 for each task that it
// answered. A full network of 4,096 seats takes about 5 GB.
const finalEpochs = 4096

// MaxFinalTasks bounds the tasks that one score names.
const MaxFinalTasks = 256

// Final is what judges found of a seat in an epoch, the own findings included.
type Final struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Hotkey protocol.PublicKey // that held the seat; zero if nobody remembers
	// Exact are answers that a judge found equal and none found false, Inexact
	// those that some judge found false.
	Exact, Inexact uint32
	// Tasks are those that the seat answered, the oldest first, at most [MaxFinalTasks].
	Tasks []protocol.TaskID
}

// Closed is the mark of an epoch whose scores are final.
type Closed struct {
	_      struct{} `cbor:",toarray"`
	Height protocol.Height
}

// closesAfter is the last height at which scores of epoch e may change.
func (v *Validator) closesAfter(e protocol.Epoch) protocol.Height {
	s := &v.cfg.Params.Schedule
	return s.EpochStart(e+1) + protocol.Height(s.CardBlocks)
}

// closeScores makes the scores of every epoch final whose time has come.
func (v *Validator) closeScores(now *view) error {
	if v.unclosed == nil {
		var err error
		if v.unclosed, err = v.findUnclosed(now.head); err != nil {
			return err
		}
	}
	s := &v.cfg.Params.Schedule
	if e := s.EpochOf(now.head); !slices.Contains(v.unclosed, e) {
		v.unclosed = append(v.unclosed, e) // if it is ever sealed
	}
	for len(v.unclosed) > 0 && v.closesAfter(v.unclosed[0]) < now.head {
		if err := v.closeEpoch(now, v.unclosed[0]); err != nil {
			return err
		}
		v.unclosed = v.unclosed[1:]
	}
	return nil
}

// findUnclosed returns the epochs whose scores are not final, ascending. Those of
// a database that a program without final scores wrote are closed as far as
// their evidence is surely there; of the others nobody can count it any more, and
// they are removed.
func (v *Validator) findUnclosed(head protocol.Height) ([]protocol.Epoch, error) {
	first, known, err := get[protocol.Epoch](v.cfg.Store, tableMarks, markFinals)
	if err != nil {
		return nil, err
	}
	if !known {
		if e := v.cfg.Params.Schedule.EpochOf(head); uint64(e) > v.cfg.Params.Tasks.Retention {
			first = e - protocol.Epoch(v.cfg.Params.Tasks.Retention) + 1 // weights count rounds of the epoch before, too
		}
		if err := v.beginFinals(first); err != nil {
			return nil, err
		}
	}
	sealed, err := v.keys(tableEpochs)
	if err != nil {
		return nil, err
	}
	closed, err := v.keys(tableClosed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sealed, func(e protocol.Epoch) bool {
		_, done := slices.BinarySearch(closed, e)
		return done
	}), nil
}

// keys returns the epochs of a table that has one row for each, ascending and
// not nil.
func (v *Validator) keys(table string) ([]protocol.Epoch, error) {
	out := []protocol.Epoch{}
	err := v.cfg.Store.Scan(table, nil, func(key, _ []byte) bool {
		out = append(out, epochOf(key))
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("%w: scan %s: %w", ErrStore, table, err)
	}
	return out, nil
}

// beginFinals writes from which epoch on scores are closed, and removes those
// before.
func (v *Validator) beginFinals(first protocol.Epoch) error {
	puts := []put{{tableMarks, markFinals, first}}
	for _, table := range []string{tableScores, tableEpochs} {
		old, err := v.below(table, uint64(first))
		if err != nil {
			return err
		}
		puts = append(puts, old...)
	}
	return write(v.cfg.Store, puts...)
}

// closeEpoch counts what was found in epoch e and writes it with the mark.
func (v *Validator) closeEpoch(now *view, e protocol.Epoch) error {
	v.take.Lock() // no card comes between the count and its record
	defer v.take.Unlock()
	if _, closed, err := get[Closed](v.cfg.Store, tableClosed, era(uint64(e))); err != nil || closed {
		return err // by a process that saw these heights before
	}
	sealed, ok, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e)))
	if err != nil || !ok {
		return err
	}
	list, err := v.countFinals(now, e, sealed.Rounds)
	if err != nil {
		return err
	}
	puts := []put{{tableClosed, era(uint64(e)), &Closed{Height: now.head}}}
	for i := range list {
		puts = append(puts, put{tableFinals, scoreKey(e, list[i].Seat.UID), &list[i]})
	}
	if err := write(v.cfg.Store, puts...); err != nil {
		return err
	}
	v.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("seats", len(list)).Msg("scores are final")
	return nil
}

// Finals returns what judges found of each seat in epoch e, and whether that is
// final; until then it is counted anew from what is there, and r says what the
// ledger has.
func (v *Validator) Finals(r ledger.Reader, e protocol.Epoch) (list []Final, final bool, err error) {
	_, closed, err := get[Closed](v.cfg.Store, tableClosed, era(uint64(e)))
	if err != nil {
		return nil, false, err
	}
	if closed {
		rows, err := scan[Final](v.cfg.Store, tableFinals, era(uint64(e)))
		for i := range rows {
			list = append(list, rows[i].value)
		}
		return list, true, err
	}
	sealed, _, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e)))
	if err != nil {
		return nil, false, err
	}
	list, err = v.countFinals(r, e, sealed.Rounds)
	return list, false, err
}

// owners returns rows of finals that say whose the seats are, while it is known.
func (v *Validator) owners(r ledger.Reader, e protocol.Epoch, seats []protocol.SeatID) ([]put, error) {
	puts := make([]put, 0, len(seats))
	for _, id := range seats {
		k, err := hotkeyOf(r, e, id)
		if err != nil {
			return nil, err
		}
		puts = append(puts, put{tableFinals, scoreKey(e, id.UID), &Final{Seat: id, Hotkey: k}})
	}
	return puts, nil
}

// hotkeyOf finds whose seat it was: on the roster of the epoch, or today. The
// zero key stands for one that nobody remembers.
func hotkeyOf(r ledger.Reader, e protocol.Epoch, id protocol.SeatID) (protocol.PublicKey, error) {
	if s, ok, err := ledger.ReadRosterSeat(r, e, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	if s, ok, err := ledger.ReadSeat(r, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	if p, ok, err := ledger.ReadPayment(r, e, id.UID); err != nil || ok && p.Seat == id {
		return p.Hotkey, err
	}
	return protocol.PublicKey{}, nil
}

// countFinals counts what the evidence of some rounds that is here says of the
// seats that have a weight in epoch e.
func (v *Validator) countFinals(r ledger.Reader, e protocol.Epoch, rounds []protocol.Round) ([]Final, error) {
	rows, err := scan[scoring.Explanation](v.cfg.Store, tableScores, era(uint64(e)))
	if err != nil {
		return nil, err
	}
	f := finalCount{v: v, r: r, tasks: map[protocol.SeatID][]protocol.TaskID{}, found: map[wire.AnswerKey]finding{}}
	for _, n := range rounds {
		if err := errors.Join(f.addTasks(n), f.addCards(n)); err != nil {
			return nil, err
		}
	}
	out := make([]Final, 0, len(rows))
	at := make(map[protocol.SeatID]*Final, len(rows))
	for i := range rows {
		id := rows[i].value.Tally.Seat
		if at[id] != nil {
			continue // of another kind
		}
		known, ok, err := get[Final](v.cfg.Store, tableFinals, scoreKey(e, id.UID))
		if err == nil && (!ok || known.Hotkey.IsZero()) {
			known.Hotkey, err = hotkeyOf(r, e, id)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Final{Seat: id, Hotkey: known.Hotkey, Tasks: f.tasks[id]})
		at[id] = &out[len(out)-1] // there is room for all: it stays where it is
	}
	for _, x := range f.found {
		switch s := at[x.seat]; {
		case s == nil: // it has no weight
		case x.wrong:
			s.Inexact++
		case x.exact:
			s.Exact++
		}
	}
	return out, nil
}

// finalCount gathers the evidence of the rounds of one epoch's weights.
type finalCount struct {
	v     *Validator
	r     ledger.Reader
	tasks map[protocol.SeatID][]protocol.TaskID
	found map[wire.AnswerKey]finding
}

// finding is what judges say of an answer.
type finding struct {
	seat         protocol.SeatID
	exact, wrong bool
}

// addTasks notes the tasks that were answered in a round: derived from what the
// ledger has, which is cheap, or else read from the answers.
func (f *finalCount) addTasks(n protocol.Round) error {
	keys, err := f.v.Answers(n)
	if err != nil {
		return err
	}
	due, err := ledger.ReadDue(f.r, f.v.cfg.Params, n)
	if err != nil {
		return err
	}
	for _, k := range keys {
		seat, id, err := f.task(&due, k)
		if err != nil {
			return err
		}
		if !id.IsZero() && len(f.tasks[seat]) < MaxFinalTasks {
			f.tasks[seat] = append(f.tasks[seat], id)
		}
	}
	return nil
}

// task names the task of a slot; zero where nothing says it.
func (f *finalCount) task(due *ledger.Due, k wire.AnswerKey) (protocol.SeatID, protocol.TaskID, error) {
	roster, asked, err := ledger.ReadRosterSeat(f.r, f.v.cfg.Params.Schedule.EpochOfRound(k.Round), k.UID)
	if err != nil {
		return protocol.SeatID{}, protocol.TaskID{}, err
	}
	if of := due.Of(f.v.cfg.ChainID, f.v.cfg.Params, &roster); asked && of.Asks(k.Slot) {
		t, err := f.v.cfg.Kinds.Derive(&of, k.Slot)
		if err != nil {
			return protocol.SeatID{}, protocol.TaskID{}, err
		}
		return roster.ID, t.ID, nil
	}
	a, _, err := get[Answer](f.v.cfg.Store, tableAnswers, k.Bytes())
	return a.Task.Seat, a.Task.ID, err
}

// addCards notes what the judges found in a round.
func (f *finalCount) addCards(n protocol.Round) error {
	cards, err := f.v.CardsOf(n)
	if err != nil {
		return err
	}
	for i := range cards {
		c, err := cards[i].Open()
		if err != nil {
			return err
		}
		x := f.found[c.Key()]
		x.seat = c.Seat
		switch c.Finding {
		case wire.FindingPassed:
			x.exact = true
		case wire.FindingUnopened: // counted by itself
		default:
			x.wrong = true
		}
		f.found[c.Key()] = x
	}
	return nil
}
