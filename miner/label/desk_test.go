package label_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// noon is when everything happens.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at names a pair.
func at(round protocol.Round, slot uint16) label.Ref { return label.Ref{Round: round, Slot: slot} }

// pair returns an item of a round that is sealed at height 10 · round.
func pair(round protocol.Round, slot uint16) label.Item {
	return label.Item{
		Ref: at(round, slot), Pair: id(round, slot), Prompt: fmt.Sprintf("Question %d of round %d?", slot, round),
		A: "It is seven.", B: "It is eight.", Deadline: protocol.Height(10 * round), Expected: noon.Add(time.Duration(round) * time.Minute),
	}
}

func id(round protocol.Round, slot uint16) protocol.Hash {
	return protocol.Hash(sha256.Sum256(fmt.Appendf(nil, "pair %d %d", round, slot)))
}

func says(c label.Choice, reason string) label.Rating {
	return label.Rating{Choice: c, Reason: reason, Given: noon}
}

// home is a machine that can be switched off at any moment.
type home struct {
	t  *testing.T
	fs storetest.Crash
	// left counts the writes until the machine goes off; it does so before the
	// write, or after it and before anybody is told.
	left   int
	before bool
	label.Store
}

// off is what is thrown when the machine goes off.
type off struct{}

func newHome(t *testing.T) *home {
	h := &home{t: t, fs: storetest.NewCrash(), left: -1}
	h.Store = node.RecordsOf(storetest.Open(t, h.fs, "db"))
	return h
}

// again is the machine with what a power loss left on its disk.
func (h *home) again() *home {
	fs := h.fs.Clone(0, 1)
	return &home{t: h.t, fs: fs, left: -1, Store: node.RecordsOf(storetest.Open(h.t, fs, "db"))}
}

func (h *home) Write(fn func(put func(table string, key, value []byte))) error {
	if h.left == 0 && h.before {
		panic(off{})
	}
	err := h.Store.Write(fn)
	if h.left == 0 {
		panic(off{})
	}
	h.left--
	return err
}

