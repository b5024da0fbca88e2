package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// walkEpochs calls fn for the epochs of a range that the page may need, until
// the page is full.
func walkEpochs[T any](ctx context.Context, p *pager[T], r epochRange, fn func(e protocol.Epoch) error) error {
	if p.begun {
		r.from = max(r.from, p.after.epoch)
	}
	for e := r.from; e <= r.to && !p.more; e++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return fmt.Errorf("epoch %d: %w", e, err)
		}
	}
	return nil
}

// perEpoch shows a list that the ledger keeps epoch by epoch: add adds the items
// of one, until the page is full.
func perEpoch[T any](h *Handler, r *request, list string, add func(v *view, p *pager[T], e protocol.Epoch) error) (any, error) {
	p, err := newPager[T](r)
	if err != nil {
		return nil, err
	}
	want, err := r.epochs()
	if err != nil {
		return nil, err
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	if want, err = p.keeps(list, want, v.oldest); err != nil {
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
	return perEpoch(h, r, "weights", func(v *view, p *pager[Weight], e protocol.Epoch) error {
		rows, err := ledger.ReadWeightRows(v, e)
		if err != nil {
			return err
		}
		for i := range rows {
			addRow(p, e, &rows[i])
		}
		return nil
	})
}

// addRow adds the entries of one validator's row.
func addRow(p *pager[Weight], e protocol.Epoch, w *ledger.Weights) {
	for j := range min(len(w.UIDs), len(w.Values)) {
		pos := position{e, w.Seat.UID, w.UIDs[j]}
		if !p.wants(pos) {
			continue
		}
		if p.full() {
			return
		}
		p.add(pos, Weight{Epoch: e, Validator: w.Seat.UID, UID: w.UIDs[j], Value: w.Values[j]})
	}
}

// emissions shows what each epoch paid to each seat.
func (h *Handler) emissions(r *request) (any, error) {
	return perEpoch(h, r, "emissions", func(v *view, p *pager[Emission], e protocol.Epoch) error {
		rec, ok, err := ledger.ReadEpoch(v, e)
		if err != nil || !ok {
			return err
		}
		list, err := ledger.ReadPayments(v, e)
		if err != nil {
			return err
		}
		for i := range list {
			pos := position{epoch: e, a: list[i].Seat.UID}
			if !p.wants(pos) {
				continue
			}
			if p.full() {
				return nil
			}
			m := emission(e, rec.Height, &list[i])
			if m.Findings, err = findingsOf(v, e, &list[i]); err != nil {
				return err
			}
			p.add(pos, m)
		}
		return nil
	})
}

func emission(e protocol.Epoch, height protocol.Height, p *ledger.Payment) Emission {
	return Emission{
		Epoch: e, Height: height, Holder: Holder{p.Seat.UID, p.Seat.Registered, p.Hotkey, p.Coldkey},
		Incentive: p.Incentive, Dividend: p.Dividend,
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
	want, err := r.epochs()
	if err != nil {
		return nil, err
	}
	seat, err := r.seat("miner")
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
	from := ScoreKey{Epoch: want.from}
	if p.begun && p.after.epoch >= want.from {
		from = ScoreKey{Epoch: p.after.epoch, UID: p.after.a}
	}
	for !p.more {
		list, err := h.src.Work.Scores(r.ctx(), from, scoreBatch)
		if err != nil {
			return nil, fmt.Errorf("read scores: %w", err)
		}
		for i := range list {
			s := &list[i]
			pos := position{epoch: s.Epoch, a: s.UID, b: h.kindIndex(s.Kind)}
			switch {
			case s.Epoch > want.to:
				return p.page(), nil
			case !p.wants(pos):
			case p.full():
				return p.page(), nil
			case !seat.is(s.UID, s.Hotkey):
				p.skip(pos)
			default:
				p.add(pos, s.shown())
			}
		}
		var ok bool
		if from, ok = after(list); !ok {
			break
		}
	}
	return p.page(), nil
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
	return out
}
