package consensus_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/statesync"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

// TestAValidatorJoinsAfterBlocksWerePruned: the network's nodes have forgotten
// their first blocks, so that nobody can carry out all. One that knows a block, an
// older one or the newest, begins with a snapshot near it, signs with the others
// when it has caught up, has none of the forgotten blocks, and goes on by itself
// after a start.
func TestAValidatorJoinsAfterBlocksWerePruned(t *testing.T) {
	n := newNetwork(t, 4)
	n.g.Params.Seats.MaxSilence = 2000 // nobody is jailed for coming late
	n.launchSome(t, 3, func(c *consensus.Config) { c.SnapshotEvery = 10 })
	n.nodes[0].await(t, 40)
	older := n.nodes[0].Checkpoint()
	for _, r := range n.nodes[:3] {
		for protocol.Height(r.Base()) <= 5 {
			r.await(t, r.Stats().Height+1)
		}
	}
	r := n.joiner(t, 3, t.TempDir(), storetest.NewCrash(), older)
	r.start()
	if first := r.await(t, 2).Height; first <= older.Height {
		t.Errorf("from block %d it began at block %d", older.Height, first)
	}
	r.halt(t)

	disk, home := storetest.NewCrash(), t.TempDir()
	newest := n.nodes[0].Checkpoint()
	r = n.joiner(t, 3, home, disk, newest)
	begun := time.Now()
	r.start()
	first := r.await(t, 2).Height
	t.Logf("from block %d it began at block %d, after %s", newest.Height, first, time.Since(begun).Round(time.Millisecond))
	n.sameState(t, max(first, newest.Height)+5)
	if _, err := r.Record(first - 1); !errors.Is(err, consensus.ErrNoBlock) {
		t.Errorf("block %d: got %v, want %v", first-1, err, consensus.ErrNoBlock)
	}
	n.signs(t, 3, newest.Height+5)
	r.halt(t)

	r = n.joiner(t, 3, home, disk, newest)
	last := r.Stats().Height
	if last < newest.Height+5 {
		t.Errorf("after a start it is at %d, and was beyond %d", last, newest.Height+5)
	}
	r.start()
	n.sameState(t, last+5)
}

// joiner makes the node of validator i, which knows a block and asks those before
// it.
func (n *network) joiner(t testing.TB, i int, home string, disk store.FS, trust protocol.Checkpoint) *running {
	t.Helper()
	return n.open(t, i, home, disk, func(c *consensus.Config) {
		c.SnapshotEvery, c.Trust = 10, trust
		c.Providers = func() (out []consensus.Provider) {
			if n.over.Load() { // CometBFT goes on asking when it was stopped
				return nil
			}
			for _, r := range n.nodes[:i] {
				out = append(out, consensus.Remote(r.name, r.Serve))
			}
			return out
		}
	})
}

// TestAnotherChainIsNotJoined: who knows another block than the network has, or
// upgrades that it did not have, does not begin, and says so.
func TestAnotherChainIsNotJoined(t *testing.T) {
	n := newNetwork(t, 4)
	n.launchSome(t, 3, func(c *consensus.Config) { c.SnapshotEvery = 10 })
	n.nodes[0].await(t, 13)
	own, other := n.g, *n.g
	other.Params.Upgrades = []params.Upgrade{{Height: 5, Rules: 1, Emission: &params.Emission{PerBlock: 1, MaxSupply: own.Params.Emission.MaxSupply}}}
	n.g = &other
	r := n.joiner(t, 3, t.TempDir(), storetest.NewCrash(), n.nodes[0].Checkpoint())
	n.g = own
	r.SetStall(patience)
	if err := r.Run(t.Context()); !errors.Is(err, consensus.ErrUpgrade) {
		t.Errorf("other upgrades: got %v, want %v", err, consensus.ErrUpgrade)
	}
	check(t, r.db.Close())

	wrong := protocol.Checkpoint{Height: n.nodes[0].Stats().Height, Hash: protocol.Hash{1}}
	err := consensus.ErrStalled
	// It asks for snapshots for five seconds, and what it takes from there to an answer
	// depends on the machine.
	for stall := 12 * time.Second; errors.Is(err, consensus.ErrStalled) && stall < patience; stall *= 2 {
		r = n.joiner(t, 3, t.TempDir(), storetest.NewCrash(), wrong)
		r.SetStall(stall)
		err = r.Run(t.Context())
		if _, h := r.Latest(); h != 0 {
			t.Errorf("it is at block %d", h)
		}
		check(t, r.db.Close())
	}
	if !errors.Is(err, consensus.ErrCheckpoint) {
		t.Errorf("got %v, want %v", err, consensus.ErrCheckpoint)
	}
	n.over.Store(true)
}

