package consensus_test

import (
	"bytes"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
)

func power(name string, uid protocol.UID, p uint64) ledger.Power {
	return ledger.Power{UID: uid, Key: secret(name).Public(), Power: p}
}

func TestRotationComesBackFromTheStoreAsItWas(t *testing.T) {
	r := consensus.NewRotation([]ledger.Power{power("a", 0, 10), power("b", 1, 20), power("c", 2, 31)})
	if got := r.Eligible(3); len(got) != 0 {
		t.Fatalf("before the first block: got %v, want none", got)
	}
	updates := map[int][]ledger.Power{4: {power("b", 1, 0), power("d", 3, 90)}, 9: {power("a", 0, 1)}}
	again := r
	for h := range 40 {
		var err error
		r, err = r.After(updates[h])
		check(t, err)
		again, err = again.After(updates[h])
		check(t, err)
		b, err := again.Encode()
		check(t, err)
		again, err = consensus.DecodeRotation(b)
		check(t, err)
		x, err := r.Encode()
		check(t, err)
		if !bytes.Equal(b, x) {
			t.Fatalf("block %d: the rotation that was written and read differs", h)
		}
		got, want := again.Eligible(5), r.Eligible(5)
		if len(got) != 6 {
			t.Fatalf("block %d: got %d proposers of 6 rounds", h, len(got))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("block %d, round %d: got %s, want %s", h, i, got[i].Short(), want[i].Short())
			}
		}
	}
	if n := len(r.Eligible(1 << 30)); n > 1000 {
		t.Fatalf("a round out of reason is followed for %d rounds", n)
	}
	if r.Now().Size() != 3 {
		t.Fatalf("set at the end: got %d members, want 3", r.Now().Size())
	}
}

func TestRotationRefusesUpdatesThatEmptyTheSet(t *testing.T) {
	r := consensus.NewRotation([]ledger.Power{power("a", 0, 10)})
	if _, err := r.After([]ledger.Power{power("a", 0, 0)}); err == nil {
		t.Fatal("the last validator can be removed")
	}
}

func FuzzRotationIsReadWithoutHarm(f *testing.F) {
	r := consensus.NewRotation([]ledger.Power{power("a", 0, 10), power("b", 1, 20)})
	b, err := r.Encode()
	check(f, err)
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = consensus.DecodeRotation(b) })
}