func (h *home) desk() *label.Desk {
	h.t.Helper()
	d, err := label.Open(h)
	must(h.t, err)
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// wants compares what was said in a round.
func wants(t *testing.T, d *label.Desk, n protocol.Round, want map[uint16]label.Rating) {
	t.Helper()
	got, err := d.Ratings(n)
	must(t, err)
	if !maps.Equal(got, want) {
		t.Fatalf("round %d: got %v, want %v", n, got, want)
	}
}

// undo takes back what was rated last.
func undo(d *label.Desk) (label.Rating, error) {
	n := d.Look(nil).Newest
	if n == nil {
		return label.Rating{}, label.ErrStale
	}
	return d.Undo(n.Ref, n.Change)
}

// look is what a window sees that shows a pair.
func look(d *label.Desk, round protocol.Round, slot uint16) label.View {
	shown := at(round, slot)
	return d.Look(&shown)
}

func TestAPersonWorksThroughARound(t *testing.T) {
	d := newHome(t).desk()
	if v := d.Look(nil); v.Item != nil || v.Open != 0 || v.Newest != nil || v.Sealed != nil {
		t.Fatalf("a new desk: got %+v", v)
	}
	must(t, d.Put(t.Context(), []label.Item{pair(2, 0), pair(1, 1), pair(1, 0)}))
	v := d.Look(nil)
	if v.Item.Ref != at(1, 0) || v.Open != 3 || v.Rated != 0 {
		t.Fatalf("what is due first comes first: got %+v", v)
	}
	must(t, d.Rate(at(1, 0), id(1, 0), says(label.MuchA, "seven is right")))
	must(t, d.Rate(at(1, 1), id(1, 1), says(label.LittleB, "")))
	if v = look(d, 1, 0); v.Item.Ref != at(2, 0) || v.Open != 1 || v.Rated != 2 || v.Newest.Ref != at(1, 1) {
		t.Fatalf("got %+v", v)
	}
	was, err := undo(d)
	must(t, err)
	if was != says(label.LittleB, "") {
		t.Fatalf("taken back: got %v", was)
	}
	was, err = undo(d)
	must(t, err)
	if was != says(label.MuchA, "seven is right") {
		t.Fatalf("taken back: got %v", was)
	}
	if _, err := undo(d); !errors.Is(err, label.ErrStale) {
		t.Fatalf("nothing is left to take back: got %v", err)
	}
	must(t, d.Rate(at(1, 1), id(1, 1), says(label.Equal, "both are fine")))
	must(t, d.Seal(1))
	wants(t, d, 1, map[uint16]label.Rating{1: says(label.Equal, "both are fine")})
	if v = d.Look(nil); v.Item.Ref != at(2, 0) || v.Open != 1 || v.Rated != 0 || *v.Sealed != (label.Sealed{Round: 1, Rated: 1, Missed: 1}) {
		t.Fatalf("after the seal: got %+v", v)
	}
}

// A round is finished by a word of the person alone, who may take that back by
// taking back a rating; and a pair that comes late takes it back, too.
func TestARoundIsFinishedWhenThePersonSaysSo(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1)}))
	refused(t, d.Finish(2), label.ErrUnknown)
	must(t, d.Rate(at(1, 0), id(1, 0), says(label.MuchA, "")))
	refused(t, d.Finish(1), label.ErrUnrated)
	must(t, d.Rate(at(1, 1), id(1, 1), says(label.MuchB, "")))
	if v := d.Look(nil); d.Finished(1, 2) || v.Ready == nil || *v.Ready != (label.Ready{Round: 1}) {
		t.Fatalf("before it is said: %v, %+v", d.Finished(1, 2), v)
	}
	must(t, d.Finish(1))
	if v := d.Look(nil); !d.Finished(1, 2) || d.Finished(1, 3) || d.Finished(2, 0) || !v.Ready.Finished {
		t.Fatalf("got %+v", v)
	}
	_, err := undo(d)
	must(t, err)
	if v := d.Look(nil); d.Finished(1, 1) || v.Ready != nil {
		t.Fatalf("taken back: got %+v", v)
	}
	must(t, d.Rate(at(1, 1), id(1, 1), says(label.LittleB, "")))
	must(t, d.Finish(1))
	must(t, d.Put(t.Context(), []label.Item{pair(1, 2)}))
	if d.Finished(1, 2) {
		t.Fatal("finished, and another pair came")
	}
	must(t, d.Rate(at(1, 2), id(1, 2), says(label.Equal, "")))
	must(t, d.Seal(1))
	refused(t, d.Finish(1), label.ErrSealed)
	if v := d.Look(nil); v.Ready != nil {
		t.Fatalf("sealed: got %+v", v)
	}
}

func TestNothingChangesAfterTheSeal(t *testing.T) {
	h := newHome(t)
	d := h.desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1)}))
	must(t, d.Rate(at(1, 0), id(1, 0), says(label.MuchB, "")))
	last := d.Look(nil).Newest
	must(t, d.Seal(1))
	must(t, d.Seal(1))
	for name, d := range map[string]*label.Desk{"at once": d, "after a restart": h.again().desk()} {
		t.Run(name, func(t *testing.T) {
			refused(t, d.Rate(at(1, 1), id(1, 1), says(label.MuchA, "")), label.ErrSealed)
			refused(t, d.Rate(at(1, 0), id(1, 0), says(label.MuchA, "")), label.ErrSealed)
			must(t, d.Rate(at(1, 0), id(1, 0), says(label.MuchB, ""))) // sent once more: it was taken
			_, err := d.Undo(last.Ref, last.Change)
			refused(t, err, label.ErrSealed)
			must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 2)})) // the node begins the round again
			wants(t, d, 1, map[uint16]label.Rating{0: says(label.MuchB, "")})
			if v := d.Look(nil); v.Item != nil || v.Newest != nil || v.Open+v.Rated != 0 {
				t.Fatalf("got %+v", v)
			}
		})
	}
}

func TestASealCanComeBeforeThePairs(t *testing.T) {
	h := newHome(t)
	must(t, h.desk().Seal(3))
	d := h.again().desk()
	must(t, d.Put(t.Context(), []label.Item{pair(3, 0)}))
	if v := d.Look(nil); v.Item != nil || v.Sealed != nil {
		t.Fatalf("got %+v", v)
	}
}

