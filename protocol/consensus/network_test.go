package consensus_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// secret returns the key that a name stands for.
func secret(name string) key.Private {
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromSeed(seed[:], "consensus-test")
	if err != nil {
		panic(err)
	}
	return k
}

// signer lends a key to wire.
type signer struct{ key.Private }

func (s signer) PublicKey() protocol.PublicKey { return s.Public() }

func (s signer) Sign(domain string, message []byte) (wire.Signature, error) {
	sig, err := s.Private.Sign(domain, message)
	return sig, err
}

// makers keeps the validators' beacon chains: each is a million hashes.
var makers sync.Map

func maker(name string) *ledger.ChainMaker {
	if m, ok := makers.Load(name); ok {
		return m.(*ledger.ChainMaker)
	}
	m := ledger.NewChainMaker(sha256.Sum256([]byte("chain "+name)), 1)
	makers.Store(name, m)
	return m
}

func fastParams() params.Params {
	p := params.Local()
	p.Name = "assay-test"
	p.Schedule = protocol.Schedule{Tempo: 10, RoundLength: 10, CommitBlocks: 4, OpenBlocks: 5, AttestBlocks: 6, SealCardsBlocks: 3, OpenCardsBlocks: 8, WeightBlocks: 9}
	p.Block.CommitMillis, p.Block.ProposeMillis, p.Block.VoteMillis = 100, 600, 200
	p.Seats.MinStake = 10 * protocol.Unit
	p.Plants, p.Verdicts = params.Plants{}, params.Verdicts{} // there are no miners
	return p
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	addr := l.Addr().String()
	check(t, l.Close())
	return addr
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// network is a few validators in one process.
type network struct {
	g     *ledger.Genesis
	addrs []string
	nodes []*running
}

type running struct {
	*consensus.Node
	name string
	home string // of the database, in its file system
	dir  string
	db   *store.DB
	stop context.CancelFunc
	done chan error
}

func name(i int) string { return fmt.Sprintf("v%d", i) }

func newNetwork(t testing.TB, n int) *network {
	t.Helper()
	net := &network{g: &ledger.Genesis{Params: fastParams(), Time: time.Now().Unix() - 1}, nodes: make([]*running, n)}
	net.g.Accounts = []ledger.GenesisAccount{{Key: secret("rich").Public(), Balance: 1000 * protocol.Unit}}
	for i := range n {
		hot := secret(name(i))
		cons, err := hot.DeriveConsensus("net", 0)
		check(t, err)
		consBytes := cons.Expose()
		pub, err := key.FromBytes(consBytes[:])
		check(t, err)
		transport, err := hot.DeriveTransport("net", 0)
		check(t, err)
		anchor := maker(name(i)).Anchor()
		net.addrs = append(net.addrs, freePort(t))
		net.g.Seats = append(net.g.Seats, ledger.GenesisSeat{
			Hotkey: hot.Public(), Coldkey: secret(name(i) + " cold").Public(), Stake: protocol.Amount(100+10*i) * protocol.Unit,
			Consensus: &ledger.Consensus{Key: pub.Public(), TransportKey: key.TransportPublic(transport), Address: net.addrs[i]},
			Beacon:    &anchor,
		})
	}
	return net
}

// open makes the node of validator i over the database home/db in fs.
func (n *network) open(t testing.TB, i int, home string, fs store.FS, change func(*consensus.Config)) *running {
	t.Helper()
	db, err := store.Open(filepath.Join(home, "db"), store.Options{FS: fs})
	check(t, err)
	hot := secret(name(i))
	cons, err := hot.DeriveConsensus("net", 0)
	check(t, err)
	transport, err := hot.DeriveTransport("net", 0)
	check(t, err)
	c := consensus.Config{
		Genesis: n.g, DB: db, Dir: home, Consensus: cons, Transport: transport, Listen: n.addrs[i],
		Link: maker(name(i)).Link, Logger: testLogger(t, i),
	}
	if change != nil {
		change(&c)
	}
	node, err := consensus.New(c)
	check(t, err)
	r := &running{Node: node, name: name(i), home: home, dir: c.Dir, db: db}
	n.nodes[i] = r
	return r
}

func testLogger(t testing.TB, i int) zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel).With().Int("node", i).Logger()
}

func (r *running) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop, r.done = cancel, make(chan error, 1)
	go func() { r.done <- r.Run(ctx) }()
}

// halt stops the node and closes its database.
func (r *running) halt(t testing.TB) {
	t.Helper()
	if r.stop == nil {
		return
	}
	begin := time.Now()
	r.stop()
	if err := <-r.done; err != nil {
		t.Errorf("%s: %v", r.name, err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("%s took %s to stop", r.name, d)
	}
	r.stop = nil
	check(t, r.db.Close())
}

// launch opens and starts all validators, and stops them with the test.
func (n *network) launch(t testing.TB, fs func(i int) store.FS, change func(int, *consensus.Config)) {
	t.Helper()
	for i := range n.nodes {
		dir := t.TempDir()
		var f store.FS
		if fs != nil {
			f = fs(i)
		}
		n.open(t, i, dir, f, func(c *consensus.Config) {
			if change != nil {
				change(i, c)
			}
		}).start()
	}
	t.Cleanup(func() {
		var wg sync.WaitGroup
		for _, r := range n.nodes {
			wg.Go(func() { r.halt(t) })
		}
		wg.Wait()
	})
}

// await returns the first block at height h or above.
func (r *running) await(t testing.TB, h protocol.Height) consensus.Head {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for head := range r.Subscribe(ctx) {
		if head.Height >= h {
			return head
		}
	}
	t.Fatalf("%s: no block %d in a minute", r.name, h)
	return consensus.Head{}
}

// sameState fails unless all nodes have one state hash at height h.
func (n *network) sameState(t testing.TB, h protocol.Height) {
	t.Helper()
	var want protocol.Hash
	for i, r := range n.nodes {
		r.await(t, h)
		_, got, err := r.At(h)
		check(t, err)
		if i == 0 {
			want = got
		}
		if got != want || got.IsZero() {
			t.Fatalf("state hash at %d: %s has %s, %s has %s", h, r.name, got, n.nodes[0].name, want)
		}
	}
}

// dial reports whether somebody listens.
func dial(t testing.TB, addr string) bool {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return false
	}
	return c.Close() == nil
}
