package label_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol"
)

// story is a person's work, one step a change.
var story = []struct {
	name string
	step func(t *testing.T, d *label.Desk) error
}{
	{"pairs come", func(t *testing.T, d *label.Desk) error {
		return d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1), pair(2, 0)})
	}},
	{"the first is rated", func(_ *testing.T, d *label.Desk) error {
		return d.Rate(at(1, 0), id(1, 0), says(label.MuchA, "clear"))
	}},
	{"the second is rated", func(_ *testing.T, d *label.Desk) error {
		return d.Rate(at(1, 1), id(1, 1), says(label.Equal, ""))
	}},
	{"the second is taken back", func(_ *testing.T, d *label.Desk) error { _, err := undo(d); return err }},
	{"the deadline moves", func(t *testing.T, d *label.Desk) error {
		i := pair(1, 1)
		i.Deadline++
		return d.Put(t.Context(), []label.Item{i})
	}},
	{"the second is rated again", func(_ *testing.T, d *label.Desk) error {
		return d.Rate(at(1, 1), id(1, 1), says(label.LittleB, "on second thoughts"))
	}},
	{"the round is sealed", func(_ *testing.T, d *label.Desk) error { return d.Seal(1) }},
	{"the next is rated", func(_ *testing.T, d *label.Desk) error {
		return d.Rate(at(2, 0), id(2, 0), says(label.MuchB, ""))
	}},
	{"the next is past its deadline", func(_ *testing.T, d *label.Desk) error { return d.Expire(20) }},
}

// picture is all that can be seen of a desk.
func picture(t *testing.T, d *label.Desk) string {
	t.Helper()
	v := d.Look(nil)
	text := fmt.Sprintf("open %d, rated %d", v.Open, v.Rated)
	if v.Item != nil {
		text += fmt.Sprintf(", shows %+v", *v.Item)
	}
	if v.Newest != nil {
		text += fmt.Sprintf(", newest %+v", *v.Newest)
	}
	if v.Sealed != nil {
		text += fmt.Sprintf(", sealed %+v", *v.Sealed)
	}
	for n := range protocol.Round(3) {
		all, err := d.Ratings(n)
		must(t, err)
		text += fmt.Sprintf(", round %d: %v", n, all)
	}
	return text
}

// TestAMachineThatGoesOffAtAnyWriteLosesNothing switches the machine off before
// and after each write of the story. What is found then is the desk as it was
// before the step, or as it is after it; from there the story ends as if nothing
// had happened.
func TestAMachineThatGoesOffAtAnyWriteLosesNothing(t *testing.T) {
	whole := newHome(t).desk()
	pictures := []string{picture(t, whole)}
	for _, s := range story {
		must(t, s.step(t, whole))
		pictures = append(pictures, picture(t, whole))
	}
	for n := range story {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before %t", story[n].name, before), func(t *testing.T) {
				h := newHome(t)
				h.left, h.before = n, before
				died := -1
				d := h.desk()
				for i := range story {
					if ended(func() { must(t, story[i].step(t, d)) }) {
						died = i
						break
					}
				}
				if died != n {
					t.Fatalf("went off at step %d, want %d: a step is one write", died, n)
				}
				d = h.again().desk()
				next := n
				if !before {
					next++
				}
				if got := picture(t, d); got != pictures[next] {
					t.Fatalf("got %s\nwant %s", got, pictures[next])
				}
				for i := next; i < len(story); i++ {
					must(t, story[i].step(t, d))
				}
				if got := picture(t, d); got != pictures[len(story)] {
					t.Fatalf("at the end: got %s\nwant %s", got, pictures[len(story)])
				}
			})
		}
	}
}

// ended runs a step, and reports whether the machine went off meanwhile.
func ended(step func()) (dead bool) {
	defer func() {
		if v := recover(); v != nil {
			if _, dead = v.(off); !dead {
				panic(v)
			}
		}
	}()
	step()
	return false
}

// TestAStoreThatFailsChangesNothing: what could not be written is not on the desk.
func TestAStoreThatFailsChangesNothing(t *testing.T) {
	for n, s := range story {
		t.Run(s.name, func(t *testing.T) {
			h := &failing{home: newHome(t)}
			d, err := label.Open(h)
			must(t, err)
			for i := range n {
				must(t, story[i].step(t, d))
			}
			was := picture(t, d)
			h.fails = true
			refused(t, s.step(t, d), label.ErrStore)
			if got := picture(t, d); got != was {
				t.Fatalf("got %s\nwant %s", got, was)
			}
			h.fails = false
			must(t, s.step(t, d))
		})
	}
}

// failing is a home whose disk refuses writes.
type failing struct {
	*home
	fails bool
}

func (f *failing) Write(fn func(put func(table string, key, value []byte))) error {
	if f.fails {
		return errFull
	}
	return f.home.Write(fn)
}

var errFull = errors.New("no space is left")
