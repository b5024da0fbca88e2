package main

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol/api"
)

// TestASecondNodeHearsOfTheFirstWishBeforeTheSecond: a wallet that turns to
// another node, which has not heard of its first payment, or to one that was
// started anew, does not make the second one the same.
func TestASecondNodeHearsOfTheFirstWishBeforeTheSecond(t *testing.T) {
	for _, tc := range []struct {
		name   string
		stands string // what the second node says of the first payment
		next   uint64 // its next nonce
		after  time.Duration
		want   []uint64 // that are sent to it
	}{
		{"it has not heard of it", api.ProblemNotFound, 5, time.Second, []uint64{5, 6}},
		{"it has heard of it", api.ProblemTxWaiting, 6, time.Second, []uint64{6}},
		{"it has dropped it", api.ProblemTxDropped, 5, time.Second, []uint64{5}},
		{"it was long ago", api.ProblemNotFound, 5, recallFor + time.Second, []uint64{5}},
	} {
		synctest.Test(t, func(t *testing.T) {
			first := &pool{t: t, next: 5}
			s := testSender(t, t.Context(), first)
			if _, err := s.send(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(tc.after) // in the bubble
			second := &pool{t: t, next: tc.next, stands: tc.stands}
			s.n = &client{url: "http://second", http: second}
			if _, err := s.send(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(second.nonces, tc.want) {
				t.Errorf("%s: nonces %d were sent, want %d", tc.name, second.nonces, tc.want)
			}
		})
	}
}

func TestALockWithNonsenseIsALock(t *testing.T) {
	p := &pool{t: t, next: 5}
	s := testSender(t, t.Context(), p)
	f := openLock(s.keys, s.key.PublicKey())
	if _, err := f.WriteString("nonsense {"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for range 40 { // more than it remembers
		if _, err := s.send(); err != nil {
			t.Fatal(err)
		}
	}
	lock := &signerLock{f: openLock(s.keys, s.key.PublicKey())}
	defer lock.release()
	n := lock.read()
	if len(n.Sent) != 32 || n.Sent[31].Nonce != 44 || n.Sent[0].Nonce != 13 {
		t.Errorf("%d are remembered", len(n.Sent))
	}
}
