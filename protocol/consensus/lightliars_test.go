package consensus_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// tempter says at once that it has the next block, and then hangs.
type tempter struct {
	name  string
	asked atomic.Int32
}

func (l *tempter) Name() string { return l.name }

func (l *tempter) Wait(_ context.Context, after protocol.Height) (protocol.Height, error) {
	return after + 1, nil
}

func (l *tempter) LightBlock(ctx context.Context, _ protocol.Height) ([]byte, error) {
	l.asked.Add(1)
	<-ctx.Done()
	return nil, ctx.Err()
}

func (l *tempter) State(ctx context.Context, _ protocol.Height, _ [][]byte) ([]consensus.Proven, error) {
	return l.hang(ctx)
}

func (l *tempter) Outcome(ctx context.Context, _ protocol.Hash) (protocol.Height, []consensus.Proven, error) {
	_, err := l.hang(ctx)
	return 0, nil, err
}

func (l *tempter) hang(ctx context.Context) ([]consensus.Proven, error) {
	l.asked.Add(1)
	<-ctx.Done()
	return nil, ctx.Err()
}

// boaster says at once that it has a block that nobody has, and answers with an old
// one.
type boaster struct{ consensus.Provider }

func (boaster) Wait(context.Context, protocol.Height) (protocol.Height, error) { return 1 << 60, nil }

// stated answers questions about one state.
type stated struct {
	consensus.Provider
	s *state.Snapshot
}

func (p stated) State(_ context.Context, _ protocol.Height, keys [][]byte) ([]consensus.Proven, error) {
	var out []consensus.Proven
	for _, k := range keys {
		value, proof, err := p.s.Prove(k)
		if err != nil {
			return nil, err
		}
		out = append(out, consensus.Proven{Key: k, Value: value, Proof: proof})
	}
	return out, nil
}

// valued is a state of one value, and its hash.
func valued(t *testing.T) (*state.Snapshot, protocol.Hash) {
	t.Helper()
	st, err := state.Open(storetest.Open(t, storetest.Memory(), "db").Space("state"))
	check(t, err)
	check(t, st.Set([]byte("k"), []byte("value")))
	hash, _, err := st.Commit()
	check(t, err)
	return st.Latest(), hash
}

// readValue reads the one value of a state.
func readValue(t *testing.T, l *consensus.Light, hash protocol.Hash) {
	t.Helper()
	v, err := l.Reader(t.Context(), consensus.Head{Height: 1, StateHash: hash}).Get([]byte("k"))
	if err != nil || string(v) != "value" {
		t.Fatalf("read %q, %v", v, err)
	}
}

// Three of five providers hang where it hurts most. A reader used to wait 32 s for
// each, and to ask them again for the next block. Each is now waited for once, for
// 0.4 s, and asked last from then on.
func TestThreeLiarsOfFiveSlowNoBlockByMoreThanThreeSeconds(t *testing.T) {
	t.Parallel()
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 40, 99, "", everybody)
	snapshot, hash := valued(t)
	honest := func(name string) consensus.Provider {
		return stated{waiting{f.provider(t, name, 40), 40}, snapshot}
	}
	for turn := range 5 { // whoever is asked first
		t.Run(strconv.Itoa(turn), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				liars := []*tempter{{name: "liar 1"}, {name: "liar 2"}, {name: "liar 3"}}
				all := []consensus.Provider{liars[0], liars[1], honest("honest 1"), liars[2], honest("honest 2")}
				l := newLight(t, n, nil, nil, slices.Concat(all[turn:], all[:turn])...)
				begin := time.Now()
				head, err := l.WaitNext(t.Context(), 20)
				if took := time.Since(begin); err != nil || head.Height != 39 || took > 3*time.Second {
					t.Fatalf("got %d, %v, after %s", head.Height, err, took)
				}
				asked := func() (sum int32) {
					for _, x := range liars {
						sum += x.asked.Load()
					}
					return sum
				}
				synctest.Wait() // who was asked before has heard of it now
				begin, before := time.Now(), asked()
				for range 9 {
					readValue(t, l, hash)
				}
				// Those that hung are known soon, and cost nothing any more.
				more, took := asked()-before, time.Since(begin)
				if more > int32(len(liars)) || took > time.Duration(len(liars))*consensus.HedgeAfter {
					t.Errorf("9 questions took %s, and those that hung were asked %d times", took, more)
				}
			})
		})
	}
}

