package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

// node and part are the form of a part, as anybody may write it.
type node struct {
	_       struct{} `cbor:",toarray"`
	Key     []byte
	Value   []byte
	Version uint64
	Height  uint8
}

type part struct {
	_     struct{} `cbor:",toarray"`
	Nodes []node
}

// exported is a state of 30 blocks, and its parts.
func exported(t testing.TB) (*state.State, [][]byte) {
	t.Helper()
	s, _ := open(t, storetest.Memory())
	for h := range uint64(30) {
		block(t, h+1, s)
		_, _, err := s.Commit()
		check(t, err)
	}
	var parts [][]byte
	check(t, s.Latest().Export(func(p []byte) error { parts = append(parts, bytes.Clone(p)); return nil }))
	return s, parts
}

// TestAStateGoesOnElsewhere: what is put together from the parts has the same root
// and values, goes on with the same blocks to the same roots, gives the same parts
// again, and is there after a start.
func TestAStateGoesOnElsewhere(t *testing.T) {
	from, parts := exported(t)
	fs := storetest.Memory()
	to, db := open(t, fs)
	r, err := to.Restore(30)
	check(t, err)
	for _, p := range parts {
		check(t, r.Add(p))
	}
	if to.Version() != 0 {
		t.Error("it can be read before it is whole")
	}
	check(t, r.Finish(from.Hash()))
	if to.Version() != 30 || to.Hash() != from.Hash() || !slices.Equal(dump(t, to.Latest(), ""), dump(t, from.Latest(), "")) {
		t.Fatalf("got state %d with root %s, want 30 with %s", to.Version(), to.Hash(), from.Hash())
	}
	var again [][]byte
	check(t, to.Latest().Export(func(p []byte) error { again = append(again, bytes.Clone(p)); return nil }))
	if !slices.EqualFunc(again, parts, bytes.Equal) {
		t.Error("the parts are others than those it was made of")
	}
	for h := uint64(31); h <= 260; h++ { // beyond the versions that are kept
		block(t, h, from, to)
		want, _, err := from.Commit()
		check(t, err)
		got, at, err := to.Commit()
		check(t, err)
		if got != want || at != protocol.Height(h) {
			t.Fatalf("block %d: root %s of %d, want %s", h, got, at, want)
		}
	}
	if _, err := to.Restore(300); !errors.Is(err, state.ErrVersion) {
		t.Errorf("over a state that is there: got %v, want %v", err, state.ErrVersion)
	}
	check(t, db.Close())
	to, _ = open(t, fs)
	if to.Version() != 260 || to.Hash() != from.Hash() {
		t.Errorf("after a start: state %d with root %s", to.Version(), to.Hash())
	}
}

