package consensus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// Snapshots: the ledger's state after a block, for a node that joins and does not
// carry out all blocks before it (statesync.go is that node's side of it).
//
// A snapshot is of a height that SnapshotEvery divides, so that all nodes have the
// same ones. Its parts are those of [state.Snapshot.Export], a file each; its
// metadata are the SHA-256 hashes of the parts in a row, and its hash is that of
// the metadata. It is made when a peer asks what there is, once for each height,
// and stays until three newer ones were made.

const (
	// snapshotFormat is the only one: the parts of [state.Snapshot.Export].
	snapshotFormat = 1
	// snapshotEvery is how many blocks lie between two; a version is kept for
	// [state.Keep] blocks, and one must be left to export.
	snapshotEvery = 100
	// snapshotsKept is how many can be fetched: who began with one has the time of
	// some hundred blocks for it.
	snapshotsKept = 3
	// maxSnapshotParts bounds a snapshot, to two gigabytes.
	maxSnapshotParts = 4096
	// snapshotBehind is how far behind the newest block one must be: who fetches it
	// needs the headers of the two blocks after it.
	snapshotBehind = 2
)

// snapshots are those that a node serves.
type snapshots struct {
	dir   string // a directory of its own
	every protocol.Height

	mu     sync.Mutex
	kept   []*abci.Snapshot // guarded by mu; the newest last
	failed protocol.Height  // guarded by mu; of which none could be made
}

// newSnapshots forgets what an earlier run left.
func newSnapshots(dir string, every protocol.Height) (*snapshots, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear snapshots: %w", err)
	}
	return &snapshots{dir: dir, every: every}, nil
}

// part is the path of a part.
func (s *snapshots) part(h uint64, i int) string {
	return filepath.Join(s.dir, strconv.FormatUint(h, 10), strconv.Itoa(i))
}

// list returns what can be fetched, and makes the newest if it is not there. One
// that could not be made is not tried again: each who asks would have all written
// anew.
func (s *snapshots) list(st *state.State) ([]*abci.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := st.Version()
	if newest < snapshotBehind {
		return nil, nil
	}
	h := (newest - snapshotBehind) / s.every * s.every
	if h == 0 || h == s.failed || slices.ContainsFunc(s.kept, func(x *abci.Snapshot) bool { return x.Height >= uint64(h) }) {
		return slices.Clone(s.kept), nil
	}
	from, err := st.At(h)
	if errors.Is(err, state.ErrVersion) { // a chain, or a node, that began later
		return slices.Clone(s.kept), nil
	}
	if err != nil {
		return nil, err
	}
	made, err := s.make(from)
	if err != nil {
		s.failed = h
		return nil, errors.Join(err, os.RemoveAll(filepath.Dir(s.part(uint64(h), 0))))
	}
	s.kept = append(s.kept, made)
	if len(s.kept) > snapshotsKept {
		old := s.kept[0].Height
		s.kept = s.kept[1:]
		if err := os.RemoveAll(filepath.Dir(s.part(old, 0))); err != nil {
			return nil, err
		}
	}
	return slices.Clone(s.kept), nil
}

// make writes the parts of a state.
func (s *snapshots) make(from *state.Snapshot) (*abci.Snapshot, error) {
	out := &abci.Snapshot{Height: uint64(from.Height()), Format: snapshotFormat}
	if err := os.MkdirAll(filepath.Dir(s.part(out.Height, 0)), 0o700); err != nil {
		return nil, err
	}
	err := from.Export(func(part []byte) error {
		if out.Chunks == maxSnapshotParts {
			return fmt.Errorf("a snapshot of more than %d parts: %w", maxSnapshotParts, state.ErrLimit)
		}
		sum := sha256.Sum256(part)
		out.Metadata = append(out.Metadata, sum[:]...)
		out.Chunks++
		return os.WriteFile(s.part(out.Height, int(out.Chunks)-1), part, 0o600)
	})
	sum := sha256.Sum256(out.Metadata)
	out.Hash = sum[:]
	return out, err
}

// load returns a part, nil where it is not there.
func (s *snapshots) load(h uint64, format, i uint32) ([]byte, error) {
	s.mu.Lock()
	known := slices.ContainsFunc(s.kept, func(x *abci.Snapshot) bool { return x.Height == h && x.Format == format && i < x.Chunks })
	s.mu.Unlock()
	if !known {
		return nil, nil
	}
	b, err := os.ReadFile(s.part(h, int(i)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // it went since
	}
	return b, err
}

// ListSnapshots implements [abci.Application].
func (a *app) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	list, err := a.served.list(a.st)
	if err != nil {
		a.log.Warn().Err(err).Msg("no snapshot of the ledger can be made for a node that joins")
	}
	return &abci.ResponseListSnapshots{Snapshots: list}, nil
}

// LoadSnapshotChunk implements [abci.Application].
func (a *app) LoadSnapshotChunk(_ context.Context, r *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	part, err := a.served.load(r.Height, r.Format, r.Chunk)
	if err != nil {
		a.log.Warn().Err(err).Msg("a snapshot of the ledger cannot be read")
	}
	return &abci.ResponseLoadSnapshotChunk{Chunk: part}, nil
}

