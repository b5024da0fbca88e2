package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	// foundWithin is in how many blocks each liar has to be found out.
	foundWithin = 60
	// last is the epoch up to which is paid: work is paid two epochs later.
	last = protocol.Epoch(4)
)

// row is what became of one liar.
type row struct {
	Liar string `json:"liar"`
	Does string `json:"does"`
	// Found is the block in which it was found out, and How what showed it.
	Found protocol.Height `json:"found"`
	How   string          `json:"how"`
	// Lost is what it lost of its stake or collateral, or of fees for challenges, Paid
	// what it was paid, and Honest the least that an honest one in its place was paid.
	Lost   protocol.Amount `json:"lost"`
	Paid   protocol.Amount `json:"paid"`
	Honest protocol.Amount `json:"honest"`
	// HonestLost is what all others lost of stake and collateral.
	HonestLost protocol.Amount `json:"honest_lost"`

	paysOnly bool
	bounded  bool
	fellow   protocol.SeatID // of the liar; whatever it loses
}

// try plays a network with a liar in it.
func try(ctx context.Context, m *models, l *liar, seed uint64) (*row, error) {
	s, err := open(ctx, m, l, seed)
	if err != nil {
		return nil, err
	}
	r := &row{Liar: l.name, Does: l.does, paysOnly: l.paysOnly, bounded: l.bounded}
	seat, err := s.seat(me)
	if err != nil {
		return nil, err
	}
	if l.fellow != "" {
		fellow, err := s.seat(l.fellow)
		if err != nil {
			return nil, err
		}
		r.fellow = fellow.ID
	}
	for s.Height() < s.Params().Schedule.EpochEnd(last) {
		res, err := s.Block(ctx)
		if err != nil {
			return nil, err
		}
		for i := range res.Events {
			r.note(res.Events[i], seat.ID, s.Height())
		}
		if r.Found == 0 {
			if err := s.look(r, seat.ID); err != nil {
				return nil, err
			}
		}
		if r.Found == 0 {
			if err := s.forfeits(r, seat.ID); err != nil {
				return nil, err
			}
		}
		if l.each != nil {
			if err := l.each(s, s.Height()); err != nil {
				return nil, err
			}
		}
	}
	r.Paid = s.paid(l, me)
	for i, name := range s.peers(l) {
		if got := s.paid(l, name); i == 0 || got < r.Honest {
			r.Honest = got
		}
	}
	return r, nil
}

// paid is what an actor was paid for what the liar's role does.
func (s *stage) paid(l *liar, name string) protocol.Amount {
	if l.judges {
		return s.Judged(name, 0, last)
	}
	return s.Mined(name, 0, last)
}

// note counts what an event takes from whom.
func (r *row) note(e ledger.Event, liar protocol.SeatID, h protocol.Height) {
	how := map[ledger.EventName]string{
		ledger.EventLazy: "found a plant right", ledger.EventPlantMissing: "proved no plant", ledger.EventLeaked: "its link was shown",
		ledger.EventSlashed: "signed two blocks", ledger.EventGuilty: "found guilty by electors",
		ledger.EventNotGuilty: "lost a challenge", ledger.EventUndecided: "lost a challenge",
	}[e.Name]
	if e.Name == ledger.EventNotGuilty || e.Name == ledger.EventUndecided {
		e.Seat = liar // no other pays for a challenge
		if e.Amount == 0 {
			return
		}
	}
	switch {
	case how == "" || e.Seat == r.fellow && r.fellow != (protocol.SeatID{}):
	case e.Seat == liar:
		r.Lost += e.Amount
		if r.Found == 0 {
			r.Found, r.How = h, how
		}
	default:
		r.HonestLost += e.Amount
	}
}

