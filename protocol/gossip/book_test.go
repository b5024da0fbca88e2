package gossip_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol/gossip"
)

var (
	errRefused = errors.New("connection refused")
	noon       = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

func TestBookDialsBootstrapPeersAlwaysAndOthersUpToTheDegree(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	b.Add(true, "self")
	b.Add(true, "boot")
	for i := range 10 {
		b.Add(false, fmt.Sprint("seat ", i))
	}
	if got := b.Due(noon, nil, 4, 3, 8); !slices.Equal(got, []string{"boot"}) {
		t.Errorf("above the degree: got %v, want the bootstrap peer only", got)
	}
	if got := b.Due(noon, nil, 0, 3, 8); len(got) != 2 || slices.Contains(got, "boot") {
		t.Errorf("got %v, want two seats: the bootstrap peer is on its way", got)
	}
	if got := b.Due(noon, nil, 0, 3, 8); len(got) != 0 {
		t.Errorf("got %v, want none: three are on their way", got)
	}
	if got := b.Due(noon, nil, 0, 9, 2); len(got) != 2 {
		t.Errorf("got %v, want as many as may be dialled at once", got)
	}
}

func TestBookWaitsLongerAfterEachFailure(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	b.Add(true, "boot")
	now := noon
	for i := range 10 {
		if got := b.Due(now, nil, 0, 1, 8); len(got) != 1 {
			t.Fatalf("failure %d: not due", i)
		}
		if first := b.Dialled("boot", now, errRefused); first != (i == 0) {
			t.Errorf("failure %d: told as first: %v", i, first)
		}
		pause := time.Second << min(i, 6)
		if got := b.Due(now.Add(pause*3/4-1), nil, 0, 1, 8); len(got) != 0 {
			t.Errorf("failure %d: due after less than three quarters of %s", i, pause)
		}
		now = now.Add(pause*5/4 + 1)
	}
}

func TestBookForgetsFailuresWhenAConnectionLasts(t *testing.T) {
	up := map[string]bool{"boot": true}
	for _, c := range []struct {
		lasted time.Duration
		again  bool // whether it is dialled within two seconds
	}{{5 * time.Second, false}, {time.Minute, true}} {
		b := gossip.NewBook("self", time.Second)
		b.Add(true, "boot")
		now := noon
		for range 6 {
			b.Due(now, nil, 0, 1, 8)
			b.Dialled("boot", now, errRefused)
			now = now.Add(time.Minute + 20*time.Second)
		}
		b.Due(now, nil, 0, 1, 8)
		b.Dialled("boot", now, nil)
		b.Due(now, up, 1, 1, 8)
		now = now.Add(c.lasted)
		b.Due(now, up, 1, 1, 8)
		again := len(b.Due(now.Add(2*time.Second), nil, 0, 1, 8)) == 1
		if again != c.again {
			t.Errorf("lasted %s: dialled soon: %v, want %v", c.lasted, again, c.again)
		}
	}
}

// TestBookKnowsOfWhichChainAPeerWas until it was reached and is of this one: by a
// dial, or by its own, which lasts.
func TestBookKnowsOfWhichChainAPeerWas(t *testing.T) {
	up := map[string]bool{"boot": true}
	b := gossip.NewBook("self", time.Second)
	b.Add(true, "boot")
	said := func(what, want string) {
		t.Helper()
		if got := b.OtherChain(); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	said("nobody was dialled", "")
	b.Dialled("boot", noon, errRefused)
	said("it was never reached", "")
	b.DialledForeign("boot", noon, "other")
	said("it was reached", "other")
	b.Dialled("boot", noon, errRefused)
	said("it is away", "other")
	b.DialledForeign("boot", noon, "third")
	said("it is of yet another", "third")
	b.Dialled("boot", noon, nil)
	said("it is of this one", "")
	b.DialledForeign("boot", noon, "other")
	b.Due(noon, up, 1, 1, 8)
	b.Due(noon.Add(time.Second), up, 1, 1, 8)
	said("it dialled, and is about to be let go", "other")
	b.Due(noon.Add(time.Minute), up, 1, 1, 8)
	said("it dialled, and stayed", "")
}

func TestBookTakesFewPeersFromTheLocalNetwork(t *testing.T) {
	b := gossip.NewBook("self", time.Second)
	for i := range 1000 {
		b.AddLocal(fmt.Sprint("shout ", i))
	}
	if got := len(b.Due(noon, nil, 0, 2000, 2000)); got != 64 {
		t.Errorf("got %d, want 64", got)
	}
}
