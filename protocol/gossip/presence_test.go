package gossip_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/assaynet/assay/protocol/gossip"
)

// twin reports whether somebody runs under a name's identity, as those peers say.
func twin(t *testing.T, name string, peers ...string) bool {
	t.Helper()
	there, err := gossip.Present(t.Context(), config(name, peers...))
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// TestWhoStartsLearnsOfItsTwin: a hub has a miner show that it runs, to who asks
// under the same identity, however often, and as long as it runs; who asks is not
// taken for it, and a hub that is away is not waited for.
func TestWhoStartsLearnsOfItsTwin(t *testing.T) {
	hub := launch(t, config("hub"))
	miner := launch(t, config("miner", hub.Addrs()...))
	eventually(t, "the miner is connected", func() bool { return len(hub.Peers()) == 1 })
	if twin(t, "stranger", hub.Addrs()...) {
		t.Error("a stranger was told of a twin")
	}
	for range 6 {
		if !twin(t, "miner", hub.Addrs()...) {
			t.Fatal("the miner's twin was not told of it")
		}
	}
	if !twin(t, "hub", slices.Concat(hub.Addrs(), miner.Addrs())...) {
		t.Error("the hub's twin was not told of it by the miner")
	}
	miner.stop()
	eventually(t, "nobody is there", func() bool { return !twin(t, "miner", hub.Addrs()...) })
	addrs := hub.Addrs()
	hub.stop()
	began := time.Now()
	if twin(t, "miner", addrs...) || time.Since(began) > 3*time.Second {
		t.Errorf("without a hub it took %s", time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gossip.Present(ctx, config("miner", addrs...)); !errors.Is(err, context.Canceled) {
		t.Errorf("a question that was stopped: %v", err)
	}
}

// TestNobodyCanSayThatATwinIsThere: a hub that answers by a signature of its own,
// by one of another question, or by much, keeps nobody from starting; what it is
// asked that is no question it refuses.
func TestNobodyCanSayThatATwinIsThere(t *testing.T) {
	hub := launch(t, config("hub"))
	miner := launch(t, config("miner", hub.Addrs()...))
	eventually(t, "the miner is connected", func() bool { return len(hub.Peers()) == 1 })
	id, err := peer.Decode(miner.ID())
	if err != nil {
		t.Fatal(err)
	}
	old, err := hub.Request(t.Context(), miner.ID(), gossip.StreamPresence, append(bytes.Repeat([]byte("n"), 32), id...))
	if err != nil || len(old) < 64 {
		t.Fatalf("the miner signed %x, %v", old, err)
	}
	for what, lie := range map[string][]byte{
		"a signature of another nonce": old,
		"a byte":                       {1},
		"much":                         make([]byte, 1<<20),
	} {
		liar := launchWith(t, config("liar "+what), func(h *gossip.Host) {
			if err := h.Handle(gossip.StreamPresence, func(context.Context, string, []byte) ([]byte, error) { return lie, nil }); err != nil {
				t.Fatal(err)
			}
		})
		if twin(t, "miner", liar.Addrs()...) {
			t.Errorf("%s was taken for a twin", what)
		}
	}
	for _, q := range [][]byte{nil, make([]byte, 32), make([]byte, 40), make([]byte, 161)} {
		if _, err := hub.Request(t.Context(), miner.ID(), gossip.StreamPresence, q); !errors.Is(err, gossip.ErrRefused) {
			t.Errorf("a question of %d bytes: %v", len(q), err)
		}
	}
}
