package consensus_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func newLight(t testing.TB, n *network, db *store.DB, change func(*consensus.LightConfig), providers ...consensus.Provider) *consensus.Light {
	t.Helper()
	if db == nil {
		var err error
		db, err = store.Open("db", store.Options{FS: storetest.Memory()})
		check(t, err)
		t.Cleanup(func() { _ = db.Close() })
	}
	c := consensus.LightConfig{Genesis: n.g, DB: db, Providers: func() []consensus.Provider { return providers }}
	if change != nil {
		change(&c)
	}
	l, err := consensus.NewLight(c)
	check(t, err)
	return l
}

// oldNetwork began an hour ago, so that no made-up header is of the future.
func oldNetwork(t testing.TB) *network {
	n := newNetwork(t, 4)
	n.g.Time -= 3600
	return n
}

// bubbleNetwork began an hour before the time at which every bubble of synctest
// begins, whose clock goes on only while everybody in it waits: what is said there
// of seconds holds on a machine of any speed.
func bubbleNetwork(t testing.TB) *network {
	n := newNetwork(t, 4)
	n.g.Time = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - 3600
	return n
}

func everybody(int) []string { return []string{"v0", "v1", "v2", "v3"} }

// sliding is a set of four that loses one member and gets another every five
// blocks, so that after twenty nobody of the genesis is left.
func sliding(h int) []string {
	var out []string
	for i := range 4 {
		out = append(out, name(h/5+i))
	}
	return out
}

// A light node that starts has nobody to ask at first, and says so in words.
func TestNobodyToAskIsSaidInWords(t *testing.T) {
	l := newLight(t, oldNetwork(t), nil, nil)
	ask := func() error { _, err := l.Latest(t.Context()); return err }
	read := func() error { _, err := l.Reader(t.Context(), consensus.Head{}).Get([]byte("k")); return err }
	for name, err := range map[string]error{"the newest block": ask(), "a value": read()} {
		if !errors.Is(err, consensus.ErrNoProvider) || !strings.HasSuffix(err.Error(), "no provider answered: no peer that could be asked is connected yet") {
			t.Errorf("%s: got %v, want %v", name, err, consensus.ErrNoProvider)
		}
	}
}

func TestLightSkipsAlongAChangingSet(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", sliding)
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t, storetest.Memory(), "db")
		l := newLight(t, n, db, nil, f.provider(t, "a", 60), f.provider(t, "b", 60))
		head, err := l.Latest(t.Context())
		check(t, err)
		if head.Height != 59 || string(head.StateHash[:]) != string(f.blocks[59].AppHash) {
			t.Fatalf("got %+v, want state 59", head)
		}
		if asked := f.asked.Load(); asked > 30 {
			t.Fatalf("asked for %d blocks, want few of the 60", asked)
		}
		again := newLight(t, n, db, nil) // nobody to ask
		if got, ok := again.Newest(); !ok || got.Height != 59 {
			t.Fatalf("after a restart: got %+v, %v, want 59", got, ok)
		}
	})
}

func TestLightBelievesNoProviderThatLies(t *testing.T) {
	n := oldNetwork(t)
	honest := newFakeChain(t, n.g, 30, 99, "", everybody)
	other := oldNetwork(t) // another genesis
	other.g.Time++
	strangers := func(int) []string { return []string{"x0", "x1", "x2", "x3"} }
	few := newFakeChain(t, n.g, 30, 20, "few", everybody)
	for _, b := range few.blocks[19:] { // only two of four signed
		b.Commit.Signatures[0].Signature[5] ^= 1
		b.Commit.Signatures[1].Signature[5] ^= 1
	}
	changed := newFakeChain(t, n.g, 30, 99, "", everybody)
	changed.blocks[29].AppHash[3] ^= 1
	taken := newFakeChain(t, n.g, 30, 99, "", strangers)
	copy(taken.blocks, honest.blocks[:19]) // true up to 19
	liars := map[string]consensus.Provider{
		"another chain":        newFakeChain(t, other.g, 30, 99, "", everybody).provider(t, "liar", 30),
		"another set":          newFakeChain(t, n.g, 30, 99, "", strangers).provider(t, "liar", 30),
		"another set later on": taken.provider(t, "liar", 30),
		"too few signatures":   few.provider(t, "liar", 30),
		"a changed header":     changed.provider(t, "liar", 30),
		"not what was asked":   fakeProvider{name: "liar", block: func(protocol.Height) ([]byte, error) { return honest.bytes(t, 7), nil }},
		"nonsense":             fakeProvider{name: "liar", block: func(protocol.Height) ([]byte, error) { return []byte("nonsense"), nil }},
	}
	for what, liar := range liars {
		t.Run(what, func(t *testing.T) {
			alone := newLight(t, n, nil, nil, liar)
			_, err := alone.Latest(t.Context())
			if !errors.Is(err, consensus.ErrLie) || !strings.Contains(err.Error(), "liar") {
				t.Fatalf("alone: got %v, want %v with its name", err, consensus.ErrLie)
			}
			if head, ok := alone.Newest(); ok {
				t.Fatalf("alone: believed %+v", head)
			}
			among := newLight(t, n, nil, nil, liar, honest.provider(t, "a", 30), honest.provider(t, "b", 30))
			for range 4 { // whoever comes first
				head, err := among.Latest(t.Context())
				if err != nil || head.Height != 29 {
					t.Fatalf("among honest ones: got %+v, %v", head, err)
				}
			}
		})
	}
}

