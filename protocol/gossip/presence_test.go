package gossip_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/assaynet/assay/protocol/gossip"
)

// twin reports whether somebody runs under a name's identity, as those peers say,
// however long they take: no silence is taken for an answer.
func twin(t *testing.T, name string, peers ...string) bool {
	t.Helper()
	there, err := gossip.PatientlyPresent(t.Context(), config(name, peers...))
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
		eventually(t, "the miner's twin is told of it", func() bool { return twin(t, "miner", hub.Addrs()...) })
	}
	eventually(t, "the hub's twin is told of it by the miner", func() bool {
		return twin(t, "hub", slices.Concat(hub.Addrs(), miner.Addrs())...)
	})
	miner.stop()
	eventually(t, "nobody is there", func() bool { return !twin(t, "miner", hub.Addrs()...) })
	addrs := hub.Addrs()
	hub.stop()
	if twin(t, "miner", addrs...) { // which would take an hour, were it waited for
		t.Error("without a hub somebody is there")
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

// signs answers questions with what who has a name's identity signs to show that it
// runs.
func signs(name string) func(context.Context, string, []byte) ([]byte, error) {
	return func(_ context.Context, _ string, question []byte) ([]byte, error) {
		k, err := crypto.UnmarshalSecp256k1PrivateKey(identity(name))
		if err != nil {
			return nil, err
		}
		return k.Sign(append([]byte("assay/1/presence\x00test-chain\x00"), question[:32]...))
	}
}

// TestWhoStartsAsksWhereItIsReachedItself: nobody is a bootstrap peer, as of the
// only validator of a network; its copy finds it where the ledger, the settings,
// or a list of all nodes says that it is reached itself, and also by what the
// ledger says of others.
func TestWhoStartsAsksWhereItIsReachedItself(t *testing.T) {
	only := launch(t, config("only"))
	other := launch(t, config("other", only.Addrs()...))
	eventually(t, "they are connected", func() bool { return len(only.Peers()) == 1 && len(other.Peers()) == 1 })
	at, _, _ := strings.Cut(only.Addrs()[0], "/p2p/")
	for where, ask := range map[string]func(c gossip.Config) (bool, error){
		"the own seat on the ledger": func(c gossip.Config) (bool, error) {
			return gossip.PatientlyPresent(t.Context(), c, gossip.Addr{Identity: publicKey(t, "only"), Addresses: []string{at}})
		},
		"another's seat on the ledger": func(c gossip.Config) (bool, error) {
			there, _, _ := strings.Cut(other.Addrs()[0], "/p2p/")
			return gossip.PatientlyPresent(t.Context(), c, gossip.Addr{Identity: publicKey(t, "silent")}, gossip.Addr{Identity: publicKey(t, "other"), Addresses: []string{there}})
		},
		"the settings' announce": func(c gossip.Config) (bool, error) {
			c.Announce = []string{at}
			return gossip.PatientlyPresent(t.Context(), c)
		},
		"the settings' listen": func(c gossip.Config) (bool, error) {
			c.Listen = []string{"/ip4/0.0.0.0/tcp/0", at}
			return gossip.PatientlyPresent(t.Context(), c)
		},
		"a list with itself": func(c gossip.Config) (bool, error) {
			c.Bootstrap = only.Addrs()
			return gossip.PatientlyPresent(t.Context(), c)
		},
	} {
		// It asks once, and takes who does not answer for away.
		eventually(t, "it is seen by "+where, func() bool {
			there, err := ask(config("only"))
			return err == nil && there
		})
	}
	if there, err := gossip.PatientlyPresent(t.Context(), config("only")); err != nil || there {
		t.Errorf("with nobody to ask: %v, %v", there, err)
	}
}

// TestWhoRunsLearnsOfItsTwin: a peer's question reaches one of two processes of an
// identity, so that one at least sees a signature that it did not make; who is
// alone sees its own, and is not taken in by a peer that lies.
func TestWhoRunsLearnsOfItsTwin(t *testing.T) {
	hub := launch(t, config("hub"))
	miner := launch(t, config("miner", hub.Addrs()...))
	eventually(t, "the miner is connected", func() bool { return len(hub.Peers()) == 1 && len(miner.Peers()) == 1 })
	for turn := range 4 {
		if gossip.AskTwin(t.Context(), miner.Host, turn) || gossip.AskTwin(t.Context(), hub.Host, turn) {
			t.Fatal("who is alone saw another process")
		}
	}
	copied := launch(t, config("miner", hub.Addrs()...))
	eventually(t, "one of the two sees the other", func() bool {
		return gossip.AskTwin(t.Context(), miner.Host, 0) || gossip.AskTwin(t.Context(), copied.Host, 0)
	})
}

// TestAValidatorStopsForItsTwin: shown that another process has its identity, a
// host that is to be alone ends with an error, and another says so and goes on.
func TestAValidatorStopsForItsTwin(t *testing.T) {
	hub := launchWith(t, config("hub"), func(h *gossip.Host) {
		if err := h.Handle(gossip.StreamPresence, signs("validator")); err != nil {
			t.Fatal(err)
		}
	})
	liar := launchWith(t, config("liar"), func(h *gossip.Host) {
		if err := h.Handle(gossip.StreamPresence, signs("liar")); err != nil {
			t.Fatal(err)
		}
	})
	c := config("validator", hub.Addrs()...)
	c.Alone = true
	h, err := gossip.New(c)
	if err != nil {
		t.Fatal(err)
	}
	gossip.TwinEvery(h, 10*time.Millisecond)
	if err := h.Run(t.Context()); !errors.Is(err, gossip.ErrElsewhere) {
		t.Errorf("a host that is to be alone: %v", err)
	}
	c.Alone = false
	forced := launchWith(t, c, func(h *gossip.Host) { gossip.TwinEvery(h, 10*time.Millisecond) })
	eventually(t, "it says so", func() bool { return forced.Elsewhere() })
	c.Bootstrap = liar.Addrs()
	fooled := launch(t, c)
	eventually(t, "the liar is connected", func() bool { return len(fooled.Peers()) == 1 })
	if gossip.AskTwin(t.Context(), fooled.Host, 0) {
		t.Error("a signature of another identity was taken for a twin's")
	}
}
