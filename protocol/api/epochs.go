package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// walkEpochs calls fn for the epochs of a range that the page may need, until
// the page is full: upwards, or from the newest down.
func walkEpochs[T any](ctx context.Context, p *pager[T], r epochRange, fn func(e protocol.Epoch) error) error {
	if p.begun && p.newest {
		r.to = min(r.to, p.after.epoch)
	} else if p.begun {
		r.from = max(r.from, p.after.epoch)
	}
	for left := r; left.from <= left.to && !p.more; {
		e := left.from
		if p.newest {
			e = left.to
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.tired(e) {
			return nil
		}
		if err := fn(e); err != nil {
			return fmt.Errorf("epoch %d: %w", e, err)
		}
		switch {
		case !p.newest:
			left.from++
		case left.to == 0:
			return nil
		default:
			left.to--
		}
	}
	return nil
}

// perEpoch shows a list that the ledger keeps epoch by epoch, or this node for it:
// add adds the items of one, until the page is full.
func perEpoch[T any](h *Handler, r *request, list string, add func(v *view, p *pager[T], e protocol.Epoch) error) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	return everyEpoch(h, r, list, v, h.oldestKept(v), add)
}

// perPaidEpoch is [perEpoch] of what blocks say, too, when the ledger has
// forgotten it.
func perPaidEpoch[T any](h *Handler, r *request, list string, add func(v *view, p *pager[T], e protocol.Epoch) error) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	oldest, err := h.oldestPaid(r.ctx(), v)
	if err != nil {
		return nil, err
	}
	return everyEpoch(h, r, list, v, oldest, add)
}

func everyEpoch[T any](h *Handler, r *request, list string, v *view, oldest protocol.Epoch, add func(*view, *pager[T], protocol.Epoch) error) (any, error) {
	p, err := newPager[T](r)
	if err != nil {
		return nil, err
	}
	want, err := h.epochs(r)
	if err != nil {
		return nil, err
	}
	if want, err = p.keeps(list, want, oldest); err != nil {
		return nil, err
	}
	want.to = min(want.to, v.epoch)
	if err := walkEpochs(r.ctx(), p, want, func(e protocol.Epoch) error { return add(v, p, e) }); err != nil {
		return nil, err
	}
	return p.page(), nil
}

// weights shows rows that validators opened, one item for each entry.
func (h *Handler) weights(r *request) (any, error) {
	by, err := h.seated(r, "validator")
	if err != nil {
		return nil, err
	}
	about, err := h.seated(r, "seat")
	if err != nil {
		return nil, err
	}
	return perEpoch(h, r, "weights", func(v *view, p *pager[Weight], e protocol.Epoch) error {
		from, err := h.weightsOf(v, e)
		if err != nil || from == nil {
			return err
		}
		rows, err := ledger.ReadWeightRows(from, e)
		if err != nil {
			return err
		}
		for i := range p.inOrder(len(rows)) {
			if !by.is(rows[i].Seat.UID, protocol.PublicKey{}) {
				continue
			}
			at, err := h.timeOf(r.ctx(), rows[i].Height)
			if err != nil {
				return err
			}
			addRow(p, e, &rows[i], at, &about)
		}
		return nil
	})
}

// addRow adds the entries of one validator's row that are wanted.
func addRow(p *pager[Weight], e protocol.Epoch, w *ledger.Weights, at time.Time, about *who) {
	for j := range p.inOrder(min(len(w.UIDs), len(w.Values))) {
		pos := position{e, w.Seat.UID, w.UIDs[j]}
		if !p.wants(pos) {
			continue
		}
		if p.full() {
			return
		}
		if !about.is(w.UIDs[j], protocol.PublicKey{}) {
			p.skip(pos)
			continue
		}
		p.add(pos, Weight{
			Epoch: e, Height: w.Height, Time: at, Validator: w.Seat.UID, UID: w.UIDs[j], Value: w.Values[j], Share: share(uint64(w.Values[j]), ofWeight),
		})
	}
}

