package preference

import (
	"cmp"
	"fmt"
	"slices"
)

// Carry is what an epoch leaves to the next: all that is remembered, by ids, in
// 65536ths. Two books with the same pairs have equal ones.
type Carry struct {
	Epoch uint64        `json:"epoch"` // the last that was scored
	Golds []CarriedGold `json:"golds"`
	Twos  []CarriedTwo  `json:"twos"`
}

// CarriedGold counts the golds of a setter that a rater was asked and got
// right, those on which Z is right first.
type CarriedGold struct {
	Rater  string    `json:"rater"`
	Setter string    `json:"setter"`
	Asked  [2]uint64 `json:"asked"`
	Right  [2]uint64 `json:"right"`
}

// CarriedTwo is what two raters did on ordinary pairs in common: the sum of
// their agreement, the pairs, the answers of both that stood against all others,
// and those of them that the other gave, too.
type CarriedTwo struct {
	A       string `json:"a"`
	B       string `json:"b"` // after A by [CompareIDs]
	Agree   int64  `json:"agree"`
	Met     uint64 `json:"met"`
	Against uint64 `json:"against"`
	Beside  uint64 `json:"beside"`
}

// maxCarried bounds a carried sum: what [MaxPairs] an epoch can come to at most,
// with room.
const maxCarried = 1 << 50

// Carry returns what the scored epochs leave, without what has faded to
// nothing, sorted. A book that scored nothing has an empty one.
func (b *Book) Carry() Carry {
	c := Carry{Epoch: b.sums.epoch, Golds: []CarriedGold{}, Twos: []CarriedTwo{}}
	for i, list := range b.sums.golds {
		for _, t := range list {
			if !t.faded() {
				c.Golds = append(c.Golds, CarriedGold{b.raters.list[i], b.setters.list[t.setter], t.asked, t.right})
			}
		}
	}
	for _, t := range b.sums.pairs {
		if t.faded() {
			continue
		}
		x := CarriedTwo{b.raters.list[t.a], b.raters.list[t.b], t.agree, t.met, t.against, t.beside}
		if CompareIDs(x.A, x.B) > 0 {
			x.A, x.B = x.B, x.A
		}
		c.Twos = append(c.Twos, x)
	}
	slices.SortFunc(c.Golds, CompareGolds)
	slices.SortFunc(c.Twos, CompareTwos)
	return c
}

// CompareGolds orders carried golds by rater, then by setter.
func CompareGolds(x, y CarriedGold) int {
	return cmp.Or(CompareIDs(x.Rater, y.Rater), CompareIDs(x.Setter, y.Setter))
}

// CompareTwos orders carried twos by their first rater, then by the second.
func CompareTwos(x, y CarriedTwo) int {
	return cmp.Or(CompareIDs(x.A, y.A), CompareIDs(x.B, y.B))
}

// Restore begins the book with what earlier epochs left; an empty carry leaves
// nothing, not even its epoch. It is called before any pair is added. Errors:
// [ErrCarry], [ErrLimit].
func (b *Book) Restore(c Carry) error {
	if len(b.seen) > 0 || b.sums.any {
		return fmt.Errorf("%w: the book is no longer empty", ErrCarry)
	}
	if len(c.Twos) > MaxMeetings {
		return errMeetings
	}
	for i, g := range c.Golds {
		if i > 0 && CompareGolds(c.Golds[i-1], g) >= 0 {
			return fmt.Errorf("%w: golds are not ascending at %d", ErrCarry, i)
		}
		if err := b.restoreGold(&g); err != nil {
			return fmt.Errorf("gold %d: %w", i, err)
		}
	}
	for i, t := range c.Twos {
		if i > 0 && CompareTwos(c.Twos[i-1], t) >= 0 {
			return fmt.Errorf("%w: twos are not ascending at %d", ErrCarry, i)
		}
		if err := b.restoreTwo(&t); err != nil {
			return fmt.Errorf("two %d: %w", i, err)
		}
	}
	if len(c.Golds)+len(c.Twos) > 0 {
		b.sums.epoch, b.sums.any = c.Epoch, true
	}
	return nil
}

func (b *Book) restoreGold(g *CarriedGold) error {
	if !validID(g.Rater) || !validID(g.Setter) || !within(g.Right, g.Asked) {
		return fmt.Errorf("%w: ids have 1 to %d bytes, and right <= asked <= 2^50", ErrCarry, MaxID)
	}
	rater, err := b.raters.intern(g.Rater, "raters")
	if err != nil {
		return err
	}
	setter, err := b.setters.intern(g.Setter, "setters")
	if err != nil {
		return err
	}
	t := b.sums.tally(rater, setter)
	t.asked, t.right = g.Asked, g.Right
	return nil
}

func (b *Book) restoreTwo(x *CarriedTwo) error {
	if !validID(x.A) || !validID(x.B) || CompareIDs(x.A, x.B) >= 0 {
		return fmt.Errorf("%w: ids have 1 to %d bytes, and a is before b", ErrCarry, MaxID)
	}
	if x.Beside > x.Against || x.Against > maxCarried || magnitude(x.Agree) > maxCarried || x.Met > maxCarried {
		return fmt.Errorf("%w: beside <= against <= 2^50, and agree and met at most that", ErrCarry)
	}
	a, err := b.raters.intern(x.A, "raters")
	if err != nil {
		return err
	}
	o, err := b.raters.intern(x.B, "raters")
	if err != nil {
		return err
	}
	t, err := b.sums.between(a, o)
	if err != nil {
		return err
	}
	t.agree, t.met, t.against, t.beside = x.Agree, x.Met, x.Against, x.Beside
	return nil
}

func within(part, all [2]uint64) bool {
	return part[0] <= all[0] && part[1] <= all[1] && all[0] <= maxCarried && all[1] <= maxCarried
}
