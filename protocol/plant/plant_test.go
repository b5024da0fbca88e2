package plant_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// vectors are what testdata/vectors.py makes of SPEC.md.
type vectors struct {
	Seed       string         `json:"seed"`
	Start      protocol.Epoch `json:"start"`
	Anchor     string         `json:"anchor"`
	Epoch      protocol.Epoch `json:"epoch"`
	Link       string         `json:"link"`
	TaskSeed   string         `json:"task_seed"`
	UID        protocol.UID   `json:"uid"`
	Registered uint64         `json:"registered"`
	Hotkey     string         `json:"hotkey"`
	Task       string         `json:"task"`
	Rate       uint32         `json:"rate"`
	Planted    []uint16       `json:"planted"`
	Runs       []struct {
		Slot    uint16   `json:"slot"`
		First   int      `json:"first"`
		Tokens  []int32  `json:"tokens"`
		States  []string `json:"states"`
		Place   int      `json:"place"`
		Altered string   `json:"altered"`
		Root    string   `json:"root"`
	} `json:"runs"`
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex[T ~[32]byte | ~[33]byte](t *testing.T, s string) (out T) {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(out) {
		t.Fatalf("%q: %v", s, err)
	}
	for i := range len(out) {
		out[i] = b[i]
	}
	return out
}

func (v *vectors) round(t *testing.T) plant.Round {
	t.Helper()
	seat := protocol.SeatID{UID: v.UID, Registered: protocol.Height(v.Registered)}
	return plant.Of(unhex[protocol.Hash](t, v.Link), unhex[protocol.Hash](t, v.TaskSeed), seat)
}

func (v *vectors) binding(t *testing.T) fingerprint.Binding {
	t.Helper()
	return fingerprint.Binding{Hotkey: unhex[[33]byte](t, v.Hotkey), Task: unhex[[32]byte](t, v.Task)}
}

func TestEqualsTheIndependentProgram(t *testing.T) {
	v := readVectors(t)
	m := plant.NewMaker(unhex[[32]byte](t, v.Seed), v.Start)
	if got := m.Anchor().String(); got != v.Anchor {
		t.Errorf("anchor %s, want %s", got, v.Anchor)
	}
	if link, ok := m.Link(v.Epoch); !ok || link.String() != v.Link {
		t.Errorf("link %s, want %s", link, v.Link)
	}
	r := v.round(t)
	var planted []uint16
	for s := range uint16(1024) {
		if r.Has(s, v.Rate) {
			planted = append(planted, s)
		}
	}
	if !slices.Equal(planted, v.Planted) {
		t.Errorf("planted %v, want %v", planted, v.Planted)
	}
	b := v.binding(t)
	for _, run := range v.Runs {
		var leaves []protocol.Hash
		var choices []plant.Choice
		for i, token := range run.Tokens {
			c := plant.Choice{Position: run.First + i, Token: token, State: unhex[protocol.Hash](t, run.States[i])}
			choices = append(choices, c)
			leaves = append(leaves, fingerprint.Leaf(b, c.Position, c.Token, c.State))
		}
		honest := slices.Clone(leaves)
		place, root := r.Alter(b, run.Slot, leaves, choices)
		if altered := r.State(run.Slot, place, choices[place].State); place != run.Place || root.String() != run.Root || altered.String() != run.Altered {
			t.Errorf("slot %d: place %d, state %s, root %s; want %d, %s, %s", run.Slot, place, altered, root, run.Place, run.Altered, run.Root)
		}
		for i := range leaves {
			if (leaves[i] == honest[i]) == (i == place) {
				t.Errorf("slot %d: leaf %d of %d is not as it should be", run.Slot, i, len(leaves))
			}
		}
	}
}

func TestEverythingThatAPlantFollowsFromChangesIt(t *testing.T) {
	link, seed, seat := wire.HashOf("link"), wire.HashOf("seed"), protocol.SeatID{UID: 1, Registered: 2}
	state := wire.HashOf("state")
	one := plant.Of(link, seed, seat)
	seen := map[protocol.Hash]string{one.State(3, 4, state): "the first", state: "the true state"}
	for what, h := range map[string]protocol.Hash{
		"another link":  plant.Of(wire.HashOf("other"), seed, seat).State(3, 4, state),
		"another seed":  plant.Of(link, wire.HashOf("other"), seat).State(3, 4, state),
		"another uid":   plant.Of(link, seed, protocol.SeatID{UID: 2, Registered: 2}).State(3, 4, state),
		"another seat":  plant.Of(link, seed, protocol.SeatID{UID: 1, Registered: 3}).State(3, 4, state),
		"another slot":  one.State(4, 4, state),
		"another place": one.State(3, 5, state),
		"another state": one.State(3, 4, wire.HashOf("other")),
	} {
		if as, known := seen[h]; known {
			t.Errorf("%s gives what %s does", what, as)
		}
		seen[h] = what
	}
}

func TestRatesAreKeptTo(t *testing.T) {
	r := plant.Of(wire.HashOf("link"), wire.HashOf("seed"), protocol.SeatID{})
	count := func(rate uint32) (n int) {
		for s := range uint16(1 << 15) {
			if r.Has(s, rate) {
				n++
			}
		}
		return n
	}
	// Of 32,768 slots a sixteenth is 2,048, with a deviation of 44.
	for rate, want := range map[uint32]int{0: 0, plant.One: 1 << 15, plant.One / 16: 2107} {
		if got := count(rate); got != want {
			t.Errorf("rate %d: %d planted, want %d", rate, got, want)
		}
	}
}

func TestChainOpensEachLinkOnceAndInOrder(t *testing.T) {
	m := plant.NewMaker([32]byte{1}, 10)
	c := plant.NewChain(10, m.Anchor())
	link := func(e protocol.Epoch) protocol.Hash {
		l, ok := m.Link(e)
		if !ok {
			t.Fatalf("no link for epoch %d", e)
		}
		return l
	}
	for e, l := range map[protocol.Epoch]protocol.Hash{9: link(10), 10: link(11), 11: link(10), 12: {}, 10 + plant.Links: link(10)} {
		if _, ok := c.Open(e, l); ok {
			t.Errorf("%s opens epoch %d", l.Short(), e)
		}
	}
	c, ok := c.Open(10, link(10))
	if !ok {
		t.Fatal("the first link opens nothing")
	}
	if _, again := c.Open(10, link(10)); again {
		t.Error("a link was opened twice")
	}
	c, ok = c.Open(500, link(500)) // epochs may be left out
	if _, before := c.Open(499, link(499)); !ok || before {
		t.Errorf("epoch 500 opens: %t; one before it then: %t", ok, before)
	}
	last := protocol.Epoch(10 + plant.Links - 1)
	if c, ok = c.Open(last, link(last)); !ok || c.Serves(last+1) {
		t.Error("the last link does not end the chain")
	}
	if _, ok := m.Link(last + 1); ok {
		t.Error("there is a link behind the last")
	}
	if _, ok := m.Link(9); ok {
		t.Error("there is a link before the first")
	}
	if (plant.Chain{}).Serves(0) {
		t.Error("no chain serves epoch 0")
	}
}
