package label

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// keptRounds is how many closed rounds a desk remembers: what it shows of the last,
// and what a node asks for that comes back from a restart.
const keptRounds = 16

// Desk holds the pairs that are to be rated and what was said of them. Make it
// with [Open]; its methods are safe for concurrent use.
type Desk struct {
	store Store

	// mu guards all below, and is held while a change is written: changes follow
	// each other, and a person does not notice how long the disk takes.
	mu     sync.Mutex
	rounds map[protocol.Round]*round
	// change is the number of the newest change. None has the number of another,
	// also after a restart.
	change uint64
}

type round struct {
	sealed bool
	// finished says that the person need not wait for the deadline. It is not kept:
	// who restarts is asked again, or the deadline comes.
	finished bool
	entries  map[uint16]*entry
}

// rated counts the pairs that are.
func (r *round) rated() (n int) {
	for _, e := range r.entries {
		if e.rating != nil {
			n++
		}
	}
	return n
}

type entry struct {
	item   Item
	rating *kept // nil until it is rated
}

type kept struct {
	Rating
	change uint64 // by which it came
}

// Open returns the desk that the store holds, an empty one where it holds none.
// Errors are [ErrStore] and [ErrRecord].
func Open(store Store) (*Desk, error) {
	d := &Desk{store: store, rounds: map[protocol.Round]*round{}}
	if err := d.load(); err != nil {
		return nil, err
	}
	return d, nil
}

// round returns a round, a new one where there is none.
func (d *Desk) round(n protocol.Round) *round {
	r := d.rounds[n]
	if r == nil {
		r = &round{entries: map[uint16]*entry{}}
		d.rounds[n] = r
	}
	return r
}

// find returns what lies in a place, nil where nothing does.
func (d *Desk) find(at Ref) *entry {
	r := d.rounds[at.Round]
	if r == nil {
		return nil
	}
	return r.entries[at.Slot]
}

// write makes a change durable.
func (d *Desk) write(fn func(put func(table string, key, value []byte))) error {
	if err := d.store.Write(fn); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// Put lays pairs on the desk, all or none. A pair that lies there already stays,
// with what was said of it, and takes the deadline that is given now; one of a
// round that is sealed is passed over. Errors are [ErrItem] and [ErrStore].
func (d *Desk) Put(ctx context.Context, items []Item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var put []Item
	added := map[protocol.Round]int{}
	for _, i := range items {
		i.Expected = i.Expected.UTC().Truncate(time.Second)
		if err := i.check(); err != nil {
			return err
		}
		r := d.rounds[i.Round]
		if r != nil && r.sealed {
			continue
		}
		e := d.find(i.Ref)
		switch {
		case e == nil:
			added[i.Round]++
		case !e.item.same(&i):
			return fmt.Errorf("round %d, slot %d: another pair lies there: %w", i.Round, i.Slot, ErrItem)
		case e.item.Deadline == i.Deadline && e.item.Expected.Equal(i.Expected):
			continue
		}
		put = append(put, i)
	}
	for n, more := range added {
		if r := d.rounds[n]; more > MaxItems || r != nil && len(r.entries)+more > MaxItems {
			return fmt.Errorf("round %d: more than %d pairs: %w", n, MaxItems, ErrItem)
		}
	}
	return d.lay(put)
}

// lay writes pairs and has them on the desk.
func (d *Desk) lay(items []Item) error {
	if len(items) == 0 {
		return nil
	}
	err := d.write(func(put func(string, []byte, []byte)) {
		for i := range items {
			put(tableItems, items[i].key(), encodeItem(&items[i]))
		}
	})
	if err != nil {
		return err
	}
	for _, i := range items {
		if e := d.find(i.Ref); e != nil {
			e.item = i
			continue
		}
		r := d.round(i.Round)
		r.entries[i.Slot], r.finished = &entry{item: i}, false
	}
	return nil
}

// Ratings returns what was said in a round, by slot.
func (d *Desk) Ratings(n protocol.Round) (map[uint16]Rating, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[uint16]Rating{}
	if r := d.rounds[n]; r != nil {
		for slot, e := range r.entries {
			if e.rating != nil {
				all[slot] = e.rating.Rating
			}
		}
	}
	return all, nil
}

// Seal closes a round: none of its ratings comes, goes or changes any more, also
// after a restart. A round that is closed stays so. Error: [ErrStore].
func (d *Desk) Seal(n protocol.Round) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sealLocked(n)
}

// Expire closes the rounds whose deadline a height has reached, as those of a miner
// that was off when it came. Error: [ErrStore].
func (d *Desk) Expire(height protocol.Height) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(d.rounds)) {
		r := d.rounds[n]
		late := len(r.entries) > 0
		for _, e := range r.entries {
			late = late && e.item.Deadline <= height
		}
		if !late {
			continue
		}
		if err := d.sealLocked(n); err != nil {
			return err
		}
	}
	return nil
}