// Who claims a block that it has not is asked last.
func TestWhoBoastsOfABlockIsNotBelievedTwice(t *testing.T) {
	t.Parallel()
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 40, 99, "", everybody)
	old := boaster{f.provider(t, "boaster", 22)}
	height := protocol.Height(24)
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, nil, old, waiting{f.provider(t, "honest", 24), height}, waiting{f.provider(t, "honest 2", 24), height})
		for range 3 {
			begin := time.Now()
			head, err := l.WaitNext(t.Context(), 22)
			if took := time.Since(begin); err != nil || head.Height != 23 || took > 0 {
				t.Fatalf("got %d, %v, after %s, want 23 at once", head.Height, err, took)
			}
		}
	})
}

// moody answers questions about one state, except while it is busy.
type moody struct {
	stated
	busy  atomic.Bool
	asked atomic.Int32
}

func (p *moody) State(ctx context.Context, h protocol.Height, keys [][]byte) ([]consensus.Proven, error) {
	p.asked.Add(1)
	if p.busy.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return p.stated.State(ctx, h, keys)
}

// One provider is slow for a moment, and another dies after it. Were the first as
// good as the dead one from then on, every second question would begin with the
// dead.
func TestWhoWasSlowOnceIsAskedBeforeOneWhoIsDead(t *testing.T) {
	t.Parallel()
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 40, 99, "", everybody)
	snapshot, hash := valued(t)
	synctest.Test(t, func(t *testing.T) {
		a := &moody{stated: stated{waiting{f.provider(t, "a", 40), 40}, snapshot}}
		b := &moody{stated: stated{waiting{f.provider(t, "b", 40), 40}, snapshot}}
		l := newLight(t, n, nil, nil, a, b)
		a.busy.Store(true)
		for a.asked.Load() == 0 {
			readValue(t, l, hash)
		}
		a.busy.Store(false)
		b.busy.Store(true)
		readValue(t, l, hash) // b dies here, and a is the one that answers
		synctest.Wait()       // who was asked before has heard of it now
		before := b.asked.Load()
		for range 8 {
			readValue(t, l, hash)
		}
		if more := b.asked.Load() - before; more > 0 {
			t.Errorf("the dead one was asked %d more times in 8 questions", more)
		}
	})
}

// rising is a chain whose blocks come one after the other.
type rising struct {
	mu      sync.Mutex
	height  protocol.Height
	born    map[protocol.Height]time.Time
	changed chan struct{}
}

func (r *rising) rise() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.height++
	r.born[r.height] = time.Now()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *rising) now() (protocol.Height, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.height, r.changed
}

// follower is an honest provider of a chain that rises.
type follower struct {
	name string
	r    *rising
	give func(h protocol.Height) []byte
}

func (f follower) Name() string { return f.name }

func (f follower) LightBlock(_ context.Context, h protocol.Height) ([]byte, error) {
	newest, _ := f.r.now()
	if h == 0 {
		h = newest
	}
	if h > newest {
		return nil, consensus.ErrNoBlock
	}
	return f.give(h), nil
}

func (follower) State(context.Context, protocol.Height, [][]byte) ([]consensus.Proven, error) {
	return nil, consensus.ErrNoBlock
}

func (follower) Outcome(context.Context, protocol.Hash) (protocol.Height, []consensus.Proven, error) {
	return 0, nil, nil
}

func (f follower) Wait(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	for {
		h, changed := f.r.now()
		if h > after {
			return h, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-changed:
		}
	}
}

// Who says that there is something new, and then hangs, says so for every block.
func TestLiarsThatTemptAtEveryBlockDelayNoneByThreeSeconds(t *testing.T) {
	t.Parallel()
	const blocks, every = 10, 600 * time.Millisecond
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 40, 99, "", everybody)
	give := func(h protocol.Height) []byte { return f.bytes(t, int(h)) }
	synctest.Test(t, func(t *testing.T) {
		r := &rising{height: 20, born: map[protocol.Height]time.Time{}, changed: make(chan struct{})}
		l := newLight(t, n, nil, nil,
			&tempter{name: "liar 1"}, &tempter{name: "liar 2"}, follower{"honest 1", r, give}, &tempter{name: "liar 3"}, follower{"honest 2", r, give})
		if _, err := l.WaitNext(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		go func() {
			for range blocks {
				time.Sleep(every)
				r.rise()
			}
		}()
		var worst time.Duration
		for h := protocol.Height(19); h < 19+blocks; {
			head, err := l.WaitNext(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			r.mu.Lock()
			for ; h < head.Height; h++ {
				worst = max(worst, time.Since(r.born[h+2])) // the state after h + 1 is proven by block h + 2
			}
			r.mu.Unlock()
		}
		if worst > 3*time.Second {
			t.Errorf("a block was known %s after it came", worst)
		}
		t.Logf("the slowest of %d blocks was known %s after it came", blocks, worst)
	})
}