// look sees, once the plants of an epoch are settled, whether the liar's answers of
// it count as not given, or one was found false that was not planted.
func (s *stage) look(r *row, liar protocol.SeatID) error {
	sched, h := &s.Params().Schedule, s.Height()
	e := sched.EpochOf(h)
	if e == 0 || h != sched.OpenPlantsDeadline(e-1) {
		return nil
	}
	e--
	rec, ok, err := ledger.ReadPlants(s.State(), e, liar.UID)
	if err != nil {
		return err
	}
	if ok && rec.Seat == liar && rec.Void() {
		r.Found, r.How = h, "gave nothing that counts"
		return nil
	}
	for _, a := range s.cast {
		if a.Stake == 0 || a.Name == me {
			continue
		}
		lies, err := s.falseBy(a.Name, e, liar)
		if err != nil {
			return err
		}
		if lies {
			r.Found, r.How = h, "found false by a run"
		}
	}
	return nil
}

// forfeits sees whether the liar lost its duties of the running epoch.
func (s *stage) forfeits(r *row, liar protocol.SeatID) error {
	d, err := ledger.ReadDocket(s.State(), s.Params().Schedule.EpochOf(s.Height()))
	if err == nil && slices.Contains(d.Forfeit, liar) {
		r.Found, r.How = s.Height(), "lost its duties"
	}
	return err
}

// falseBy reports whether a judge opened that an answer of a seat is false, and it
// was not planted.
func (s *stage) falseBy(name string, e protocol.Epoch, seat protocol.SeatID) (bool, error) {
	judge, err := s.seat(name)
	if err != nil {
		return false, err
	}
	cards, ok, err := ledger.ReadCards(s.State(), e, judge.ID.UID)
	if err != nil || !ok || !cards.Opened() {
		return false, err
	}
	drawn, _, err := ledger.ReadDrawn(s.State(), e, judge.ID.UID)
	if err != nil {
		return false, err
	}
	at := 0
	for _, keys := range drawn.Kinds {
		for i := range keys.Len() {
			k := keys.At(i)
			found := cards.Findings[at]
			at++
			if k.UID != seat.UID || found != wire.FoundFalse {
				continue
			}
			if planted, err := ledger.IsPlant(s.State(), e, seat, k); err != nil || !planted {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// judge says what a liar must not have had, and the honest must not have lost.
func (r *row) judge() error {
	var errs []error
	if r.bounded && 20*r.Paid > 21*r.Honest {
		errs = append(errs, fmt.Errorf("%s: was paid %s, more than a twentieth above the %s of an honest one", r.Liar, r.Paid, r.Honest))
	}
	if r.paysOnly && 2*r.Paid >= r.Honest {
		errs = append(errs, fmt.Errorf("%s: was paid %s, more than half of the %s of an honest one", r.Liar, r.Paid, r.Honest))
	}
	if !r.paysOnly && !r.bounded && (r.Found == 0 || r.Found > foundWithin) {
		errs = append(errs, fmt.Errorf("%s: found out in block %d, not within %d", r.Liar, r.Found, foundWithin))
	}
	if !r.bounded && r.Paid >= r.Honest+r.Lost {
		errs = append(errs, fmt.Errorf("%s: was paid %s and lost %s, an honest one was paid %s", r.Liar, r.Paid, r.Lost, r.Honest))
	}
	if r.HonestLost > 0 {
		errs = append(errs, fmt.Errorf("%s: the honest lost %s", r.Liar, r.HonestLost))
	}
	return errors.Join(errs...)
}

// printRows writes a table, or the rows as JSON.
func printRows(out io.Writer, rows []*row, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "liar\tfound out\thow\tlost\tpaid\tan honest one\thonest lost\twhat it does")
	for _, r := range rows {
		_, _ = fmt.Fprintf(w, "%s\tblock %d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Liar, r.Found, r.How, r.Lost, r.Paid, r.Honest, r.HonestLost, r.Does)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "lost: of stake, collateral or fees; paid: in the epochs 0 to %d, and the least that an honest one in its place was paid\n", last)
	return err
}
