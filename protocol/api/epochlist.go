package api

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Epoch is an item of /v1/epochs: when an epoch was, and what it paid. That of the
// running epoch has paid nothing yet.
type Epoch struct {
	Epoch protocol.Epoch `json:"epoch"`
	// First and Last are its blocks, Began and Ended their times, which are absent
	// where a block is not kept, or not there yet.
	First protocol.Height `json:"first"`
	Last  protocol.Height `json:"last"`
	Began time.Time       `json:"began,omitzero"`
	Ended time.Time       `json:"ended,omitzero"`
	Paid  bool            `json:"paid"`
	// Emission is what there was to pay, Miners and Validators what was paid, Carried
	// what stayed to be paid, Unearned what is paid to nobody.
	Emission   protocol.Amount `json:"emission"`
	Miners     protocol.Amount `json:"miners"`
	Validators protocol.Amount `json:"validators"`
	Carried    protocol.Amount `json:"carried"`
	Unearned   protocol.Amount `json:"unearned"`
	// Issued and Burned are all that ever was, up to its last block.
	Issued protocol.Amount `json:"issued"`
	Burned protocol.Amount `json:"burned"`
	// Seats is how many uids had been given; PaidMiners and PaidValidators count those
	// who were paid for work and for judging: zero where something was paid, and the
	// node has the sum alone.
	Seats          uint32 `json:"seats"`
	PaidMiners     uint32 `json:"paid_miners"`
	PaidValidators uint32 `json:"paid_validators"`
}

// epochList shows the epochs of which payments are kept, and the running one. Their
// times come last, and those alone that can be had in time.
func (h *Handler) epochList(r *request) (any, error) {
	var shown *view
	out, err := perPaidEpoch(h, r, "epochs", func(v *view, p *pager[Epoch], e protocol.Epoch) error {
		shown = v
		pos := position{epoch: e}
		if !p.wants(pos) || p.full() {
			return nil
		}
		unread := func(e protocol.Epoch) [][]byte {
			if _, known := h.ended.get(e); known || h.params.Schedule.EpochEnd(e) > v.height {
				return nil
			}
			return [][]byte{ledger.EpochKey(e)}
		}
		if err := ahead(v, p, e, unread); err != nil {
			return err
		}
		item, err := h.epoch(r.ctx(), v, e)
		if err != nil {
			return err
		}
		p.add(pos, item)
		return nil
	})
	if page, ok := out.(Page[Epoch]); ok && shown != nil {
		err = h.whenEpochs(r.ctx(), page.Items, shown.height)
	}
	return out, err
}

// whenEpochs fills in when epochs began and ended, as of a height: first when they
// ended, which pay is counted by, from the newest back.
func (h *Handler) whenEpochs(ctx context.Context, list []Epoch, height protocol.Height) error {
	newest := slices.SortedFunc(slices.Values(list), func(a, b Epoch) int { return cmp.Compare(b.Epoch, a.Epoch) })
	var heights []protocol.Height
	for i := range newest {
		if newest[i].Last <= height {
			heights = append(heights, newest[i].Last)
		}
	}
	for i := range newest {
		heights = append(heights, newest[i].First)
	}
	times, err := h.timesOf(ctx, heights)
	for i := range list {
		list[i].Began, list[i].Ended = times[list[i].First], times[list[i].Last]
	}
	return err
}

// maxPastEpochs bounds the epochs that are held: a year of epochs of half an hour.
const maxPastEpochs = 1 << 14

// pastEpochs holds epochs that have paid, without their times, of which nothing
// changes any more: to
// read one takes all payments of the epoch, or the block that closed it.
type pastEpochs struct {
	mu   sync.Mutex
	seen map[protocol.Epoch]Epoch // guarded by mu
}

func (p *pastEpochs) get(e protocol.Epoch) (Epoch, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.seen[e]
	return x, ok
}

func (p *pastEpochs) put(x *Epoch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil || len(p.seen) >= maxPastEpochs {
		p.seen = map[protocol.Epoch]Epoch{}
	}
	p.seen[x.Epoch] = *x
}

// epoch is what is known of an epoch, but for its times.
func (h *Handler) epoch(ctx context.Context, v *view, e protocol.Epoch) (Epoch, error) {
	if x, ok := h.ended.get(e); ok && x.Last <= v.height {
		return x, nil
	}
	s := h.params.Schedule
	out := Epoch{Epoch: e, First: max(s.EpochStart(e), 1), Last: s.EpochEnd(e)}
	if out.Last > v.height {
		return out, nil
	}
	paid, err := h.paidIn(ctx, v, e)
	if err != nil || paid == nil {
		return out, err
	}
	rec := &paid.Epoch
	out.Paid, out.Emission, out.Miners, out.Validators = true, rec.Emission, rec.Miners, rec.Validators
	out.Carried, out.Unearned, out.Issued, out.Burned, out.Seats = rec.Carried, rec.Unearned, rec.Issued, rec.Burned, rec.Seats
	for i := range paid.Payments {
		if paid.Payments[i].Miner > 0 {
			out.PaidMiners++
		}
		if paid.Payments[i].Validator > 0 {
			out.PaidValidators++
		}
	}
	h.ended.put(&out)
	return out, nil
}