func TestTwoWindowsDoNotOverwriteEachOther(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1), pair(1, 2)}))
	one, two := d.Look(nil).Item, d.Look(nil).Item
	must(t, d.Rate(one.Ref, one.Pair, says(label.MuchA, "mine")))
	refused(t, d.Rate(two.Ref, two.Pair, says(label.MuchB, "")), label.ErrStale)
	refused(t, d.Rate(two.Ref, two.Pair, says(label.MuchA, "not mine")), label.ErrStale)
	must(t, d.Rate(one.Ref, one.Pair, says(label.MuchA, "mine"))) // the answer was lost, and the browser sends again
	seen := d.Look(nil).Newest
	must(t, d.Rate(at(1, 1), id(1, 1), says(label.Equal, "")))
	_, err := d.Undo(seen.Ref, seen.Change)
	refused(t, err, label.ErrStale)
	_, err = undo(d)
	must(t, err)
	_, err = d.Undo(seen.Ref, seen.Change)
	must(t, err)
	must(t, d.Rate(one.Ref, one.Pair, says(label.LittleA, "on second thoughts")))
	_, err = d.Undo(seen.Ref, seen.Change) // of what is no more
	refused(t, err, label.ErrStale)
	wants(t, d, 1, map[uint16]label.Rating{0: says(label.LittleA, "on second thoughts")})
}

func TestAWindowKeepsItsPairWhileItIsOpen(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(2, 0), pair(2, 1), pair(2, 2)}))
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0)})) // due earlier, and laid there later
	if got := look(d, 2, 1).Item.Ref; got != at(2, 1) {
		t.Fatalf("got %v", got)
	}
	must(t, d.Rate(at(2, 1), id(2, 1), says(label.Equal, "")))
	for _, c := range []struct{ shown, next label.Ref }{
		{at(1, 0), at(2, 0)},
		{at(2, 0), at(2, 2)},
		{at(2, 1), at(2, 2)}, // that was rated
		{at(2, 2), at(1, 0)},
		{at(9, 9), at(1, 0)},
	} {
		if got := d.After(c.shown).Item.Ref; got != c.next {
			t.Errorf("after %v: got %v, want %v", c.shown, got, c.next)
		}
	}
}

func TestAWindowIsToldWhatBecameOfItsPair(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(1, 1), pair(2, 0)}))
	must(t, d.Rate(at(1, 0), id(1, 0), says(label.MuchA, "")))
	must(t, d.Seal(1))
	for want, shown := range map[label.Fate]label.Ref{
		label.FateRated: at(1, 0), label.FateSealed: at(1, 1), label.FateOpen: at(2, 0), label.FateNone: at(3, 0),
	} {
		if got := d.Look(&shown); got.Shown != want || got.Item.Ref != at(2, 0) {
			t.Errorf("%v: got %s, shows %v", shown, got.Shown, got.Item.Ref)
		}
	}
}

// TestManyHandsAtOneDesk has several windows rate, take back and look at once,
// while the node lays pairs there and closes the round.
func TestManyHandsAtOneDesk(t *testing.T) {
	h := newHome(t)
	d := h.desk()
	const pairs, hands = 40, 4
	var taken [hands]int
	var g sync.WaitGroup
	for hand := range hands {
		g.Go(func() {
			for slot := range uint16(pairs) {
				if err := d.Put(t.Context(), []label.Item{pair(1, slot)}); err != nil {
					t.Error(err)
				}
				err := d.Rate(at(1, slot), id(1, slot), says(label.Choice(1+hand), fmt.Sprint(hand)))
				switch {
				case err == nil:
					taken[hand]++
				case !errors.Is(err, label.ErrStale):
					t.Error(err)
				}
				if n := d.Look(nil).Newest; n != nil && n.Reason == fmt.Sprint(hand) {
					if _, err := d.Undo(n.Ref, n.Change); err == nil {
						taken[hand]--
					} else if !errors.Is(err, label.ErrStale) {
						t.Error(err)
					}
				}
			}
		})
	}
	g.Wait()
	must(t, d.Seal(1))
	var got [hands]int
	all, err := h.again().desk().Ratings(1)
	must(t, err)
	for _, r := range all {
		got[r.Choice-1]++
	}
	if got != taken {
		t.Fatalf("kept by hand: got %v, want %v", got, taken)
	}
}

func TestADeadlineMayMove(t *testing.T) {
	h := newHome(t)
	d := h.desk()
	i := pair(1, 0)
	must(t, d.Put(t.Context(), []label.Item{i}))
	must(t, d.Rate(i.Ref, i.Pair, says(label.MuchA, "")))
	i.Expected = noon.Add(time.Hour)
	must(t, d.Put(t.Context(), []label.Item{i}))
	d = h.again().desk()
	wants(t, d, 1, map[uint16]label.Rating{0: says(label.MuchA, "")})
	_, err := undo(d)
	must(t, err)
	if got := d.Look(nil).Item; *got != i {
		t.Fatalf("got %+v, want %+v", got, i)
	}
}