func TestLightReportsAFork(t *testing.T) {
	n := oldNetwork(t)
	a := newFakeChain(t, n.g, 30, 20, "left", everybody)
	b := newFakeChain(t, n.g, 30, 20, "right", everybody)
	_, err := newLight(t, n, nil, nil, a.provider(t, "a", 30), b.provider(t, "b", 30)).Latest(t.Context())
	if !errors.Is(err, consensus.ErrFork) {
		t.Fatalf("got %v, want %v", err, consensus.ErrFork)
	}
}

func TestLightStartsFromACheckpoint(t *testing.T) {
	n := oldNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", sliding)
	checkpoint := func(h int, hash protocol.Hash) func(*consensus.LightConfig) {
		return func(c *consensus.LightConfig) { c.Trust = protocol.Checkpoint{Height: protocol.Height(h), Hash: hash} }
	}
	l := newLight(t, n, nil, checkpoint(50, protocol.Hash(f.blocks[49].Hash())), f.provider(t, "a", 60))
	if head, err := l.Latest(t.Context()); err != nil || head.Height != 59 {
		t.Fatalf("got %+v, %v, want 59", head, err)
	}
	l = newLight(t, n, nil, checkpoint(50, protocol.Hash{1}), f.provider(t, "a", 60))
	if _, err := l.Latest(t.Context()); !errors.Is(err, consensus.ErrLie) {
		t.Fatalf("wrong checkpoint: got %v, want %v", err, consensus.ErrLie)
	}
}

func TestLightDoesNotTrustWhatIsTooOld(t *testing.T) {
	n := oldNetwork(t)
	f := newFakeChain(t, n.g, 30, 99, "", everybody)
	short := func(c *consensus.LightConfig) { c.TrustPeriod = 900 * time.Second }
	if _, err := newLight(t, n, nil, short, f.provider(t, "a", 30)).Latest(t.Context()); !errors.Is(err, consensus.ErrExpired) {
		t.Fatalf("got %v, want %v", err, consensus.ErrExpired)
	}
}

func TestLightBlamesTheClockForHeadersOfTheFuture(t *testing.T) {
	n := oldNetwork(t)
	n.g.Time += 7200
	f := newFakeChain(t, n.g, 30, 99, "", everybody)
	_, err := newLight(t, n, nil, nil, f.provider(t, "a", 30)).Latest(t.Context())
	if !errors.Is(err, consensus.ErrClock) || errors.Is(err, consensus.ErrLie) {
		t.Fatalf("got %v, want %v", err, consensus.ErrClock)
	}
}

func TestWaitNextIsNotHeldUpByOneWhoHangs(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 30, 99, "", everybody)
	quick := waiting{f.provider(t, "quick", 30), 30}
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, nil, f.provider(t, "hangs", 30), quick, f.provider(t, "hangs, too", 30))
		begin := time.Now()
		head, err := l.WaitNext(t.Context(), 20)
		if took := time.Since(begin); err != nil || head.Height != 29 || took > 0 {
			t.Fatalf("got %+v, %v, after %s, want 29 at once", head, err, took)
		}
	})
}

// waiting answers Wait at once.
type waiting struct {
	consensus.Provider
	h protocol.Height
}

func (w waiting) Wait(context.Context, protocol.Height) (protocol.Height, error) { return w.h, nil }

func FuzzLightBlockIsRefusedWithoutHarm(f *testing.F) {
	n := oldNetwork(f)
	chain := newFakeChain(f, n.g, 3, 99, "", everybody)
	f.Add(chain.bytes(f, 2))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		lb, err := consensus.DecodeLightBlock(b, protocol.ShortChainID(n.g.ChainID()))
		if err != nil {
			if !errors.Is(err, consensus.ErrLie) {
				t.Fatalf("got %v, want %v", err, consensus.ErrLie)
			}
			return
		}
		_ = lb.ValidatorSet.VerifyCommitLight(protocol.ShortChainID(n.g.ChainID()), lb.Commit.BlockID, lb.Height, lb.Commit)
	})
}
