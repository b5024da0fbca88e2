package preference

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Rater is a seat that is asked to rate.
type Rater struct {
	_       struct{} `cbor:",toarray"`
	ID      protocol.SeatID
	Coldkey protocol.PublicKey // its owner
}

// Set is one setter's pairs of a round, as the ledger has them.
type Set struct {
	_       struct{} `cbor:",toarray"`
	Setter  protocol.SeatID
	Coldkey protocol.PublicKey // its owner
	Root    protocol.Hash      // of wire.Pairs
	Link    protocol.Hash      // zero until it was opened
	Origins []byte             // one a pair; none until then
	Doubted bool               // a checker made others
}

// Opened reports whether the setter said what its pairs are made from.
func (s *Set) Opened() bool { return !s.Link.IsZero() }

// Asked is one pair that a seat is asked to rate.
type Asked struct {
	Set, Pair int  // in their order
	Swapped   bool // the second response is shown first
}

// Dealt is one pair that a seat got, as the pair has it.
type Dealt struct {
	Rater int // of the raters
	Place int // among what the seat is asked, where its rating stands
	// Swapped is that of [Asked].
	Swapped bool
}

// Table is who rates which pairs of a round.
type Table struct {
	// Seats has what each rater is asked, by the order of the raters.
	Seats [][]Asked
	// Pairs has who got each pair, by set and pair; those of one pair are of
	// different owners.
	Pairs [][][]Dealt
	// Owners is the number of the raters' owners.
	Owners int
}

// PairSeed returns what the pairs are made from that a setter with this link sets
// for the round after the one with this task seed:
// SHA-256("assay/1/preference/pairs" ‖ 0 ‖ link ‖ seed).
func PairSeed(link, seed protocol.Hash) protocol.Hash {
	return wire.HashOf("assay/1/preference/pairs", link[:], seed[:])
}

// Deal gives the pairs of all sets to raters, by a seed that was drawn when all
// sets were on the ledger. Owners are dealt like cards: all of them lie in a deck,
// in an order that the seed shuffles, and each pair takes from the top as many as
// it needs, Score.FullRaters or as many owners as there are, passing over the
// setter's own and those that it has; where the deck ends, all owners lie in it
// once more. So all owners are asked equally much, however many seats they have,
// and an owner's seats take turns. An owner whose seats were all asked
// Preference.Ratings leaves the game. A pair that finds fewer than
// Score.MinRaters is given to nobody, for it could not be scored.
func Deal(p *params.Preference, seed protocol.Hash, sets []Set, raters []Rater) *Table {
	d := dealer{
		p: p, raters: raters, owners: ownersOf(raters),
		random: task.NewStream(wire.HashOf("assay/1/preference/deal", seed[:])),
		table:  &Table{Seats: make([][]Asked, len(raters)), Pairs: make([][][]Dealt, len(sets))},
	}
	d.table.Owners = len(d.owners)
	for i := range sets {
		d.table.Pairs[i] = make([][]Dealt, p.Pairs)
		for k := range d.table.Pairs[i] {
			d.pair(&sets[i], i, k)
		}
	}
	return d.table
}

// owner is the seats of one coldkey, and how many pairs they were given.
type owner struct {
	coldkey protocol.PublicKey
	seats   []int
	given   int
}

// ownersOf gathers raters by owner, in the order of their first seats.
func ownersOf(raters []Rater) (out []owner) {
	at := map[protocol.PublicKey]int{}
	for i := range raters {
		k, known := at[raters[i].Coldkey]
		if !known {
			k = len(out)
			at[raters[i].Coldkey] = k
			out = append(out, owner{coldkey: raters[i].Coldkey})
		}
		out[k].seats = append(out[k].seats, i)
	}
	return out
}

type dealer struct {
	p      *params.Preference
	raters []Rater
	owners []owner
	random *task.Stream
	deck   []int // owners, the top first
	table  *Table
}

// full reports whether an owner was given all that its seats may be asked.
func (d *dealer) full(o int) bool {
	return d.owners[o].given >= len(d.owners[o].seats)*int(d.p.Ratings)
}

// pair gives one pair of a set to raters.
func (d *dealer) pair(s *Set, set, pair int) {
	able := 0
	for o := range d.owners {
		if d.owners[o].coldkey != s.Coldkey && !d.full(o) {
			able++
		}
	}
	want := min(able, int(d.p.Score.FullRaters))
	if want < int(d.p.Score.MinRaters) {
		return
	}
	var taken []int
	for top := 0; len(taken) < want; {
		if top == len(d.deck) {
			d.deck = append(d.deck, d.shuffled()...)
		}
		o := d.deck[top]
		if d.owners[o].coldkey == s.Coldkey || slices.Contains(taken, o) {
			top++
			continue
		}
		d.deck = slices.Delete(d.deck, top, top+1)
		if !d.full(o) {
			taken = append(taken, o)
		}
	}
	for _, o := range taken {
		d.give(&d.owners[o], set, pair)
	}
}

// give gives a pair to the owner's next seat.
func (d *dealer) give(o *owner, set, pair int) {
	seat := o.seats[o.given%len(o.seats)]
	o.given++
	swapped := d.random.Below(2) == 1
	d.table.Pairs[set][pair] = append(d.table.Pairs[set][pair], Dealt{Rater: seat, Place: len(d.table.Seats[seat]), Swapped: swapped})
	d.table.Seats[seat] = append(d.table.Seats[seat], Asked{Set: set, Pair: pair, Swapped: swapped})
}

// shuffled returns all owners in an order that is drawn.
func (d *dealer) shuffled() []int {
	out := make([]int, len(d.owners))
	for i := range out {
		out[i] = i
	}
	for i := len(out) - 1; i > 0; i-- {
		k := d.random.Below(uint64(i) + 1)
		out[i], out[k] = out[k], out[i]
	}
	return out
}
