package rater

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// margin is how many blocks before the deadline the desk is closed: one more than
// the miner needs to seal what it is given.
const margin = miner.SealMargin + 1

// Desk is where pairs are rated: label.Desk.
type Desk interface {
	// Put lays pairs on the desk. Those that lie there already stay.
	Put(ctx context.Context, items []label.Item) error
	// Ratings returns what was said in a round so far, by slot.
	Ratings(n protocol.Round) (map[uint16]label.Rating, error)
	// Finished reports whether nothing is to be waited for in a round of so many
	// pairs: all are rated, and who rates says that none is taken back.
	Finished(n protocol.Round, pairs int) bool
	// Seal closes a round: what Ratings returns of it never changes again.
	Seal(n protocol.Round) error
}

// Config assembles a worker. All fields are needed.
type Config struct {
	ChainID string
	Params  *params.Params
	Desk    Desk
	// BlockTime is how long a block takes about, to tell people when they must be
	// done. It decides nothing; nil stands for the pause after a block.
	BlockTime func() time.Duration
}

// Rater is the worker. Its methods are safe for concurrent use.
type Rater struct {
	cfg Config

	mu   sync.Mutex // guards all below, never held over ledger or desk
	head protocol.Height
	// sets are the pairs that the ledger has, of the running round of the lane and
	// the one that is being set, by round and setter.
	sets map[setKey]known
	// dealt is what the seat is asked in the running round of the lane.
	dealt dealt
}

type setKey struct {
	round  protocol.Round
	setter protocol.UID
}

// known is a set of pairs, with their texts once they came.
type known struct {
	seat   protocol.SeatID
	hotkey protocol.PublicKey
	root   protocol.Hash
	texts  [][3]string
}

// dealt is what a seat is asked in a round of the lane.
type dealt struct {
	due   protocol.Round
	ready bool // the pairs were dealt
	asked []place
	laid  int // so many of them lie on the desk
}

// place is one pair that is asked.
type place struct {
	set     setKey
	pair    int
	swapped bool
}

var _ miner.Follower = (*Rater)(nil)

// New returns a worker that knows nothing yet.
func New(cfg Config) *Rater {
	if cfg.BlockTime == nil {
		cfg.BlockTime = func() time.Duration { return time.Duration(cfg.Params.Block.CommitMillis) * time.Millisecond }
	}
	return &Rater{cfg: cfg, sets: map[setKey]known{}}
}

// Offer says what the seat announces.
func (*Rater) Offer() wire.Offer { return wire.Offer{Kind: preference.Kind, Capacity: 1} }

// Follow reads what was set and dealt, and lays on the desk what can be rated.
func (w *Rater) Follow(ctx context.Context, r ledger.Reader, head protocol.Height, seat protocol.SeatID) error {
	k := w.cfg.Params.Kind(preference.Kind)
	if k == nil {
		return nil
	}
	length := protocol.Round(k.Rounds)
	running := w.cfg.Params.Schedule.RoundOf(head)
	set := running - running%length
	for _, n := range []protocol.Round{set, set + length} {
		if err := w.readSets(r, n); err != nil {
			return err
		}
	}
	w.mu.Lock()
	w.head = head
	maps.DeleteFunc(w.sets, func(k setKey, _ known) bool { return k.round < set })
	ready := w.dealt.ready && w.dealt.due == set+length-1
	w.mu.Unlock()
	if !ready {
		if err := w.deal(r, set+length-1, seat); err != nil {
			return err
		}
	}
	return w.lay(ctx)
}

// readSets notes what pairs a round has that were not known.
func (w *Rater) readSets(r ledger.Reader, n protocol.Round) error {
	sets, err := ledger.ReadSets(r, n)
	if err != nil {
		return err
	}
	for i := range sets {
		at := setKey{n, sets[i].Setter.UID}
		w.mu.Lock()
		old, ok := w.sets[at]
		w.mu.Unlock()
		if ok && old.seat == sets[i].Setter {
			continue
		}
		seat, _, err := ledger.ReadSeat(r, at.setter)
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.sets[at] = known{seat: sets[i].Setter, hotkey: seat.Hotkey, root: sets[i].Root}
		w.mu.Unlock()
	}
	return nil
}