func TestWhatIsNoPairOrNoRatingIsRefused(t *testing.T) {
	d := newHome(t).desk()
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0)}))
	for name, change := range map[string]func(*label.Item){
		"another pair in its place": func(i *label.Item) { i.Pair = id(7, 7) },
		"another text":              func(i *label.Item) { i.B = "It is nine." },
		"a long prompt":             func(i *label.Item) { i.Slot = 1; i.Prompt = strings.Repeat("x", label.MaxText+1) },
		"no UTF-8":                  func(i *label.Item) { i.Slot = 1; i.A = "\xff" },
	} {
		i := pair(1, 0)
		change(&i)
		if err := d.Put(t.Context(), []label.Item{pair(1, 5), i}); !errors.Is(err, label.ErrItem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var many []label.Item
	for slot := range uint16(label.MaxItems) {
		many = append(many, pair(1, slot+1))
	}
	refused(t, d.Put(t.Context(), many), label.ErrItem)
	if v := d.Look(nil); v.Open != 1 {
		t.Fatalf("a part was laid on the desk: %d are open", v.Open)
	}
	for name, err := range map[string]error{
		"no choice":          d.Rate(at(1, 0), id(1, 0), says(0, "")),
		"a sixth choice":     d.Rate(at(1, 0), id(1, 0), says(6, "")),
		"a long reason":      d.Rate(at(1, 0), id(1, 0), says(1, strings.Repeat("x", label.MaxReason+1))),
		"a reason in no UTF": d.Rate(at(1, 0), id(1, 0), says(1, "\xff")),
	} {
		if !errors.Is(err, label.ErrRating) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	refused(t, d.Rate(at(1, 0), id(1, 1), says(1, "")), label.ErrUnknown)
	refused(t, d.Rate(at(1, 1), id(1, 1), says(1, "")), label.ErrUnknown)
	refused(t, d.Rate(at(2, 0), id(2, 0), says(1, "")), label.ErrUnknown)
	_, err := d.Undo(at(2, 0), 1)
	refused(t, err, label.ErrUnknown)
	wants(t, d, 1, map[uint16]label.Rating{})
}

func TestOldRoundsAreForgotten(t *testing.T) {
	h := newHome(t)
	d := h.desk()
	for n := range protocol.Round(17) {
		must(t, d.Put(t.Context(), []label.Item{pair(n, 0)}))
		must(t, d.Rate(at(n, 0), id(n, 0), says(1, "")))
	}
	for n := range protocol.Round(17) {
		must(t, d.Seal(n))
	}
	for _, d := range []*label.Desk{d, h.again().desk()} {
		wants(t, d, 0, map[uint16]label.Rating{})
		wants(t, d, 1, map[uint16]label.Rating{0: says(1, "")})
		if v := d.Look(nil); v.Sealed.Round != 16 {
			t.Fatalf("got %+v", v.Sealed)
		}
	}
}

// TestWhatIsPastItsDeadlineIsClosed: a miner that was off at the deadline sealed
// nothing, and its people should not go on.
func TestWhatIsPastItsDeadlineIsClosed(t *testing.T) {
	h := newHome(t)
	d := h.desk()
	late := pair(2, 1)
	late.Deadline = 21
	must(t, d.Put(t.Context(), []label.Item{pair(1, 0), pair(2, 0), late, pair(3, 0)}))
	must(t, d.Expire(9))
	if v := d.Look(nil); v.Open != 4 {
		t.Fatalf("before the first: got %+v", v)
	}
	must(t, d.Expire(20))
	for _, d := range []*label.Desk{d, h.again().desk()} {
		if v := d.Look(nil); v.Open != 3 || v.Sealed.Round != 1 || v.Sealed.Missed != 1 {
			t.Fatalf("at the second: got %+v", v)
		}
	}
	must(t, d.Expire(21))
	if v := d.Look(nil); v.Open != 1 || v.Item.Ref != at(3, 0) || v.Sealed.Round != 2 {
		t.Fatalf("after it: got %+v", v)
	}
}