// launchSome starts the first validators, which forget what is older than fifty
// blocks, and stops all with the test.
func (n *network) launchSome(t *testing.T, some int, change func(*consensus.Config)) {
	t.Helper()
	for i := range some {
		r := n.open(t, i, t.TempDir(), storetest.NewCrash(), change)
		r.Forget(50)
		r.start()
	}
	t.Cleanup(func() {
		for _, r := range n.nodes {
			if r != nil {
				r.halt(t)
			}
		}
	})
}

// address is how blocks name validator i.
func (n *network) address(i int) ledger.ConsensusAddress {
	return ledger.ConsensusAddress(key.AddressOf(n.g.Seats[i].Consensus.Key))
}

// signs waits until a block after h carries a signature of validator i.
func (n *network) signs(t *testing.T, i int, h protocol.Height) {
	t.Helper()
	const within = 400 // who joins on a busy machine needs some to catch up
	for at := h; at < h+within; at++ {
		n.nodes[0].await(t, at+1)
		record, err := n.nodes[0].Record(at)
		check(t, err)
		for _, v := range record.Votes {
			if v.Flag == ledger.VoteCommit && v.Address == n.address(i) {
				return
			}
		}
	}
	t.Errorf("validator %d signed none of %d blocks after %d", i, within, h)
}

// offers is an application to which parts of a state are handed by hand.
type offers struct {
	app  abci.Application
	root protocol.Hash
}

func (o *offers) offer(t *testing.T, s *abci.Snapshot) abci.ResponseOfferSnapshot_Result {
	t.Helper()
	res, err := o.app.OfferSnapshot(t.Context(), &abci.RequestOfferSnapshot{Snapshot: s, AppHash: o.root[:]})
	check(t, err)
	return res.Result
}

func (o *offers) apply(t *testing.T, i uint32, part []byte) *abci.ResponseApplySnapshotChunk {
	t.Helper()
	res, err := o.app.ApplySnapshotChunk(t.Context(), &abci.RequestApplySnapshotChunk{Index: i, Chunk: part, Sender: "mallory"})
	check(t, err)
	return res
}