// deal works out what the seat is asked in the round of the lane that falls due in
// a round, once its seed is drawn.
func (w *Rater) deal(r ledger.Reader, due protocol.Round, seat protocol.SeatID) error {
	l, ok, err := ledger.ReadLane(r, w.cfg.Params, due)
	if err != nil || !ok || l.Seed.IsZero() {
		return err
	}
	next := dealt{due: due, ready: true}
	own := slices.IndexFunc(l.Raters, func(x preference.Rater) bool { return x.ID == seat })
	if own >= 0 {
		for _, a := range l.Deal(w.cfg.Params).Seats[own] {
			next.asked = append(next.asked, place{setKey{l.Set, l.Sets[a.Set].Setter.UID}, a.Pair, a.Swapped})
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dealt = next
	return nil
}

// lay lays on the desk what is asked and whose texts are here.
func (w *Rater) lay(ctx context.Context) error {
	items, due := w.items()
	if len(items) == 0 {
		return nil
	}
	if err := w.cfg.Desk.Put(ctx, items); err != nil {
		return fmt.Errorf("lay pairs of round %d on the desk: %w", due, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dealt.due == due {
		w.dealt.laid = max(w.dealt.laid, len(items))
	}
	return nil
}

// items returns what is asked and whose texts are here; none where that was laid
// before, or where the round takes no more.
func (w *Rater) items() ([]label.Item, protocol.Round) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := &w.dealt
	closes := w.closes(d.due)
	if !d.ready || w.head >= closes {
		return nil, d.due
	}
	expected := time.Now().Add(time.Duration(closes-w.head) * w.cfg.BlockTime())
	var items []label.Item
	for slot, p := range d.asked {
		texts := w.sets[p.set].texts
		if p.pair >= len(texts) {
			continue
		}
		t := texts[p.pair]
		i := label.Item{
			Ref: label.Ref{Round: d.due, Slot: uint16(slot)}, Pair: wire.PairLeaf(t[0], t[1], t[2]),
			Prompt: t[0], A: t[1], B: t[2], Deadline: closes, Expected: expected,
		}
		if p.swapped {
			i.A, i.B = i.B, i.A
		}
		items = append(items, i)
	}
	if len(items) == d.laid {
		return nil, d.due
	}
	return items, d.due
}

// closes is the height at which the desk is closed for a round.
func (w *Rater) closes(due protocol.Round) protocol.Height {
	return w.cfg.Params.Schedule.CommitDeadline(due) - margin
}

// Answer returns the ratings of a round when who rates has finished, or when it is
// time to seal; [miner.ErrLater] before that, so that all can be taken back. It
// closes the round on the desk.
func (w *Rater) Answer(_ context.Context, t *wire.Task, _ protocol.PublicKey) ([]byte, error) {
	w.mu.Lock()
	d, head := w.dealt, w.head
	w.mu.Unlock()
	if !d.ready || d.due != t.Round || len(d.asked) == 0 {
		return nil, fmt.Errorf("nothing was dealt in round %d: %w", t.Round, miner.ErrLater)
	}
	if head < w.closes(t.Round) && !w.cfg.Desk.Finished(t.Round, len(d.asked)) {
		return nil, fmt.Errorf("%d pairs are not rated for good: %w", len(d.asked), miner.ErrLater)
	}
	if err := w.cfg.Desk.Seal(t.Round); err != nil {
		return nil, err
	}
	said, err := w.cfg.Desk.Ratings(t.Round)
	if err != nil {
		return nil, err
	}
	ratings := make([]uint8, len(d.asked))
	for slot, r := range said {
		if int(slot) < len(ratings) {
			ratings[slot] = uint8(r.Choice)
		}
	}
	return preference.Pack(ratings), nil
}

// OnPairs takes published pairs from gossip and returns nil if they are a setter's
// and were not here: such are worth passing on. Errors are those of wire, which
// blame the sender, or a miner.Reason.
func (w *Rater) OnPairs(raw []byte) error {
	p, err := wire.OpenPublished(raw, w.cfg.ChainID)
	if err != nil {
		return err
	}
	root := p.Pairs.Root()
	at := setKey{p.Pairs.Round, p.Pairs.Setter.UID}
	w.mu.Lock()
	defer w.mu.Unlock()
	k, ok := w.sets[at]
	switch {
	case !ok || k.seat != p.Pairs.Setter || k.hotkey != p.Sender || k.root != root:
		return fmt.Errorf("pairs of seat %d in round %d: %w", at.setter, at.round, miner.ErrNoPairs)
	case k.texts != nil:
		return fmt.Errorf("pairs of seat %d in round %d: %w", at.setter, at.round, miner.ErrDuplicate)
	}
	k.texts = p.Pairs.Texts
	w.sets[at] = k
	return nil
}
