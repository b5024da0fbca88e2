package label

import (
	"slices"
	"time"

	"github.com/assaynet/assay/protocol"
)

// View is what a person sees of the desk.
type View struct {
	// Item is the pair to rate; nil where none is open.
	Item *Item
	// Shown is what became of the pair that the person had before the eyes.
	Shown Fate
	// Open and Rated count the pairs of the rounds that are not sealed.
	Open, Rated int
	// Newest is the rating that [Desk.Undo] takes back; nil where there is none.
	Newest *Newest
	// Ready is the round that is due first of those that are open and whose pairs are
	// all rated; nil where there is none.
	Ready *Ready
	// Sealed is the round that was closed last, nil before any.
	Sealed *Sealed
}

// Fate is what became of a pair.
type Fate string

// The fates.
const (
	FateOpen   Fate = "open"
	FateRated  Fate = "rated"
	FateSealed Fate = "sealed" // without a rating
	FateNone   Fate = "none"   // it is not on the desk
)

// Newest is the rating that came last.
type Newest struct {
	Ref
	Change uint64
	Rating
	// Expected is when the pair's round is sealed, from when on it stays.
	Expected time.Time
}

// Ready is a round that waits for its deadline, or, Finished, for the next block.
type Ready struct {
	Round    protocol.Round
	Finished bool
}

// Sealed is a round that is closed.
type Sealed struct {
	Round         protocol.Round
	Rated, Missed int // pairs
}

// Look returns what a person sees who has the pair shown before the eyes: the same
// as long as it is open, else what is due first. Nil is for who has none.
func (d *Desk) Look(shown *Ref) View {
	return d.look(shown, func(i *Item) bool { return shown != nil && i.Ref == *shown })
}

// After is Look for who is done with the pair shown, or leaves it for later: what
// is due next after it, and after the last of them the first.
func (d *Desk) After(shown Ref) View {
	d.mu.Lock()
	e := d.find(shown)
	d.mu.Unlock()
	return d.look(&shown, func(i *Item) bool { return e != nil && compare(i, &e.item) > 0 })
}

// look shows the first open pair that want picks, else the first.
func (d *Desk) look(shown *Ref, want func(*Item) bool) (v View) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v.Shown = d.fate(shown)
	var open []*Item
	for n, r := range d.rounds {
		rated := r.rated()
		for _, e := range r.entries {
			if e.rating == nil && !r.sealed {
				open = append(open, &e.item)
			}
		}
		switch {
		case !r.sealed:
			v.Rated += rated
			if rated > 0 && rated == len(r.entries) && (v.Ready == nil || n < v.Ready.Round) {
				v.Ready = &Ready{n, r.finished}
			}
		case len(r.entries) > 0 && (v.Sealed == nil || n > v.Sealed.Round):
			v.Sealed = &Sealed{Round: n, Rated: rated, Missed: len(r.entries) - rated}
		}
	}
	v.Open = len(open)
	if e := d.newest(); e != nil {
		v.Newest = &Newest{e.item.Ref, e.rating.change, e.rating.Rating, e.item.Expected}
	}
	if len(open) == 0 {
		return v
	}
	slices.SortFunc(open, compare)
	item := *open[max(0, slices.IndexFunc(open, want))]
	v.Item = &item
	return v
}

func (d *Desk) fate(at *Ref) Fate {
	if at == nil {
		return FateNone
	}
	switch e := d.find(*at); {
	case e == nil:
		return FateNone
	case e.rating != nil:
		return FateRated
	case d.rounds[at.Round].sealed:
		return FateSealed
	}
	return FateOpen
}
