package consensus_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

// The story of this network: the stake of one validator grows, so the set
// changes; another is stopped and started again; a third loses power, and comes
// back from what its disk had. All end with the same state, and all links of
// true proposers count.
func TestValidatorsComeBackFromStopAndPowerLoss(t *testing.T) {
	n := newNetwork(t, 4)
	n.g.Params.Seats.MaxSilence = 2000 // nobody is jailed for coming back late
	disks := make([]storetest.Crash, 4)
	n.launch(t, func(i int) store.FS { disks[i] = storetest.NewCrash(); return disks[i] }, nil)
	stake, err := ledger.NewTx(signer{secret("rich")}, n.g.ChainID(), &n.g.Params.Fees, 0, &wire.AddStake{Hotkey: secret("v1").Public(), Amount: 60 * protocol.Unit})
	check(t, err)
	n.nodes[0].await(t, 1)
	for _, r := range n.nodes {
		check(t, r.Submit(wire.Encode(stake)))
	}

	n.nodes[2].await(t, 4)
	n.nodes[2].halt(t)
	before := n.nodes[0].await(t, 7).Height // goes on without it, also past its turns
	reopen(t, n, 2, disks[2])

	n.nodes[3].await(t, 6)
	disk := disks[3].Clone(40, 7)
	wal := t.TempDir()
	copyDir(t, filepath.Join(n.nodes[3].dir, "wal"), filepath.Join(wal, "wal"))
	n.nodes[3].halt(t) // what it writes from here on is lost
	n.nodes[0].await(t, before+3)
	n.nodes[3].dir = wal
	reopenAt(t, n, 3, disk, wal)

	last := n.nodes[0].await(t, before+9).Height
	n.sameState(t, last)
	r, _, err := n.nodes[3].At(last)
	check(t, err)
	checkBeacon(t, r, last)
	sets, _, err := ledger.ReadValidators(r)
	check(t, err)
	if sets.Set[1].Power != 170 {
		t.Fatalf("power of v1: got %d, want 170, which is less than a fifth of all above what it had", sets.Set[1].Power)
	}
	comet, err := n.nodes[0].SetsAt(last)
	check(t, err)
	if _, v := comet.GetByAddress(consensusKey(t, "v1").PubKey().Address()); v == nil || v.VotingPower != 170 {
		t.Fatalf("v1 at %d: got %v, want power 170", last, v)
	}
}

// checkBeacon fails unless every link below height last counted: all proposers
// were honest, whatever rounds their blocks took.
func checkBeacon(t *testing.T, r ledger.Reader, last protocol.Height) {
	t.Helper()
	for h := protocol.Height(1); h < last; h++ {
		b, ok, err := ledger.ReadBeacon(r, h)
		check(t, err)
		if ok && !b.Counted {
			t.Errorf("the link of block %d did not count", h)
		}
	}
	check(t, ledger.Seats(r, func(s ledger.Seat) bool {
		if !s.Permit {
			t.Errorf("seat %d lost its permit", s.ID.UID)
		}
		return true
	}))
}

// A node whose database comes back from an old copy fetches the blocks since, and
// signs nothing at a height that it signed before: what it signed last lies apart.
// One that lost that record too passes one height over. Neither is ever caught
// with two signatures, and both vote again.
func TestANodeFromABackupSignsNothingTwice(t *testing.T) {
	n := newNetwork(t, 4)
	n.g.Params.Seats.MaxSilence = 2000 // nobody is jailed for coming back late
	n.launch(t, nil, nil)
	old := filepath.Join(t.TempDir(), "db")
	n.nodes[3].await(t, 3)
	check(t, n.nodes[3].db.Checkpoint(old))
	n.nodes[3].await(t, 9)
	n.nodes[3].halt(t)
	last, err := consensus.ReadLastSigned(n.nodes[3].dir, n.g.ChainID())
	check(t, err)
	if last.Height < 9 {
		t.Fatalf("the last signature is of height %d, and block 9 is there", last.Height)
	}
	for _, lost := range []bool{false, true} {
		dir := n.nodes[3].dir
		if lost {
			dir = t.TempDir()
		}
		n.open(t, 3, filepath.Dir(old), nil, func(c *consensus.Config) { c.Dir = dir }).start()
		at := votes(t, n, 3, protocol.Height(last.Height)+2)
		now, err := consensus.ReadLastSigned(dir, n.g.ChainID())
		check(t, err)
		if now.Height < int64(at) {
			t.Errorf("block %d has its vote, and the record is of height %d", at, now.Height)
		}
		n.sameState(t, at)
		n.nodes[3].halt(t)
		last = now
	}
}