// sealLocked closes a round, and forgets those that were closed long ago.
func (d *Desk) sealLocked(n protocol.Round) error {
	if r := d.rounds[n]; r != nil && r.sealed {
		return nil
	}
	closed := []protocol.Round{n}
	for n, r := range d.rounds {
		if r.sealed {
			closed = append(closed, n)
		}
	}
	slices.Sort(closed)
	old := closed[:max(0, len(closed)-keptRounds)]
	err := d.write(func(put func(string, []byte, []byte)) {
		put(tableRounds, roundKey(n), sealMark)
		for _, n := range old {
			put(tableRounds, roundKey(n), nil)
			for slot := range d.round(n).entries {
				at := Ref{n, slot}
				put(tableItems, at.key(), nil)
				put(tableRatings, at.key(), nil)
			}
		}
	})
	if err != nil {
		return err
	}
	d.round(n).sealed = true
	for _, n := range old {
		delete(d.rounds, n)
	}
	return nil
}

// Rate keeps what a person said of a pair. The same once more changes nothing, and
// is no error. Errors are [ErrRating], [ErrUnknown] (also where the place holds
// another pair), [ErrStale] (something else was said of it already), [ErrSealed]
// and [ErrStore].
func (d *Desk) Rate(at Ref, pair protocol.Hash, r Rating) error {
	if err := r.check(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.find(at)
	switch {
	case e == nil || e.item.Pair != pair:
		return fmt.Errorf("round %d, slot %d: %w", at.Round, at.Slot, ErrUnknown)
	case e.rating != nil && e.rating.Choice == r.Choice && e.rating.Reason == r.Reason:
		return nil
	case d.rounds[at.Round].sealed:
		return fmt.Errorf("round %d: %w", at.Round, ErrSealed)
	case e.rating != nil:
		return fmt.Errorf("round %d, slot %d is rated: %w", at.Round, at.Slot, ErrStale)
	}
	k := &kept{r, d.change + 1}
	k.Given = r.Given.UTC().Truncate(time.Second)
	if err := d.writeChange(at, encodeRating(k)); err != nil {
		return err
	}
	e.rating = k
	return nil
}

// Undo takes the newest rating back: the one that came by this change, as
// [View.Newest] has it. It returns what was said. Errors are [ErrUnknown],
// [ErrStale] (another is the newest by now), [ErrSealed] and [ErrStore].
func (d *Desk) Undo(at Ref, change uint64) (Rating, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.find(at)
	switch {
	case e == nil:
		return Rating{}, fmt.Errorf("round %d, slot %d: %w", at.Round, at.Slot, ErrUnknown)
	case d.rounds[at.Round].sealed:
		return Rating{}, fmt.Errorf("round %d: %w", at.Round, ErrSealed)
	}
	newest := d.newest()
	if newest != e || e.rating.change != change {
		return Rating{}, fmt.Errorf("round %d, slot %d is not what was rated last: %w", at.Round, at.Slot, ErrStale)
	}
	if err := d.writeChange(at, nil); err != nil {
		return Rating{}, err
	}
	was := e.rating.Rating
	e.rating, d.rounds[at.Round].finished = nil, false
	return was, nil
}

// Finish says that the person is done with a round, all of whose pairs are rated:
// it need not wait for its deadline. Taking a rating back takes that back, too, and
// so does a pair that comes later. Errors are [ErrUnknown], [ErrSealed] and
// [ErrUnrated].
func (d *Desk) Finish(n protocol.Round) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rounds[n]
	switch {
	case r == nil || len(r.entries) == 0:
		return fmt.Errorf("round %d: %w", n, ErrUnknown)
	case r.sealed:
		return fmt.Errorf("round %d: %w", n, ErrSealed)
	case r.rated() < len(r.entries):
		return fmt.Errorf("round %d: %d of %d pairs: %w", n, len(r.entries)-r.rated(), len(r.entries), ErrUnrated)
	}
	r.finished = true
	return nil
}

// Finished reports whether the person is done with a round that has so many pairs,
// all of which lay on the desk.
func (d *Desk) Finished(n protocol.Round, pairs int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rounds[n]
	return r != nil && r.finished && r.rated() >= pairs
}

// writeChange writes the record of a rating, or that there is none, under a new
// number.
func (d *Desk) writeChange(at Ref, record []byte) error {
	next := d.change + 1
	err := d.write(func(put func(string, []byte, []byte)) {
		put(tableRatings, at.key(), record)
		put(tableChange, changeKey, wire.Encode(next))
	})
	if err == nil {
		d.change = next
	}
	return err
}

// newest returns what was rated last of the rounds that are open, nil where
// nothing was.
func (d *Desk) newest() (last *entry) {
	for _, r := range d.rounds {
		if r.sealed {
			continue
		}
		for _, e := range r.entries {
			if e.rating != nil && (last == nil || e.rating.change > last.rating.change) {
				last = e
			}
		}
	}
	return last
}
