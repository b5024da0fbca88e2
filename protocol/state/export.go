package state

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cosmos/iavl"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// A whole version as parts that another node puts together again. A part is the
// canonical encoding of a list of nodes of the tree, in the order in which a
// child comes before its parent, left before right: all of them in a row are the
// tree, and its root says whether they are the right ones. Two nodes with the same
// version give the same parts.

const (
	// partBytes is how much of nodes is in a part before it ends.
	partBytes = 512 << 10
	// partNodes is how many nodes a part has at most: no decoder takes a longer list.
	partNodes = 8192
	// MaxPart bounds a part: a node more than partBytes.
	MaxPart = partBytes + MaxKey + MaxValue + 64
	// maxDepth bounds the height of a tree: one of AVL with 2⁶⁴ leaves is lower.
	maxDepth = 96
)

// treeNode is a node of the tree: a leaf has a value and height 0.
type treeNode struct {
	_       struct{} `cbor:",toarray"`
	Key     []byte
	Value   []byte
	Version uint64 // of the state in which it came
	Height  uint8
}

func (n *treeNode) size() int { return len(n.Key) + len(n.Value) + 24 }

type treePart struct {
	_     struct{} `cbor:",toarray"`
	Nodes []treeNode
}

// Export calls write with one part after another. The version is not forgotten
// meanwhile by who holds it, but by the newest states: an export that takes longer
// than [Keep] blocks fails, with [ErrVersion].
func (s *Snapshot) Export(write func(part []byte) error) error {
	if s.tree == nil {
		return fmt.Errorf("export state 0: %w", ErrVersion)
	}
	from, err := s.tree.Export()
	if err != nil {
		return fmt.Errorf("export state %d: %w", s.height, err)
	}
	defer from.Close()
	var part treePart
	size, leaves := 0, int64(0)
	flush := func() error {
		err := write(wire.Encode(&part))
		part.Nodes, size = part.Nodes[:0], 0
		return err
	}
	for {
		n, err := from.Next()
		if errors.Is(err, iavl.ErrorExportDone) {
			break
		}
		if err != nil {
			return fmt.Errorf("export state %d: %w", s.height, err)
		}
		if n.Height == 0 {
			leaves++
		}
		part.Nodes = append(part.Nodes, treeNode{Key: n.Key, Value: n.Value, Version: uint64(n.Version), Height: uint8(n.Height)})
		if size += part.Nodes[len(part.Nodes)-1].size(); size >= partBytes || len(part.Nodes) == partNodes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	// What cannot be read ends an export of the library's without a word.
	if want := s.tree.Size(); leaves != want {
		return fmt.Errorf("export state %d: %d leaves of %d: %w", s.height, leaves, want, ErrVersion)
	}
	if len(part.Nodes) == 0 {
		return nil
	}
	return flush()
}

// Restore puts a state together from the parts of an export. It is for one
// goroutine. Until [Restore.Finish] has returned nil, nothing of it can be read.
type Restore struct {
	s       *State
	height  protocol.Height
	into    *iavl.Importer
	tree    *iavl.MutableTree
	waiting []subtree // what has no parent yet
}

// subtree is what is known of a node with all below it.
type subtree struct {
	height uint8
	first  []byte // the least key
	last   []byte // the greatest
}

// Restore begins to put the state after block h together, in the place of an empty
// one: [ErrVersion] where there is one. What an earlier one left is removed.
func (s *State) Restore(h protocol.Height) (*Restore, error) {
	if s.Version() > 0 || h == 0 || h > maxVersion {
		return nil, fmt.Errorf("restore state %d over %d: %w", h, s.Version(), ErrVersion)
	}
	if err := s.space.Clear(); err != nil {
		return nil, err
	}
	r := &Restore{s: s, height: h, tree: treeOf(s.space)}
	var err error
	if r.into, err = r.tree.Import(int64(h)); err != nil {
		return nil, fmt.Errorf("restore state %d: %w", h, err)
	}
	return r, nil
}

// maxVersion bounds the height of a state that is restored: the library keeps four
// bytes for each height below it, and a century of blocks of 3 s is as many.
const maxVersion = 1 << 30

// Add takes the next part: [ErrPart] where it is none of any export. Any other
// error is of the store, and says nothing about who sent the part.
func (r *Restore) Add(part []byte) error {
	p, err := decodePart(part)
	if err != nil {
		return err
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if err := r.fits(n); err != nil {
			return err
		}
		err := r.into.Add(&iavl.ExportNode{Key: n.Key, Value: n.Value, Version: int64(n.Version), Height: int8(n.Height)})
		if err != nil {
			return fmt.Errorf("restore state %d: %w", r.height, err) // the node fits, so it could not be written
		}
	}
	return nil
}

// decodePart reads a part and checks each node by itself.
func decodePart(part []byte) (*treePart, error) {
	var p treePart
	if err := wire.Decode(part, MaxPart, &p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPart, err)
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		leaf := n.Height == 0
		if len(n.Key) == 0 || len(n.Key) > MaxKey || len(n.Value) > MaxValue || leaf != (len(n.Value) > 0) || n.Height > maxDepth || n.Version == 0 {
			return nil, fmt.Errorf("node %d, of height %d with a key of %d and a value of %d bytes: %w", i, n.Height, len(n.Key), len(n.Value), ErrPart)
		}
		if !leaf {
			n.Value = nil
		}
	}
	return &p, nil
}