// emissions shows what each epoch paid to each seat.
func (h *Handler) emissions(r *request) (any, error) {
	seat, err := h.paidSeat(r)
	if err != nil {
		return nil, err
	}
	out, err := perPaidEpoch(h, r, "emissions", func(v *view, p *pager[Emission], e protocol.Epoch) error {
		if seat.byUID {
			keys := func(e protocol.Epoch) [][]byte { return [][]byte{ledger.EpochKey(e), ledger.PaymentKey(e, seat.uid)} }
			if err := ahead(v, p, e, keys); err != nil {
				return err
			}
		}
		paid, err := h.paidTo(r.ctx(), v, e, &seat)
		if err != nil || paid == nil {
			return err
		}
		list := paid.Payments
		for i := range p.inOrder(len(list)) {
			pos := position{epoch: e, a: list[i].Seat.UID}
			if !p.wants(pos) {
				continue
			}
			if p.full() {
				return nil
			}
			if !seat.is(list[i].Seat.UID, list[i].Hotkey) {
				p.skip(pos)
				continue
			}
			m := emission(e, paid.Epoch.Height, &list[i])
			if m.Findings, err = findingsOf(v, e, &list[i]); err != nil {
				return err
			}
			p.add(pos, m)
		}
		return nil
	})
	if page, ok := out.(Page[Emission]); ok {
		err = h.whenPaid(r.ctx(), page.Items)
	}
	return out, err
}

// whenPaid fills in the times of payments, from the newest back.
func (h *Handler) whenPaid(ctx context.Context, list []Emission) error {
	var heights []protocol.Height
	for i := range list {
		heights = append(heights, list[i].Height)
	}
	slices.Sort(heights)
	heights = slices.Compact(heights)
	slices.Reverse(heights)
	times, err := h.timesOf(ctx, heights)
	for i := range list {
		list[i].Time = times[list[i].Height]
	}
	return err
}

// paidSeat reads whose payments are asked for. A node that proves single records
// shows those of one seat, by its uid.
func (h *Handler) paidSeat(r *request) (who, error) {
	seat, err := h.seat(r, "seat")
	if err != nil || seat.byUID {
		return seat, err
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return seat, err
	}
	probe := v.Iterate(ledger.PaymentPrefix(v.paid), func([]byte, []byte) bool { return false })
	switch {
	case !errors.Is(probe, ErrNotKept):
		return seat, probe
	case seat.any:
		return seat, probe
	}
	return h.seated(r, "seat")
}

func emission(e protocol.Epoch, height protocol.Height, p *ledger.Payment) Emission {
	return Emission{
		Epoch: e, Height: height, Holder: Holder{p.Seat.UID, p.Seat.Registered, p.Hotkey, p.Coldkey},
		Incentive: p.Incentive, Dividend: p.Dividend,
		IncentiveShare: share(uint64(p.Incentive), ofWeight), DividendShare: share(uint64(p.Dividend), ofWeight),
		Miner: p.Miner, Validator: p.Validator, Total: p.Miner + p.Validator, // parts of what was issued
		Drawn: p.Drawn, Fulfilled: p.Fulfilled,
	}
}

// findingsOf says what the ledger has of the cards about the duties that scaled a
// payment of epoch e.
func findingsOf(v *view, e protocol.Epoch, p *ledger.Payment) (string, error) {
	if e == 0 || p.Drawn == 0 {
		return "", nil
	}
	drawn, ok, err := ledger.ReadDrawn(v, e-1, p.Seat.UID)
	if err != nil || !ok || drawn.Judge != p.Seat {
		return "", err
	}
	said, ok, err := ledger.ReadCards(v, e-1, p.Seat.UID)
	switch {
	case err != nil:
		return "", err
	case !ok || said.Seat != p.Seat:
		return FindingsMissing, nil
	case !said.Opened():
		return FindingsSealed, nil
	case said.Lazy:
		return FindingsLazy, nil
	}
	docket, err := ledger.ReadDocket(v, e-1)
	if slices.Contains(docket.Forfeit, p.Seat) {
		return FindingsForfeit, err
	}
	return FindingsOpened, err
}

// scoreBatch is how many scores are asked of the source at a time.
const scoreBatch = 256

// scores shows what this node counted and made of it.
func (h *Handler) scores(r *request) (any, error) {
	p, err := newPager[Score](r)
	if err != nil {
		return nil, err
	}
	want, err := h.epochs(r)
	if err != nil {
		return nil, err
	}
	name := "seat"
	if _, ok := r.query["miner"]; ok { // its older name
		if _, both := r.query[name]; both {
			return nil, problem(http.StatusBadRequest, problemQuery, "give one", "seat and miner both say which seat")
		}
		name = "miner"
	}
	seat, err := h.seat(r, name)
	if err != nil {
		return nil, err
	}
	kind, err := h.kind(r)
	if err != nil {
		return nil, err
	}
	if h.src.Work == nil {
		return nil, notKept("scores", "ask a validator")
	}
	oldest, err := h.src.Work.OldestScores(r.ctx())
	if err != nil {
		return nil, fmt.Errorf("read scores: %w", err)
	}
	if want, err = p.keeps("scores", want, oldest); err != nil {
		return nil, err
	}
	l := scoreList{h: h, p: p, seat: seat, kind: kind}
	if p.newest {
		v, err := h.view(r.ctx())
		if err != nil {
			return nil, err
		}
		want.to = min(want.to, v.epoch)
		if err := walkEpochs(r.ctx(), p, want, func(e protocol.Epoch) error { return l.addNewest(r.ctx(), e) }); err != nil {
			return nil, err
		}
		return p.page(), nil
	}
	if err := l.addFrom(r.ctx(), want); err != nil {
		return nil, err
	}
	return p.page(), nil
}

