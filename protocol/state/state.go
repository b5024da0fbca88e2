package state

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cosmos/iavl"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
)

const (
	// cachedNodes is how many nodes stay in memory, twice, about 300 bytes
	// each: the whole state of some hundred seats.
	cachedNodes = 10_000
	// Keep is how many versions can be read: some minutes for who is slow, and
	// the last epochs of a local network.
	Keep = 200
	// maxFlush is how many bytes of a version are written at once: all.
	maxFlush = math.MaxInt
	// pruneStep is how many old versions a block removes at most, so that no
	// block pays for a long backlog: 451 at once took eleven seconds.
	pruneStep = 3
)

// State is the working tree over the newest version. Get, Set, Remove,
// Iterate, WorkingHash, Rollback and Commit are for one goroutine; Latest, At,
// Version and Hash for all.
type State struct {
	space *store.Space
	tree  *iavl.MutableTree
	// reader is a second view of the same store, with nodes of its own: the
	// working tree changes the nodes in its cache while it copies them.
	reader *iavl.MutableTree
	latest atomic.Pointer[Snapshot]
	// writes are those since the newest version, nil for what was removed. They, and
	// what the newest version remembers, are read without a walk.
	writes map[string][]byte
	mu     sync.Mutex // held while versions come and go, and while one is looked up
	oldest int64      // guarded by mu
}

var _ ledger.Tree = (*State)(nil)

// Open reads the newest version from space, or begins with version 0, which is
// empty and never written.
func Open(space *store.Space) (*State, error) {
	tree := treeOf(space)
	version, err := tree.Load()
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	s := &State{space: space, tree: tree, reader: treeOf(space), oldest: version}
	if all := tree.AvailableVersions(); len(all) > 0 {
		s.oldest = int64(all[0])
	}
	if err := s.publish(version, nil); err != nil {
		return nil, err
	}
	return s, nil
}

// Begin makes h the first version, where there is none yet: 1 without it.
func (s *State) Begin(h protocol.Height) { s.tree.SetInitialVersion(uint64(h)) }

// publish makes version the one that Latest returns.
func (s *State) publish(version int64, known map[string][]byte) error {
	snap := &Snapshot{height: protocol.Height(version), memo: memo{values: known}}
	if version > 0 {
		tree, err := s.reader.GetImmutable(version)
		if err != nil {
			return fmt.Errorf("load state %d: %w", version, err)
		}
		snap.tree = tree
		copy(snap.hash[:], tree.Hash())
	}
	s.latest.Store(snap)
	return nil
}

// Get implements [ledger.Reader] over the working tree.
func (s *State) Get(key []byte) ([]byte, error) {
	if v, ok := s.writes[string(key)]; ok {
		return v, nil
	}
	return s.latest.Load().memo.get(key, s.tree.Get)
}

// Set implements [ledger.Tree].
func (s *State) Set(key, value []byte) error {
	if len(key) == 0 || len(value) == 0 { // what is empty cannot be proven
		return fmt.Errorf("set %x: %w", key, ErrLimit)
	}
	_, err := s.tree.Set(key, value)
	s.wrote(key, value)
	return err
}

// Remove implements [ledger.Tree].
func (s *State) Remove(key []byte) error {
	_, _, err := s.tree.Remove(key)
	s.wrote(key, nil)
	return err
}

func (s *State) wrote(key, value []byte) {
	if s.writes == nil {
		s.writes = make(map[string][]byte)
	}
	s.writes[string(key)] = value
}

// Iterate implements [ledger.Reader] over the working tree.
func (s *State) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	return iterate(s.tree.ImmutableTree, prefix, fn)
}

func iterate(tree *iavl.ImmutableTree, prefix []byte, fn func(key, value []byte) bool) error {
	it, err := tree.Iterator(prefix, successor(prefix), true)
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }()
	for ; it.Valid(); it.Next() {
		if !fn(it.Key(), it.Value()) {
			break
		}
	}
	return it.Error()
}

// successor returns the least key above all that begin with prefix, nil when
// there is none.
func successor(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// WorkingHash returns the hash that the next version would have.
func (s *State) WorkingHash() protocol.Hash {
	return protocol.Hash(s.tree.WorkingHash())
}

// Rollback forgets all changes since the last Commit.
func (s *State) Rollback() {
	s.tree.Rollback()
	s.writes = nil
}

// Commit makes the working tree the next version; when it returns, that is on
// the disk. Old versions beyond [Keep] go, a few at a time.
func (s *State) Commit() (protocol.Hash, protocol.Height, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash, version, err := s.tree.SaveVersion()
	if err != nil {
		return protocol.Hash{}, 0, fmt.Errorf("save state %d: %w", version, err)
	}
	if s.oldest == 0 {
		s.oldest = version
	}
	known := s.latest.Load().memo.next(s.writes)
	s.writes = nil
	if err := s.publish(version, known); err != nil {
		return protocol.Hash{}, 0, err
	}
	if to := min(version-Keep, s.oldest+pruneStep-1); to >= s.oldest {
		if err := s.tree.DeleteVersionsTo(to); err != nil {
			return protocol.Hash{}, 0, fmt.Errorf("prune state up to %d: %w", to, err)
		}
		s.oldest = to + 1
	}
	return protocol.Hash(hash), protocol.Height(version), nil
}

// Version returns the newest version, the height of its block.
func (s *State) Version() protocol.Height { return s.latest.Load().height }

// Hash returns the root of the newest version; zero for version 0.
func (s *State) Hash() protocol.Hash { return s.latest.Load().hash }

// Latest returns the newest version.
func (s *State) Latest() *Snapshot { return s.latest.Load() }

// At returns the version after block h: [ErrVersion] if it is not there.
func (s *State) At(h protocol.Height) (*Snapshot, error) {
	if l := s.latest.Load(); l.height == h {
		return l, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.latest.Load(); h > l.height || int64(h) < s.oldest || h == 0 {
		return nil, fmt.Errorf("state %d, have %d to %d: %w", h, s.oldest, l.height, ErrVersion)
	}
	tree, err := s.reader.GetImmutable(int64(h))
	if err != nil {
		if errors.Is(err, iavl.ErrVersionDoesNotExist) {
			return nil, fmt.Errorf("state %d: %w", h, ErrVersion)
		}
		return nil, fmt.Errorf("load state %d: %w", h, err)
	}
	return &Snapshot{tree: tree, height: h, hash: protocol.Hash(tree.Hash())}, nil
}

// Snapshot reads one version. All methods may run at the same time. It lasts
// while the version is kept; reads of a version that went are errors.
type Snapshot struct {
	tree   *iavl.ImmutableTree // nil for version 0
	height protocol.Height
	hash   protocol.Hash
	memo   memo
}

var _ ledger.Reader = (*Snapshot)(nil)

// Height returns the height of the block after which the state was so.
func (s *Snapshot) Height() protocol.Height { return s.height }

// Hash returns the root.
func (s *Snapshot) Hash() protocol.Hash { return s.hash }

// Get implements [ledger.Reader]. The value must not be changed.
func (s *Snapshot) Get(key []byte) ([]byte, error) {
	if s.tree == nil {
		return nil, nil
	}
	return s.memo.get(key, s.tree.Get)
}

// Iterate implements [ledger.Reader].
func (s *Snapshot) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	if s.tree == nil {
		return nil
	}
	return iterate(s.tree, prefix, fn)
}
