package consensus_test

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
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

// Three of five providers hang where it hurts most. A reader used to wait 32 s for
// each, and to ask them again for the next block.
func TestThreeLiarsOfFiveSlowNoBlockByMoreThanThreeSeconds(t *testing.T) {
	t.Parallel()
	n := oldNetwork(t)
	f := newFakeChain(t, n.g, 40, 99, "", everybody)
	st, err := state.Open(storetest.Open(t, storetest.Memory(), "db").Space("state"))
	check(t, err)
	check(t, st.Set([]byte("k"), []byte("value")))
	hash, _, err := st.Commit()
	check(t, err)
	honest := func(name string) consensus.Provider {
		return stated{waiting{f.provider(t, name, 40), 40}, st.Latest()}
	}
	for turn := range 5 { // whoever is asked first
		t.Run(strconv.Itoa(turn), func(t *testing.T) {
			t.Parallel()
			liars := []*tempter{{name: "liar 1"}, {name: "liar 2"}, {name: "liar 3"}}
			all := []consensus.Provider{liars[0], liars[1], honest("honest 1"), liars[2], honest("honest 2")}
			all = slices.Concat(all[turn:], all[:turn])
			l := newLight(t, n, nil, nil, all...)
			begin := time.Now()
			head, err := l.WaitNext(t.Context(), 20)
			if took := time.Since(begin); err != nil || head.Height != 39 || took > 3*time.Second {
				t.Fatalf("got %d, %v, after %s", head.Height, err, took)
			}
			read := func() {
				t.Helper()
				begin := time.Now()
				v, err := l.Reader(t.Context(), consensus.Head{Height: 1, StateHash: hash}).Get([]byte("k"))
				if took := time.Since(begin); err != nil || string(v) != "value" || took > 3*time.Second {
					t.Fatalf("read %q, %v, after %s", v, err, took)
				}
			}
			read()
			// By now those that hung are known, and cost nothing any more.
			asked := func() (sum int32) {
				for _, x := range liars {
					sum += x.asked.Load()
				}
				return sum
			}
			before := asked()
			for range 8 {
				read()
			}
			if more := asked() - before; more > int32(len(liars)) {
				t.Errorf("those that hung were asked %d more times in 8 questions", more)
			}
		})
	}
}

// Who claims a block that it has not is asked last.
func TestWhoBoastsOfABlockIsNotBelievedTwice(t *testing.T) {
	t.Parallel()
	n := oldNetwork(t)
	f := newFakeChain(t, n.g, 40, 99, "", everybody)
	old := boaster{f.provider(t, "boaster", 22)}
	height := protocol.Height(24)
	l := newLight(t, n, nil, nil, old, waiting{f.provider(t, "honest", 24), height}, waiting{f.provider(t, "honest 2", 24), height})
	for range 3 {
		begin := time.Now()
		head, err := l.WaitNext(t.Context(), 22)
		if took := time.Since(begin); err != nil || head.Height != 23 || took > 3*time.Second {
			t.Fatalf("got %d, %v, after %s", head.Height, err, took)
		}
	}
}