// scoreList is a page of scores that is being filled.
type scoreList struct {
	h    *Handler
	p    *pager[Score]
	seat who
	kind protocol.Kind // empty for all
	ends map[protocol.Epoch]time.Time
}

// addFrom adds the scores of a range, the oldest first.
func (l *scoreList) addFrom(ctx context.Context, want epochRange) error {
	from := ScoreKey{Epoch: want.from}
	if l.p.begun && l.p.after.epoch >= want.from {
		from = ScoreKey{Epoch: l.p.after.epoch, UID: l.p.after.a}
	}
	for !l.p.more {
		list, err := l.h.src.Work.Scores(ctx, from, scoreBatch)
		if err != nil {
			return fmt.Errorf("read scores: %w", err)
		}
		for i := range list {
			if list[i].Epoch > want.to {
				return nil
			}
			if err := l.add(ctx, &list[i]); err != nil || l.p.more {
				return err
			}
		}
		var ok bool
		if from, ok = after(list); !ok {
			break
		}
	}
	return nil
}

// addNewest adds the scores of an epoch, the last first.
func (l *scoreList) addNewest(ctx context.Context, e protocol.Epoch) error {
	var all []Score
	of, alone := l.h.src.Work.(SeatScorer)
	if alone = alone && l.seat.byUID; alone {
		var err error
		if all, err = of.SeatScores(ctx, e, l.seat.uid); err != nil {
			return fmt.Errorf("read scores: %w", err)
		}
	}
	for from, more := (ScoreKey{Epoch: e}), !alone; more && from.Epoch == e; {
		list, err := l.h.src.Work.Scores(ctx, from, scoreBatch)
		if err != nil {
			return fmt.Errorf("read scores: %w", err)
		}
		for i := range list {
			if list[i].Epoch == e {
				all = append(all, list[i])
			}
		}
		from, more = after(list)
	}
	for i := range l.p.inOrder(len(all)) {
		if err := l.add(ctx, &all[i]); err != nil || l.p.more {
			return err
		}
	}
	return nil
}

// add adds a score that is wanted.
func (l *scoreList) add(ctx context.Context, s *Score) error {
	pos := position{epoch: s.Epoch, a: s.UID, b: l.h.kindIndex(s.Kind)}
	switch {
	case !l.p.wants(pos):
	case l.p.full():
	case !l.seat.is(s.UID, s.Hotkey), l.kind != "" && s.Kind != l.kind:
		l.p.skip(pos)
	default:
		out := s.shown()
		at, ok := l.ends[s.Epoch]
		if !ok {
			var err error
			if at, err = l.h.timeOf(ctx, l.h.params.Schedule.EpochEnd(s.Epoch)); err != nil {
				return err
			}
			if l.ends == nil {
				l.ends = map[protocol.Epoch]time.Time{}
			}
			l.ends[s.Epoch] = at
		}
		out.Time = at
		l.p.add(pos, out)
	}
	return nil
}

// kindIndex is the place of a kind in the order of scores; one that the network
// does not have any more comes last.
func (h *Handler) kindIndex(kind protocol.Kind) protocol.UID {
	if i := h.params.KindIndex(kind); i >= 0 {
		return protocol.UID(i)
	}
	return protocol.UID(len(h.params.Kinds))
}

// after returns the key that follows those of list; false if there is none.
func after(list []Score) (ScoreKey, bool) {
	if len(list) == 0 {
		return ScoreKey{}, false
	}
	last := list[len(list)-1]
	k := ScoreKey{Epoch: last.Epoch, UID: last.UID + 1}
	if k.UID == 0 { // the uid was the last one of its epoch
		k.Epoch++
	}
	return k, k.Epoch >= last.Epoch
}

// shown bounds what a source gave.
func (s *Score) shown() Score {
	out := *s
	out.Tasks = append([]protocol.TaskID{}, s.Tasks[:min(len(s.Tasks), MaxScoreTasks)]...)
	out.BoundShare, out.SpeedShare = share(uint64(s.Bound), ofOne), share(uint64(s.Speed), ofOne)
	out.AvailabilityShare, out.WeightShare = share(uint64(s.Availability), ofOne), share(uint64(s.Weight), ofWeight)
	return out
}