// TestAHostileSnapshotIsRefused: metadata that promise too much or nothing are
// refused before anything is fetched, a part that is another than was promised is
// fetched anew from somebody else, and a whole that keeps its promise and is not
// the state ends with the snapshot and its sender.
func TestAHostileSnapshotIsRefused(t *testing.T) {
	n := newNetwork(t, 2)
	n.launchSome(t, 1, nil)
	joiner := n.open(t, 1, t.TempDir(), storetest.NewCrash(), nil)
	o := &offers{app: joiner.App(), root: protocol.Hash{1}}
	part := wire.Encode([]any{[]any{[]any{[]byte("key"), []byte("value"), 3, 0}}})
	sum := sha256.Sum256(part)
	promise := func(change func(*abci.Snapshot)) *abci.Snapshot {
		s := &abci.Snapshot{Height: 100, Format: 1, Chunks: 1, Metadata: sum[:]}
		if change != nil {
			change(s)
		}
		all := sha256.Sum256(s.Metadata)
		s.Hash = all[:]
		return s
	}
	for name, c := range map[string]struct {
		change func(*abci.Snapshot)
		want   abci.ResponseOfferSnapshot_Result
	}{
		"another format": {func(s *abci.Snapshot) { s.Format = 2 }, abci.ResponseOfferSnapshot_REJECT_FORMAT},
		"no parts":       {func(s *abci.Snapshot) { s.Chunks, s.Metadata = 0, nil }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"too many parts": {func(s *abci.Snapshot) { s.Chunks, s.Metadata = 4097, make([]byte, 32*4097) }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"between two":    {func(s *abci.Snapshot) { s.Height = 107 }, abci.ResponseOfferSnapshot_REJECT_SENDER},
		"a hash missing": {func(s *abci.Snapshot) { s.Chunks = 2 }, abci.ResponseOfferSnapshot_REJECT_SENDER},
	} {
		if got := o.offer(t, promise(c.change)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if got := o.apply(t, 0, part).Result; got != abci.ResponseApplySnapshotChunk_ABORT {
		t.Errorf("a part of nothing: got %v", got)
	}
	if got := o.offer(t, promise(nil)); got != abci.ResponseOfferSnapshot_ACCEPT {
		t.Fatalf("got %v", got)
	}
	res := o.apply(t, 0, []byte("another"))
	if res.Result != abci.ResponseApplySnapshotChunk_RETRY || len(res.RefetchChunks) != 1 || res.RejectSenders[0] != "mallory" {
		t.Errorf("another part: got %v", res)
	}
	joiner.Expect(100)
	res = o.apply(t, 0, part)
	if res.Result != abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT || res.RejectSenders[0] != "mallory" {
		t.Errorf("another state: got %v", res)
	}
	garbage := []byte("no part of any state")
	sum = sha256.Sum256(garbage)
	if got := o.offer(t, promise(nil)); got != abci.ResponseOfferSnapshot_ACCEPT {
		t.Fatalf("got %v", got)
	}
	if res = o.apply(t, 0, garbage); res.Result != abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT {
		t.Errorf("garbage that was promised: got %v", res)
	}
	if _, h := joiner.Latest(); h != 0 {
		t.Errorf("it has a state of block %d", h)
	}
	check(t, joiner.db.Close())
	n.nodes[1] = nil
}

// TestASnapshotThatCannotBeMadeIsTriedOnce, however often it is asked for.
func TestASnapshotThatCannotBeMadeIsTriedOnce(t *testing.T) {
	n := newNetwork(t, 1)
	var said atomic.Int64 // some of CometBFT's goroutines log after its end
	counting := zerolog.HookFunc(func(_ *zerolog.Event, _ zerolog.Level, message string) {
		if strings.HasPrefix(message, "no snapshot of the ledger can be made") {
			said.Add(1)
		}
	})
	r := n.open(t, 0, t.TempDir(), storetest.NewCrash(), func(c *consensus.Config) {
		c.SnapshotEvery, c.Logger = 10, zerolog.New(io.Discard).Hook(counting)
	})
	r.start()
	r.await(t, 12)
	check(t, os.WriteFile(filepath.Join(r.dir, "snapshots"), nil, 0o600)) // where their directory would be
	newest := func() int64 { return int64(r.Stats().Height-2) / 10 }
	first := newest()
	for range 3 {
		_, err := r.App().ListSnapshots(t.Context(), &abci.RequestListSnapshots{})
		check(t, err)
	}
	r.await(t, r.Stats().Height+1) // the block that the last question may have seen is in the count
	if got, heights := said.Load(), newest()-first+1; got == 0 || got > min(heights, 3) {
		t.Errorf("it was tried %d times, want one for each of %d heights", got, heights)
	}
	r.halt(t)
}

// TestSnapshotsAreTheSameOnAllNodes, come at each tenth block, and three stay.
func TestSnapshotsAreTheSameOnAllNodes(t *testing.T) {
	n := newNetwork(t, 2)
	n.launchSome(t, 2, func(c *consensus.Config) { c.SnapshotEvery = 10 })
	var listed [2][]*abci.Snapshot
	hashes := map[uint64]string{}
	both := func() (count int) {
		for _, x := range listed[0] {
			if slices.ContainsFunc(listed[1], func(y *abci.Snapshot) bool { return y.Height == x.Height }) {
				count++
			}
		}
		return count
	}
	// Blocks come while one after the other is asked, so that one may have a newer one.
	for h := protocol.Height(12); h <= 52 || both() < 3 && h < 1000; h += 10 {
		for i, r := range n.nodes {
			r.await(t, h)
			res, err := r.App().ListSnapshots(t.Context(), &abci.RequestListSnapshots{})
			check(t, err)
			listed[i] = res.Snapshots
		}
		for _, x := range slices.Concat(listed[0], listed[1]) {
			if hash, there := hashes[x.Height]; there && hash != string(x.Hash) || x.Height%10 != 0 {
				t.Fatalf("a snapshot of block %d has the hashes %x and %x", x.Height, hash, x.Hash)
			}
			hashes[x.Height] = string(x.Hash)
		}
	}
	if both() != 3 {
		t.Fatalf("snapshots %v and %v, want three that both have", listed[0], listed[1])
	}
	for _, c := range n.nodes[0].Channels() {
		if want := state.MaxPart + 1024; c.ID == statesync.ChunkChannel && c.RecvMessageCapacity != want {
			t.Errorf("a peer may send a part of %d bytes, want %d", c.RecvMessageCapacity, want)
		}
	}
	if len(listed[0]) != 3 {
		t.Fatalf("%d stay, want 3", len(listed[0]))
	}
	part := func(h uint64) []byte {
		res, err := n.nodes[0].App().LoadSnapshotChunk(t.Context(), &abci.RequestLoadSnapshotChunk{Height: h, Format: 1})
		check(t, err)
		return res.Chunk
	}
	sum := sha256.Sum256(part(listed[0][0].Height))
	if string(sum[:]) != string(listed[0][0].Metadata[:32]) {
		t.Error("a part is another than was promised")
	}
	if got := part(10); got != nil {
		t.Errorf("the first is still there, %d bytes", len(got))
	}
}
