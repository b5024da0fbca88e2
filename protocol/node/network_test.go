package node_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/door/doortest"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/logtest"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// patience is how long a test waits for what takes a second: only what never comes
// takes as long, on a machine that is busy with much else, too. manyBlocks is the
// same in blocks.
const (
	patience   = 3 * time.Minute
	manyBlocks = 1000
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hotkey returns the key that a name stands for.
func hotkey(t testing.TB, name string) *keystore.Key {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	p, err := key.FromSeed(seed[:], "node-test")
	check(t, err)
	k, err := keystore.FromPrivate(keystore.Hotkey, p)
	check(t, err)
	return k
}

// public returns the public key of a derived secret.
func public(t testing.TB, s key.Secret, err error) protocol.PublicKey {
	t.Helper()
	check(t, err)
	b := s.Expose()
	p, err := key.FromBytes(b[:])
	check(t, err)
	return p.Public()
}

// network is validators v0 … and a miner m, with seats from the genesis.
type network struct {
	g     *ledger.Genesis
	ports []string // of consensus
	boot  []string // gossip of the first validator
	at    string   // where it listens
	// addresses are those of the validators, where a genesis has no seats.
	addresses [][]string
}

func testParams() params.Params {
	p := params.Local()
	p.Name = "assay-test"
	p.Schedule = protocol.Schedule{Tempo: 10, RoundLength: 10, CommitBlocks: 6, OpenBlocks: 7, AttestBlocks: 9, SealCardsBlocks: 4, OpenCardsBlocks: 8, WeightBlocks: 9}
	p.Plants = params.Plants{} // epochs of ten blocks have no room to open them
	p.Verdicts = params.Verdicts{}
	p.Seats.MaxValidators = 3 // so that two blocks are a lane window
	p.Block.CommitMillis, p.Block.ProposeMillis, p.Block.VoteMillis = 100, 600, 200
	p.Seats.MinStake = 10 * protocol.Unit
	return p
}

func newNetwork(t testing.TB, validators int) *network {
	t.Helper()
	return newNetworkOf(t, testParams(), validators)
}

func newNetworkOf(t testing.TB, p params.Params, validators int) *network {
	t.Helper()
	n := &network{g: &ledger.Genesis{Params: p, Time: time.Now().Unix() - 1}}
	model := n.g.Params.Kinds[0].Models[0].ID
	for i := range validators + 1 {
		name := fmt.Sprintf("v%d", i)
		if i == validators {
			name = "m"
		}
		k := hotkey(t, name)
		cold := hotkey(t, name+" cold").PublicKey()
		n.g.Accounts = append(n.g.Accounts, ledger.GenesisAccount{Key: cold, Balance: 100 * protocol.Unit})
		secret, err := k.DeriveIdentity(n.g.Origin(), 0)
		seat := ledger.GenesisSeat{Hotkey: k.PublicKey(), Coldkey: cold, Identity: public(t, secret, err)}
		if i == validators {
			seat.Offers = []wire.Offer{{Kind: "inference", Capacity: 1, Models: []protocol.ModelID{model}}}
			seat.Collateral = 4 * p.Seats.Collateral
		} else {
			at := n.seatValidator(t, &seat, k, i)
			if i == 0 {
				n.at, n.boot = at, []string{at + "/p2p/" + gossip.PeerID(seat.Identity)}
			}
		}
		n.g.Seats = append(n.g.Seats, seat)
	}
	return n
}

// seatValidator adds what a validator's seat has, and returns where it gossips.
func (n *network) seatValidator(t testing.TB, seat *ledger.GenesisSeat, k *keystore.Key, i int) string {
	t.Helper()
	maker, err := node.GenesisBeacon(k, n.g)
	check(t, err)
	anchor := maker.Anchor()
	secret, err := k.DeriveTransport(n.g.Origin(), 0)
	check(t, err)
	transport := key.TransportPublic(secret)
	n.ports = append(n.ports, doortest.FreePort(t))
	secret, err = k.DeriveConsensus(n.g.Origin(), 0)
	seat.Stake, seat.Beacon = protocol.Amount(100+i)*protocol.Unit, &anchor
	seat.Consensus = &ledger.Consensus{Key: public(t, secret, err), Address: n.ports[i]}
	seat.Consensus.TransportKey = transport
	host, port, err := net.SplitHostPort(doortest.FreePort(t))
	check(t, err)
	at := "/ip4/" + host + "/tcp/" + port
	seat.Addresses = []string{at}
	return at
}

// config is that of a node called name, over a database of its own.
func (n *network) config(t testing.TB, name string) node.Config {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return node.Config{
		Genesis: n.g, DB: db, Hotkey: hotkey(t, name), Bootstrap: n.boot, Registerer: prometheus.NewRegistry(),
		Logger: logtest.New(t),
	}
}

// full makes validator i and starts it.
func (n *network) full(t testing.TB, i int, change func(*node.FullConfig)) *node.Full {
	t.Helper()
	c := node.FullConfig{Config: n.config(t, fmt.Sprintf("v%d", i)), Dir: t.TempDir(), ConsensusListen: n.ports[i]}
	c.Listen = n.g.Seats[i].Addresses
	if change != nil {
		change(&c)
	}
	f, err := node.NewFull(c)
	check(t, err)
	run(t, f.Run)
	return f
}

// light makes the miner's node and starts it.
func (n *network) light(t testing.TB, change func(*node.Config)) *node.Light {
	t.Helper()
	c := n.config(t, "m")
	if change != nil {
		change(&c)
	}
	l, err := node.NewLight(c)
	check(t, err)
	run(t, l.Run)
	return l
}

// run runs a node until the test ends, and checks that it stops.
func run(t testing.TB, fn func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Fatalf("it has not stopped within %s", patience)
		}
	})
}

// follower is what both kinds of node do.
type follower interface {
	WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error)
	Latest() (ledger.Reader, protocol.Height)
}

// until waits, block by block, for fn to hold in the newest state.
func until(t testing.TB, f follower, what string, fn func(r ledger.Reader, h protocol.Height) bool) {
	t.Helper()
	var h protocol.Height
	for range manyBlocks {
		var err error
		if h, err = next(t, f, h); err != nil {
			t.Fatalf("%s: no block after %d: %v", what, h, err)
		}
		r, at := f.Latest()
		if r != nil && fn(r, at) {
			return
		}
	}
	t.Fatalf("not within %d blocks: %s", manyBlocks, what)
}

// next waits for a block after one.
func next(t testing.TB, f follower, after protocol.Height) (protocol.Height, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return f.WaitNext(ctx, after)
}

// eventually waits for what no block tells of.
func eventually(t testing.TB, what string, fn func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !fn(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// errIs fails unless got wraps want.
func errIs(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