// TestPartsOfAnotherStateLeaveNothing: parts that are missing, out of order,
// changed or of no tree are refused, and the right ones are taken afterwards.
func TestPartsOfAnotherStateLeaveNothing(t *testing.T) {
	from, parts := exported(t)
	var whole part
	check(t, wire.Decode(parts[0], state.MaxPart, &whole))
	leaf := slices.IndexFunc(whole.Nodes, func(n node) bool { return n.Height == 0 })
	inner := slices.IndexFunc(whole.Nodes, func(n node) bool { return n.Height == 1 })
	changed := func(change func(p *part)) []byte {
		p := part{Nodes: slices.Clone(whole.Nodes)}
		change(&p)
		return wire.Encode(&p)
	}
	to, _ := open(t, storetest.Memory())
	for name, c := range map[string]struct {
		part []byte
		want error
	}{
		"another value":       {changed(func(p *part) { p.Nodes[leaf].Value = []byte("mine") }), state.ErrProof},
		"another version":     {changed(func(p *part) { p.Nodes[leaf].Version = 1 + p.Nodes[leaf].Version%30 }), state.ErrProof},
		"one node less":       {changed(func(p *part) { p.Nodes = p.Nodes[:len(p.Nodes)-1] }), state.ErrPart},
		"one leaf more":       {changed(func(p *part) { p.Nodes = append(p.Nodes, p.Nodes[leaf]) }), state.ErrPart},
		"a version to come":   {changed(func(p *part) { p.Nodes[leaf].Version = 31 }), state.ErrPart},
		"a version below all": {changed(func(p *part) { p.Nodes[leaf].Version = 1 << 63 }), state.ErrPart},
		"version 0":           {changed(func(p *part) { p.Nodes[leaf].Version = 0 }), state.ErrPart},
		"a leaf without one":  {changed(func(p *part) { p.Nodes[leaf].Value = nil }), state.ErrPart},
		"an inner value":      {changed(func(p *part) { p.Nodes[inner].Value = []byte{1} }), state.ErrPart},
		"too high":            {changed(func(p *part) { p.Nodes[inner].Height = 2 }), state.ErrPart},
		"another way to it":   {changed(func(p *part) { p.Nodes[inner].Key = []byte{0} }), state.ErrPart},
		"keys out of order":   {changed(func(p *part) { p.Nodes[0], p.Nodes[1] = p.Nodes[1], p.Nodes[0] }), state.ErrPart},
		"first without any":   {changed(func(p *part) { p.Nodes = p.Nodes[inner:] }), state.ErrPart},
		"a long key":          {changed(func(p *part) { p.Nodes[leaf].Key = make([]byte, state.MaxKey+1) }), state.ErrPart},
		"nothing":             {changed(func(p *part) { p.Nodes = nil }), state.ErrPart},
		"leaves alone": {changed(func(p *part) {
			p.Nodes = slices.Repeat([]node{p.Nodes[leaf]}, 200)
		}), state.ErrPart},
		"no part": {[]byte("nodes"), state.ErrPart},
		"cut off": {parts[0][:len(parts[0])/2], state.ErrPart},
	} {
		r, err := to.Restore(30)
		check(t, err)
		err = r.Add(c.part)
		if err == nil {
			err = r.Finish(from.Hash())
		} else {
			check(t, r.Discard())
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if to.Version() != 0 {
			t.Fatalf("%s: it became state %d", name, to.Version())
		}
	}
	r, err := to.Restore(30)
	check(t, err)
	for _, p := range parts {
		check(t, r.Add(p))
	}
	check(t, r.Finish(from.Hash()))
}

// TestAFullDiskIsNoPeersFault: a part that cannot be written is not said to be
// none, for who sent it would be shunned.
func TestAFullDiskIsNoPeersFault(t *testing.T) {
	from := small(t)
	to, db := open(t, storetest.Memory())
	r, err := to.Restore(1)
	check(t, err)
	check(t, db.Close())
	err = from.Latest().Export(r.Add)
	if err == nil || errors.Is(err, state.ErrPart) || errors.Is(err, state.ErrProof) {
		t.Errorf("got %v", err)
	}
}

// small is a state of 12,000 records of fourteen bytes: a tree is put together ten
// thousand nodes at a time, of which it has twice that.
func small(t *testing.T) *state.State {
	t.Helper()
	s, _ := open(t, storetest.Memory())
	for i := range 12_000 {
		check(t, s.Set(fmt.Appendf(nil, "key %05d", i), []byte("value")))
	}
	_, _, err := s.Commit()
	check(t, err)
	return s
}

// TestSmallRecordsMakePartsThatCanBeRead: a part ends after 8,192 nodes, also where
// it has room for more.
func TestSmallRecordsMakePartsThatCanBeRead(t *testing.T) {
	from := small(t)
	to, _ := open(t, storetest.Memory())
	r, err := to.Restore(1)
	check(t, err)
	var nodes []int
	check(t, from.Latest().Export(func(b []byte) error {
		var p part
		check(t, wire.Decode(b, state.MaxPart, &p))
		nodes = append(nodes, len(p.Nodes))
		return r.Add(b)
	}))
	check(t, r.Finish(from.Hash()))
	if want := []int{8192, 8192, 7615}; !slices.Equal(nodes, want) || to.Hash() != from.Hash() {
		t.Errorf("parts of %d nodes, want %d; root %s, want %s", nodes, want, to.Hash(), from.Hash())
	}
}

// TestALargeStateHasSeveralParts, none of which is over the limit.
func TestALargeStateHasSeveralParts(t *testing.T) {
	from, _ := open(t, storetest.Memory())
	for i := range 40 {
		check(t, from.Set([]byte{byte(i)}, bytes.Repeat([]byte{byte(i)}, 100_000)))
	}
	check(t, from.Set([]byte("largest"), make([]byte, state.MaxValue)))
	root, _, err := from.Commit()
	check(t, err)
	to, _ := open(t, storetest.Memory())
	r, err := to.Restore(1)
	check(t, err)
	parts := 0
	check(t, from.Latest().Export(func(p []byte) error {
		if parts++; len(p) > state.MaxPart {
			t.Errorf("a part of %d bytes, at most %d", len(p), state.MaxPart)
		}
		return r.Add(p)
	}))
	check(t, r.Finish(root))
	if parts != 8 {
		t.Errorf("%d parts, want 8", parts)
	}
}

// TestAnExportThatIsOvertakenFails: the version goes while it is exported, and half
// of it is no export.
func TestAnExportThatIsOvertakenFails(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	write := func(b byte) {
		for i := range 40 {
			check(t, s.Set([]byte{byte(i)}, bytes.Repeat([]byte{b}, 100_000)))
		}
	}
	write(1)
	_, _, err := s.Commit()
	check(t, err)
	parts := 0
	err = s.Latest().Export(func([]byte) error {
		if parts++; parts > 1 {
			return nil
		}
		write(2)
		for range state.Keep + 1 {
			_, _, err := s.Commit()
			check(t, err)
		}
		return nil
	})
	if !errors.Is(err, state.ErrVersion) {
		t.Errorf("after %d parts: got %v, want %v", parts, err, state.ErrVersion)
	}
}

// FuzzAPartIsRefusedWithoutHarm: whatever comes as a part, a state is whole or not
// there.
func FuzzAPartIsRefusedWithoutHarm(f *testing.F) {
	from, parts := exported(f)
	f.Add(parts[0])
	f.Add(wire.Encode(&part{Nodes: []node{{Key: []byte{1}, Value: []byte{1}, Version: 1}}}))
	f.Add(wire.Encode(&part{Nodes: []node{{Key: []byte{1}, Version: 1, Height: 1}}}))
	fresh := func(t testing.TB) *state.State {
		db, err := store.Open("db", store.Options{FS: storetest.Memory()}) // it lasts longer than one of the cases
		check(t, err)
		s, err := state.Open(db.Space("state"))
		check(t, err)
		return s
	}
	to := fresh(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := to.Restore(30)
		check(t, err)
		if err := r.Add(b); err != nil {
			check(t, r.Discard())
			return
		}
		if err := r.Finish(from.Hash()); err == nil {
			if !bytes.Equal(b, parts[0]) {
				t.Error("other bytes make the same state")
			}
			to = fresh(t)
		}
	})
}
