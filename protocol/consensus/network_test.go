package consensus_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/door/doortest"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/logtest"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// patience is how long a test waits for what takes a second at most: only what
// never comes takes as long, on a machine that is busy with much else, too.
const patience = 3 * time.Minute

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
	over  atomic.Bool // nobody answers joiners any more
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
		net.addrs = append(net.addrs, doortest.FreePort(t))
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
	c := n.config(t, i, home, fs)
	if change != nil {
		change(&c)
	}
	node, err := consensus.New(c)
	check(t, err)
	r := &running{Node: node, name: name(i), home: home, dir: c.Dir, db: c.DB}
	n.nodes[i] = r
	return r
}

// config is that of the node of validator i.
func (n *network) config(t testing.TB, i int, home string, fs store.FS) consensus.Config {
	t.Helper()
	db, err := store.Open(filepath.Join(home, "db"), store.Options{FS: fs})
	check(t, err)
	hot := secret(name(i))
	cons, err := hot.DeriveConsensus("net", 0)
	check(t, err)
	transport, err := hot.DeriveTransport("net", 0)
	check(t, err)
	return consensus.Config{
		Genesis: n.g, DB: db, Dir: home, Consensus: cons, Transport: transport, Listen: n.addrs[i],
		Link: maker(name(i)).Link, Logger: testLogger(t, i),
	}
}

func testLogger(t testing.TB, i int) zerolog.Logger {
	return logtest.New(t).With().Int("node", i).Logger()
}

func (r *running) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop, r.done = cancel, make(chan error, 1)
	go func() { r.done <- r.Run(ctx) }()
}

// halt stops the node, which must not hang, and closes its database.
func (r *running) halt(t testing.TB) {
	t.Helper()
	if r.stop == nil {
		return
	}
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	case <-time.After(patience):
		t.Fatalf("%s has not stopped within %s", r.name, patience)
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

// await returns the first block at height h or above, however long its blocks take
// as long as they come.
func (r *running) await(t testing.TB, h protocol.Height) consensus.Head {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	late := time.AfterFunc(patience, cancel)
	defer late.Stop()
	newest := protocol.Height(0)
	for head := range r.Subscribe(ctx) {
		late.Reset(patience)
		if newest = head.Height; newest >= h {
			return head
		}
	}
	t.Fatalf("%s: waits for block %d, and none came after %d within %s", r.name, h, newest, patience)
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
