package label

import (
	"slices"

	"github.com/assaynet/assay/protocol"
)

// View is what a person sees of the desk.
type View struct {
	// Item is the pair to rate; nil where none is open.
	Item *Item
	// Open and Rated count the pairs of the rounds that are not sealed.
	Open, Rated int
	// Newest is the rating that [Desk.Undo] takes back; nil where there is none.
	Newest *Newest
	// Sealed is the round that was closed last, nil before any.
	Sealed *Sealed
}

// Newest is the rating that came last.
type Newest struct {
	Ref
	Change uint64
	Rating
}

// Sealed is a round that is closed.
type Sealed struct {
	Round         protocol.Round
	Rated, Missed int // pairs
}

// Look returns what a person sees who has the pair shown before the eyes: the same
// as long as it is open, else what is due first. The zero Ref shows nothing.
func (d *Desk) Look(shown Ref) View { return d.look(func(i *Item) bool { return i.Ref == shown }) }

// After is Look for who leaves the pair shown for later: the next that is open,
// and after the last of them the first again.
func (d *Desk) After(shown Ref) View {
	d.mu.Lock()
	e := d.find(shown)
	d.mu.Unlock()
	if e == nil {
		return d.Look(Ref{})
	}
	passed := false
	return d.look(func(i *Item) bool {
		if passed {
			return true
		}
		passed = i.Ref == shown
		return false
	})
}

// look shows the first open pair that want picks, else the first.
func (d *Desk) look(want func(*Item) bool) (v View) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var open []*Item
	for n, r := range d.rounds {
		rated := 0
		for _, e := range r.entries {
			switch {
			case e.rating != nil:
				rated++
			case !r.sealed:
				open = append(open, &e.item)
			}
		}
		switch {
		case !r.sealed:
			v.Rated += rated
		case len(r.entries) > 0 && (v.Sealed == nil || n > v.Sealed.Round):
			v.Sealed = &Sealed{Round: n, Rated: rated, Missed: len(r.entries) - rated}
		}
	}
	v.Open = len(open)
	if e := d.newest(); e != nil {
		v.Newest = &Newest{e.item.Ref, e.rating.change, e.rating.Rating}
	}
	if len(open) == 0 {
		return v
	}
	slices.SortFunc(open, compare)
	at := max(0, slices.IndexFunc(open, want))
	item := *open[at]
	v.Item = &item
	return v
}