// restoring is a snapshot that is being fetched.
type restoring struct {
	*state.Restore
	offer *abci.Snapshot
	root  protocol.Hash
	next  uint32 // the part that comes next
}

// OfferSnapshot implements [abci.Application]: it takes what can be one, over the
// state whose hash a verified header carries. One of a height at which nobody makes
// them would come before those of the others as long as it is newer.
func (a *app) OfferSnapshot(_ context.Context, r *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	say := func(result abci.ResponseOfferSnapshot_Result) (*abci.ResponseOfferSnapshot, error) {
		return &abci.ResponseOfferSnapshot{Result: result}, nil
	}
	if err := a.giveUp(); err != nil {
		return nil, err
	}
	s := r.Snapshot
	if s == nil || len(r.AppHash) != len(protocol.Hash{}) {
		return say(abci.ResponseOfferSnapshot_REJECT)
	}
	if s.Format != snapshotFormat {
		return say(abci.ResponseOfferSnapshot_REJECT_FORMAT)
	}
	sum := sha256.Sum256(s.Metadata)
	if s.Height%uint64(a.served.every) != 0 || s.Chunks == 0 || s.Chunks > maxSnapshotParts || len(s.Metadata) != int(s.Chunks)*sha256.Size || !bytes.Equal(sum[:], s.Hash) {
		a.log.Warn().Uint64("height", s.Height).Msg("a snapshot that cannot be one was offered")
		return say(abci.ResponseOfferSnapshot_REJECT_SENDER)
	}
	into, err := a.st.Restore(protocol.Height(s.Height))
	if err != nil {
		return nil, err
	}
	if err := a.mark.set(s.Height); err != nil {
		return nil, err
	}
	a.into = &restoring{Restore: into, offer: s, root: protocol.Hash(r.AppHash)}
	a.progress.Add(1)
	a.log.Info().Uint64("height", s.Height).Uint32("parts", s.Chunks).Msg("fetching the ledger's state")
	return say(abci.ResponseOfferSnapshot_ACCEPT)
}

// giveUp forgets a snapshot that did not become a state.
func (a *app) giveUp() error {
	if a.into == nil {
		return nil
	}
	into := a.into
	a.into = nil
	return into.Discard()
}

// ApplySnapshotChunk implements [abci.Application]: a part that is not the one that
// was promised is fetched from another peer; a whole that is not the state is
// rejected.
func (a *app) ApplySnapshotChunk(_ context.Context, r *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	say := func(result abci.ResponseApplySnapshotChunk_Result) *abci.ResponseApplySnapshotChunk {
		return &abci.ResponseApplySnapshotChunk{Result: result}
	}
	in := a.into
	if in == nil || r.Index != in.next { // CometBFT hands them over in their order
		return say(abci.ResponseApplySnapshotChunk_ABORT), nil
	}
	sum := sha256.Sum256(r.Chunk)
	if at := int(r.Index) * sha256.Size; !bytes.Equal(sum[:], in.offer.Metadata[at:at+sha256.Size]) {
		a.log.Warn().Uint32("part", r.Index).Str("peer", r.Sender).Msg("a peer sent another part of the state than it promised")
		res := say(abci.ResponseApplySnapshotChunk_RETRY)
		res.RefetchChunks, res.RejectSenders = []uint32{r.Index}, []string{r.Sender}
		return res, nil
	}
	err := in.Add(r.Chunk)
	if in.next++; err == nil && in.next == in.offer.Chunks {
		err = a.restored(in)
	}
	switch {
	case err == nil:
		a.progress.Add(1)
		return say(abci.ResponseApplySnapshotChunk_ACCEPT), nil
	case errors.Is(err, state.ErrPart), errors.Is(err, state.ErrProof):
		a.log.Warn().Err(err).Uint64("height", in.offer.Height).Str("peer", r.Sender).Msg("a snapshot that is not the state was offered")
		if err := a.giveUp(); err != nil {
			return nil, err
		}
		res := say(abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT)
		res.RejectSenders = []string{r.Sender}
		return res, nil
	}
	return nil, err
}

// restored makes the whole the node's state, with the proposers that the verified
// headers have.
func (a *app) restored(in *restoring) error {
	h := in.offer.Height
	rot := a.expected.Load()
	if rot == nil || rot.height != protocol.Height(h) {
		return fmt.Errorf("state %d without its proposers: %w", h, ErrHalted)
	}
	b, err := rot.encode()
	if err != nil {
		return err
	}
	if err := a.space.Set(store.Key(h), b); err != nil {
		return fmt.Errorf("keep proposers of block %d: %w", h, err)
	}
	if err := in.Finish(in.root); err != nil {
		return err
	}
	a.rot, a.into = rot.rotation, nil
	a.log.Info().Uint64("height", h).Str("state", in.root.Short()).Msg("the ledger's state is here; blocks after it follow")
	return nil
}