// A validator that its network has alone comes back from a copy that was made
// between a block and what the block does. Its owner says that no copy of it runs:
// it signs from the block after the one that it has on, and not after its state,
// where the signature in that block would stop it, and the network, for good.
func TestAValidatorThatIsAloneGoesOnFromABlockThatWasNotCarriedOut(t *testing.T) {
	n := newNetwork(t, 1)
	n.launch(t, nil, nil)
	r := n.nodes[0]
	old := filepath.Join(t.TempDir(), "db")
	r.await(t, 3)
	check(t, r.db.Checkpoint(old))
	r.await(t, 6)
	db, err := store.Open(old, store.Options{})
	check(t, err)
	st, err := state.Open(db.Space("state"))
	check(t, err)
	done, kept := st.Version(), consensus.OpenArchive(db)
	if kept.Newest() == done {
		consensus.OpenArchive(r.db).Copy(kept, done+1)
	}
	newest := kept.Newest()
	if newest != done+1 {
		t.Fatalf("the newest block is %d with the state of %d, want one more", newest, done)
	}
	check(t, db.Close())
	r.halt(t)
	dir := t.TempDir()
	check(t, consensus.ResetLastSigned(dir, n.g.ChainID(), newest))
	n.open(t, 0, filepath.Dir(old), nil, func(c *consensus.Config) { c.Dir = dir }).start()
	n.nodes[0].await(t, newest+2)
}

// votes returns a height at or above h whose commit has a vote of validator i.
func votes(t *testing.T, n *network, i int, h protocol.Height) protocol.Height {
	t.Helper()
	address := ledger.ConsensusAddress(consensusKey(t, name(i)).PubKey().Address())
	for {
		head := n.nodes[0].await(t, h)
		r, err := n.nodes[0].Record(head.Height)
		check(t, err)
		if len(r.Misbehaviour) > 0 {
			t.Fatalf("block %d tells of misbehaviour", head.Height)
		}
		for _, v := range r.Votes {
			if v.Address == address && v.Flag != ledger.VoteAbsent {
				return head.Height - 1
			}
		}
		h = head.Height + 1
	}
}

func reopen(t *testing.T, n *network, i int, fs store.FS) { reopenAt(t, n, i, fs, n.nodes[i].dir) }

// reopenAt starts validator i again; the name of the database's directory in
// its file system stays.
func reopenAt(t *testing.T, n *network, i int, fs store.FS, dir string) {
	t.Helper()
	at := n.nodes[i].home
	n.open(t, i, at, fs, func(c *consensus.Config) { c.Dir = dir }).start()
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	check(t, os.MkdirAll(to, 0o700))
	entries, err := os.ReadDir(from)
	check(t, err)
	for _, e := range entries {
		in, err := os.Open(filepath.Join(from, e.Name()))
		check(t, err)
		out, err := os.Create(filepath.Join(to, e.Name()))
		check(t, err)
		_, err = io.Copy(out, in)
		check(t, errors.Join(err, in.Close(), out.Close()))
	}
}

func TestAProposalWithAWrongLinkIsRefused(t *testing.T) {
	n := newNetwork(t, 4)
	n.launch(t, nil, func(i int, c *consensus.Config) {
		if i == 3 { // opens the link of the height after
			c.Link = func(h protocol.Height) (protocol.Hash, bool) { return maker(name(3)).Link(h + 1) }
		}
		if i == 2 { // has none
			c.Link = nil
		}
	})
	n.nodes[0].await(t, 6)
	n.sameState(t, 6)
	r, _, err := n.nodes[0].At(6)
	check(t, err)
	for h := protocol.Height(1); h < 6; h++ {
		b, _, err := ledger.ReadBeacon(r, h)
		check(t, err)
		if b.Proposer.UID > 1 {
			t.Errorf("block %d is by validator %d, whose links are wrong", h, b.Proposer.UID)
		}
	}
	s := n.nodes[0].Stats()
	for h := protocol.Height(7); h < 40 && (s.Refused == 0 || s.Rounds == 0); h++ { // one may come after its time
		n.nodes[0].await(t, h)
		s = n.nodes[0].Stats()
	}
	if s.Refused == 0 || s.Rounds == 0 {
		t.Fatalf("stats: got %+v, want refused proposals and rounds", s)
	}
}

func TestATakenPortIsOneClearError(t *testing.T) {
	n := newNetwork(t, 4)
	r := n.open(t, 0, t.TempDir(), storetest.Memory(), func(c *consensus.Config) { c.Listen = n.addrs[1] })
	defer func() { check(t, r.db.Close()) }()
	block := n.open(t, 1, t.TempDir(), storetest.Memory(), nil)
	block.start()
	defer block.halt(t)
	select {
	case <-block.Ready():
	case err := <-block.done:
		block.done <- err
		t.Fatalf("the first node: %v", err)
	}
	err := r.Run(t.Context())
	if !errors.Is(err, consensus.ErrListen) || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), n.addrs[1]) {
		t.Fatalf("got %v, want %v with the address", err, consensus.ErrListen)
	}
}