// fits checks a node against those before it: an inner one has two children, whose
// heights differ by one at most, and its key is the least on its right. No hash
// covers that key, and what is read goes by it: with another one, records would not
// be found in a state whose root is right.
func (r *Restore) fits(n *treeNode) error {
	if n.Version > uint64(r.height) {
		return fmt.Errorf("a node of state %d in state %d: %w", n.Version, r.height, ErrPart)
	}
	if n.Height == 0 {
		if len(r.waiting) > maxDepth {
			return fmt.Errorf("%d nodes without a parent: %w", len(r.waiting), ErrPart)
		}
		r.waiting = append(r.waiting, subtree{first: n.Key, last: n.Key})
		return nil
	}
	at := len(r.waiting) - 2
	if at < 0 {
		return fmt.Errorf("an inner node without children: %w", ErrPart)
	}
	less, more := r.waiting[at], r.waiting[at+1]
	left, right := int(less.height), int(more.height)
	if int(n.Height) != max(left, right)+1 || left-right > 1 || right-left > 1 {
		return fmt.Errorf("a node of height %d over %d and %d: %w", n.Height, left, right, ErrPart)
	}
	if bytes.Compare(less.last, more.first) >= 0 || !bytes.Equal(n.Key, more.first) {
		return fmt.Errorf("a node with the key %x between %x and %x: %w", n.Key, less.last, more.first, ErrPart)
	}
	r.waiting = append(r.waiting[:at], subtree{height: n.Height, first: less.first, last: more.last})
	return nil
}

// Finish makes the state readable if its root is that one: [ErrProof] where it has
// another, and then nothing of it stays.
func (r *Restore) Finish(root protocol.Hash) error {
	if len(r.waiting) != 1 {
		return errors.Join(fmt.Errorf("restore state %d: %d roots: %w", r.height, len(r.waiting), ErrPart), r.Discard())
	}
	if err := r.into.Commit(); err != nil {
		return errors.Join(fmt.Errorf("restore state %d: %w", r.height, err), r.Discard())
	}
	r.into = nil
	if got := protocol.Hash(r.tree.Hash()); got != root {
		return errors.Join(fmt.Errorf("state %d has the root %s, want %s: %w", r.height, got, root, ErrProof), r.Discard())
	}
	return r.s.reload()
}

// Discard removes what was put together. It is called where Finish is not.
func (r *Restore) Discard() error {
	if r.into != nil {
		r.into.Close()
		r.into = nil
	}
	return r.s.space.Clear()
}

// reload reads the space anew, which has a state now.
func (s *State) reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tree := treeOf(s.space)
	version, err := tree.Load()
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	s.tree, s.reader, s.oldest, s.writes = tree, treeOf(s.space), version, nil
	return s.publish(version, nil)
}

// treeOf returns a view of the tree in a space. One batch holds all of a version: a
// threshold would write it in pieces.
func treeOf(space *store.Space) *iavl.MutableTree {
	return iavl.NewMutableTree(space.View(), cachedNodes, true, iavl.NewNopLogger(), iavl.SyncOption(true), iavl.FlushThresholdOption(maxFlush))
}
