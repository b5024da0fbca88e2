package state_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func TestProofsShowValuesAndAbsences(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	for h := range uint64(5) {
		block(t, h, s)
		_, _, err := s.Commit()
		check(t, err)
	}
	snap := s.Latest()
	largest := 0
	check(t, snap.Iterate(nil, func(k, v []byte) bool {
		value, proof, err := snap.Prove(k)
		check(t, err)
		check(t, state.Verify(snap.Hash(), k, value, proof))
		if !bytes.Equal(value, v) {
			t.Fatalf("key %s: got %q, want %q", k, value, v)
		}
		largest = max(largest, len(proof))
		absent := append(bytes.Clone(k), '!')
		none, proof, err := snap.Prove(absent)
		check(t, err)
		if none != nil {
			t.Fatalf("key %s: got %q, want none", absent, none)
		}
		check(t, state.Verify(snap.Hash(), absent, nil, proof))
		return true
	}))
	t.Logf("largest proof of a value: %d bytes", largest)
	for _, outside := range []string{"\x00", "zzz"} {
		_, proof, err := snap.Prove([]byte(outside))
		check(t, err)
		check(t, state.Verify(snap.Hash(), []byte(outside), nil, proof))
	}
}

func TestAProofProvesNothingElse(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	check(t, s.Set([]byte("k"), []byte("v")))
	check(t, s.Set([]byte("l"), []byte("w")))
	check(t, s.Set([]byte("m"), []byte("x")))
	_, _, err := s.Commit()
	check(t, err)
	snap := s.Latest()
	root := snap.Hash()
	_, exist, err := snap.Prove([]byte("l"))
	check(t, err)
	_, absent, err := snap.Prove([]byte("lx"))
	check(t, err)
	for name, err := range map[string]error{
		"another value":         state.Verify(root, []byte("l"), []byte("v"), exist),
		"another key":           state.Verify(root, []byte("k"), []byte("w"), exist),
		"another root":          state.Verify(protocol.Hash{1}, []byte("l"), []byte("w"), exist),
		"absence of a value":    state.Verify(root, []byte("l"), nil, exist),
		"absence elsewhere":     state.Verify(root, []byte("l"), nil, absent),
		"a value by an absence": state.Verify(root, []byte("lx"), []byte("w"), absent),
		"an empty proof":        state.Verify(root, []byte("l"), []byte("w"), nil),
		"a cut proof":           state.Verify(root, []byte("l"), []byte("w"), exist[:len(exist)-3]),
	} {
		if !errors.Is(err, state.ErrProof) {
			t.Errorf("%s: got %v, want %v", name, err, state.ErrProof)
		}
	}
	if err := state.Verify(root, []byte("l"), make([]byte, state.MaxValue+1), exist); !errors.Is(err, state.ErrLimit) {
		t.Errorf("oversized value: got %v, want %v", err, state.ErrLimit)
	}
	if _, _, err := snap.Prove(make([]byte, state.MaxKey+1)); !errors.Is(err, state.ErrLimit) {
		t.Errorf("oversized key: got %v, want %v", err, state.ErrLimit)
	}
}

func FuzzVerifyBelievesOnlyTheTree(f *testing.F) {
	s, _ := open(f, storetest.Memory())
	block(f, 1, s)
	check(f, s.Set([]byte("key"), []byte("value")))
	_, _, err := s.Commit()
	check(f, err)
	snap := s.Latest()
	for _, k := range []string{"key", "absent", "zz"} {
		v, p, err := snap.Prove([]byte(k))
		check(f, err)
		f.Add([]byte(k), v, p)
	}
	f.Add([]byte("key"), []byte("value"), []byte{0x22, 0x02, 0x0a, 0x00})
	f.Fuzz(func(t *testing.T, key, value, proof []byte) {
		if state.Verify(snap.Hash(), key, value, proof) != nil {
			return
		}
		got, err := snap.Get(key)
		if err != nil || !bytes.Equal(got, value) {
			t.Fatalf("key %x: proven %x, have %x, %v", key, value, got, err)
		}
	})
}