// The port of CometBFT's own listener was free when it was chosen. Who is given it
// before CometBFT is does not keep the node from starting.
func TestAPortThatIsTakenMeanwhileIsNotMissed(t *testing.T) {
	n := newNetwork(t, 1)
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	defer taken.Close() //nolint:errcheck // nothing was written
	r := n.open(t, 0, t.TempDir(), storetest.Memory(), nil)
	r.Behind(taken.Addr().String())
	r.start()
	defer r.halt(t)
	r.await(t, 1)
}

func TestAForeignAddressIsToldFromATakenPort(t *testing.T) {
	n := newNetwork(t, 1)
	const foreign = "192.0.2.7:9662" // TEST-NET-1, which no machine has
	r := n.open(t, 0, t.TempDir(), storetest.Memory(), func(c *consensus.Config) { c.Listen = foreign })
	defer func() { check(t, r.db.Close()) }()
	err := r.Run(t.Context())
	if !errors.Is(err, consensus.ErrListen) || !errors.Is(err, syscall.EADDRNOTAVAIL) || !strings.Contains(err.Error(), foreign) {
		t.Fatalf("got %v, want %v with the address and the reason", err, consensus.ErrListen)
	}
	select {
	case <-r.Ready():
		t.Error("ready although nothing listens")
	default:
	}
}

// What the system refuses CometBFT's own log keeps its number, so that the disk is
// named and not the network.
func TestADiskThatRefusesTheLogOfConsensusIsNamed(t *testing.T) {
	n := newNetwork(t, 1)
	dir := t.TempDir()
	check(t, os.MkdirAll(filepath.Join(dir, "wal"), 0o700))
	check(t, os.Symlink("/dev/full", filepath.Join(dir, "wal", protocol.ShortChainID(n.g.ChainID()))))
	r := n.open(t, 0, dir, storetest.Memory(), nil)
	defer func() { check(t, r.db.Close()) }()
	if err := r.Run(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want %v", err, syscall.ENOSPC)
	}
	reason := consensus.HaltReason("failed to write x to the log due to write wal: no space left on device; check your file system")
	if !errors.Is(reason, syscall.ENOSPC) || errors.Is(reason, syscall.EROFS) {
		t.Errorf("got %v from the text of a halt, want %v", errors.Unwrap(reason), syscall.ENOSPC)
	}
	if other := consensus.HaltReason("+2/3 committed an invalid block"); errors.Unwrap(other) != nil {
		t.Errorf("got %v from a text without one", errors.Unwrap(other))
	}
}

func TestRunStopsBeforeTheNetworkBegins(t *testing.T) {
	n := newNetwork(t, 4)
	n.g.Time += 3600
	r := n.open(t, 0, t.TempDir(), storetest.Memory(), nil)
	defer func() { check(t, r.db.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, r.Run(ctx))
	<-r.Ready() // what waits has started
}

func TestANodeWhoseDiskFailsEndsWithAnError(t *testing.T) {
	n := newNetwork(t, 1)
	disk := storetest.NewFaults(storetest.Memory())
	r := n.open(t, 0, t.TempDir(), disk, nil)
	r.start()
	r.await(t, 2)
	disk.FailAfter(3)
	select {
	case err := <-r.done:
		if !errors.Is(err, consensus.ErrHalted) {
			t.Fatalf("got %v, want %v", err, consensus.ErrHalted)
		}
		t.Log(err)
	case <-time.After(patience):
		t.Fatal("the node lives on without its disk")
	}
	_ = r.db.Close()
}

func TestANodeThatDoesNotGoOnEndsWithAnError(t *testing.T) {
	n := newNetwork(t, 1)
	r := n.open(t, 0, t.TempDir(), storetest.Memory(), func(c *consensus.Config) {
		c.Link, c.StallAfter = nil, 2*time.Second // it never proposes
	})
	defer func() { check(t, r.db.Close()) }()
	if err := r.Run(t.Context()); !errors.Is(err, consensus.ErrStalled) {
		t.Fatalf("got %v, want %v", err, consensus.ErrStalled)
	}
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	n := newNetwork(t, 4)
	for what, change := range map[string]func(*consensus.Config){
		"no genesis":   func(c *consensus.Config) { c.Genesis = nil },
		"no directory": func(c *consensus.Config) { c.Dir = "" },
		"no port":      func(c *consensus.Config) { c.Listen = "127.0.0.1" },
		"port 0":       func(c *consensus.Config) { c.Listen = "127.0.0.1:0" },
		"a bad peer":   func(c *consensus.Config) { c.Peers = []string{"127.0.0.1:1"} },
	} {
		db := storetest.Open(t, storetest.Memory(), "db")
		k, err := secret("v0").DeriveConsensus("net", 0)
		check(t, err)
		c := consensus.Config{Genesis: n.g, DB: db, Dir: t.TempDir(), Consensus: k, Transport: k, Listen: n.addrs[0]}
		change(&c)
		if _, err := consensus.New(c); !errors.Is(err, consensus.ErrConfig) {
			t.Errorf("%s: got %v, want %v", what, err, consensus.ErrConfig)
		}
	}
}
