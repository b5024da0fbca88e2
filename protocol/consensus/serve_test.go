package consensus_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

// remotes returns a provider for each node, as the stream of gossip gives it.
func (n *network) remotes() []consensus.Provider {
	var out []consensus.Provider
	for _, r := range n.nodes {
		out = append(out, consensus.Remote(r.name, r.Serve))
	}
	return out
}

// forger changes the values, but not the proofs, that it passes on.
type forger struct{ consensus.Provider }

func (forger) Name() string { return "forger" }

func (f forger) State(ctx context.Context, h protocol.Height, keys [][]byte) ([]consensus.Proven, error) {
	items, err := f.Provider.State(ctx, h, keys)
	for i := range items {
		if len(items[i].Value) > 0 {
			items[i].Value[len(items[i].Value)-1] ^= 1
		} else {
			items[i].Value = []byte{0x00}
		}
	}
	return items, err
}

func readers(t *testing.T, n *network) {
	t.Helper()
	remotes := n.remotes()
	l := newLight(t, n, nil, nil, append(remotes, forger{remotes[0]})...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	head, err := l.WaitNext(ctx, 2)
	check(t, err)
	next, err := l.WaitNext(ctx, head.Height)
	check(t, err)
	full, hash, err := n.nodes[0].At(next.Height)
	check(t, err)
	if next.StateHash != hash || next.Height <= head.Height {
		t.Fatalf("state %d: got %s, want %s", next.Height, next.StateHash, hash)
	}
	for range 5 { // whoever is asked first
		r := l.Reader(ctx, next)
		meta, _, err := ledger.ReadMeta(r)
		check(t, err)
		if meta.Height != next.Height {
			t.Fatalf("meta: got height %d, want %d", meta.Height, next.Height)
		}
		for uid := range protocol.UID(5) { // the last has no seat
			got, ok, err := ledger.ReadSeat(r, uid)
			check(t, err)
			want, has, err := ledger.ReadSeat(full, uid)
			check(t, err)
			if ok != has || got.Hotkey != want.Hotkey {
				t.Fatalf("seat %d: got %v, %v, want %v, %v", uid, got.Hotkey, ok, want.Hotkey, has)
			}
		}
		if err := r.Iterate(ledger.SeatPrefix(), nil); !errors.Is(err, consensus.ErrNotProvable) {
			t.Fatalf("list: got %v, want %v", err, consensus.ErrNotProvable)
		}
	}
	for h := protocol.Height(1); h <= next.Height; h++ {
		got, err := l.TimeOf(ctx, h)
		for err != nil && ctx.Err() == nil { // a validator may be slow
			l.ForgetUnknown()
			got, err = l.TimeOf(ctx, h)
		}
		check(t, err)
		want, err := n.nodes[0].TimeOf(h)
		check(t, err)
		if !got.Equal(want) {
			t.Fatalf("time of block %d: got %s, the validators have %s", h, got, want)
		}
	}
	namedTwice(t, n, remotes[0], next)
	alone := newLight(t, n, nil, nil, forger{remotes[0]})
	head, err = alone.Latest(ctx)
	check(t, err)
	_, _, err = ledger.ReadMeta(alone.Reader(ctx, head))
	if !errors.Is(err, consensus.ErrLie) || !strings.Contains(err.Error(), "forger") {
		t.Fatalf("only the forger: got %v, want %v with its name", err, consensus.ErrLie)
	}
}

// namedTwice: a value costs its node a proof, so that it is served once, and a
// light reader asks once.
func namedTwice(t *testing.T, n *network, p consensus.Provider, head consensus.Head) {
	t.Helper()
	one, other := ledger.SeatKey(0), ledger.SeatKey(1)
	many := slices.Repeat([][]byte{one}, consensus.MaxKeys-1)
	items, err := p.State(t.Context(), head.Height, append(many, other))
	check(t, err)
	if len(items) != 2 || !bytes.Equal(items[0].Key, one) || !bytes.Equal(items[1].Key, other) {
		t.Errorf("63 times one key and another: got %d values, want each once", len(items))
	}
	r := newLight(t, n, nil, nil, p).Reader(t.Context(), head)
	check(t, r.Prefetch(append(many, other, one)...))
	if seat, ok, err := ledger.ReadSeat(r, 1); err != nil || !ok || seat.Hotkey != n.g.Seats[1].Hotkey {
		t.Errorf("the other: got %s, %v, %v", seat.Hotkey, ok, err)
	}
}

func badRequests(t *testing.T, r *running) {
	t.Helper()
	type request struct {
		_      struct{} `cbor:",toarray"`
		Ask    uint8
		Height protocol.Height
		Keys   [][]byte
	}
	many := make([][]byte, consensus.MaxKeys+1)
	for i := range many {
		many[i] = []byte("k")
	}
	for what, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"nonsense":         {[]byte("nonsense"), consensus.ErrRequest},
		"oversized":        {make([]byte, consensus.MaxRequest+1), consensus.ErrRequest},
		"unknown question": {wire.Encode(&request{Ask: 9}), consensus.ErrRequest},
		"too many keys":    {wire.Encode(&request{Ask: 2, Height: 1, Keys: many}), consensus.ErrRequest},
		"empty key":        {wire.Encode(&request{Ask: 2, Height: 1, Keys: [][]byte{{}}}), consensus.ErrRequest},
		"no transaction":   {wire.Encode(&request{Ask: 4}), consensus.ErrRequest},
		"two transactions": {wire.Encode(&request{Ask: 4, Keys: [][]byte{make([]byte, 32), make([]byte, 32)}}), consensus.ErrRequest},
		"half a hash":      {wire.Encode(&request{Ask: 4, Keys: [][]byte{make([]byte, 16)}}), consensus.ErrRequest},
		"far block":        {wire.Encode(&request{Ask: 1, Height: 1 << 62}), consensus.ErrNoBlock},
		"negative block":   {wire.Encode(&request{Ask: 1, Height: 1 << 63}), consensus.ErrNoBlock},
		"far state":        {wire.Encode(&request{Ask: 2, Height: 1 << 62, Keys: [][]byte{{1}}}), consensus.ErrNoBlock},
		"state 0":          {wire.Encode(&request{Ask: 2, Keys: [][]byte{{1}}}), consensus.ErrNoBlock},
	} {
		if _, err := r.Serve(t.Context(), c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}

// idle returns a node that never runs.
func idle(t testing.TB) *running {
	t.Helper()
	n := newNetwork(t, 4)
	r := n.open(t, 0, t.TempDir(), storetest.Memory(), nil)
	t.Cleanup(func() { _ = r.db.Close() })
	return r
}

func FuzzServeRefusesBadRequests(f *testing.F) {
	r := idle(f)
	f.Add([]byte{0x83, 0x01, 0x00, 0x80})
	f.Add([]byte{0x83, 0x02, 0x01, 0x81, 0x41, 0x6d})
	f.Add(append([]byte{0x83, 0x04, 0x00, 0x81, 0x58, 0x20}, make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nobody waits for blocks here
		_, _ = r.Serve(ctx, b)
	})
}

func FuzzRemoteRefusesBadAnswers(f *testing.F) {
	f.Add([]byte{0x83, 0x01, 0x40, 0x80})
	f.Add([]byte{0x83, 0x01, 0x40, 0x81, 0x83, 0x41, 0x01, 0x40, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := consensus.Remote("p", func(context.Context, []byte) ([]byte, error) { return b, nil })
		_, err := p.State(t.Context(), 1, [][]byte{{1}})
		if err != nil && !errors.Is(err, consensus.ErrLie) {
			t.Fatalf("got %v, want %v", err, consensus.ErrLie)
		}
	})
}

func TestADatabaseOfAnotherNetworkIsRefused(t *testing.T) {
	fs := storetest.Memory()
	n := newNetwork(t, 4)
	r := n.open(t, 0, "home", fs, nil)
	check(t, r.db.Close())
	other := newNetwork(t, 4)
	other.g.Time++
	db, err := store.Open("home/db", store.Options{FS: fs})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	_, err = consensus.NewLight(consensus.LightConfig{Genesis: other.g, DB: db, Providers: func() []consensus.Provider { return nil }})
	if !errors.Is(err, store.ErrOtherChain) {
		t.Fatalf("got %v, want %v", err, store.ErrOtherChain)
	}
}
