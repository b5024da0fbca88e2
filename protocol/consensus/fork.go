package consensus

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// What becomes of a fork that a light reader meets.
//
// The reader has two blocks of one height, each signed by enough of a set that it
// trusted, and stops: it cannot know which is the chain. But those who signed both,
// or signed what cannot follow, can be proven guilty to validators of either
// history. So before it stops it gives each validator that it reaches both blocks,
// each with the height at which it still agreed with everybody. A validator takes
// the one that is not its own chain's and makes evidence of it, which CometBFT
// checks whole, passes on, and puts into a block; there it is misbehaviour that the
// ledger is told of.
//
// Anybody may hand over a block, so that the checks go from the cheapest to the
// dearest: size, form, heights, the same block as ours, seen before, a third of our
// power named among the signers; the signatures last. Nothing that the reader says
// is taken over into the evidence but the block itself.

// fork is one block of a fork, as a reader hands it over.
type fork struct {
	_      struct{}        `cbor:",toarray"`
	Common protocol.Height // below the block; the reader trusted that one
	Block  []byte          // a light block of CometBFT in protobuf
}

// encodeFork returns what tells a validator of block, and nil for a block that is
// too large to be sent.
func encodeFork(common *types.LightBlock, block *types.LightBlock) []byte {
	p, err := block.ToProto()
	if err != nil {
		return nil
	}
	b, err := p.Marshal()
	if err != nil {
		return nil
	}
	f := wire.Encode(&fork{Common: protocol.Height(common.Height), Block: b})
	if len(f) > MaxRequest {
		return nil
	}
	return f
}

// decodeFork is the inverse of encodeFork: [ErrRequest].
func decodeFork(raw []byte, chain string) (common protocol.Height, block *types.LightBlock, err error) {
	var f fork
	if err := wire.Decode(raw, MaxRequest, &f); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	lb, err := decodeLightBlock(f.Block, chain)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return f.Common, lb, nil
}

// maxForks is how many blocks are remembered that were looked at: a fork has two
// sides, and many readers meet it.
const maxForks = 64

// CometBFT takes no evidence of a height before it knows the block after. Blocks of
// up to forkAhead heights beyond are kept until then, maxEarly of them: only such
// of which evidence could be made now, so that nobody fills this but who proves
// himself guilty by each. The same header may come with other signatures, and none
// takes the place of another: maxVariants of one are kept, and all are tried.
const (
	forkAhead   = 16
	maxEarly    = 16
	maxVariants = 4
)

// seenForks remembers the hashes of blocks that evidence was made of, and blocks
// that came too early.
type seenForks struct {
	mu    sync.Mutex
	seen  map[protocol.Hash]bool      // guarded by mu
	early map[protocol.Hash]earlyFork // guarded by mu: by the hash of what is kept
}

// earlyFork is a block that was handed over before we had the one after it.
type earlyFork struct {
	height protocol.Height
	header protocol.Hash
	raw    []byte // as TakeFork takes it
}

// keep keeps a block for later, and reports whether there is room.
func (s *seenForks) keep(e earlyFork) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := protocol.Hash(sha256.Sum256(e.raw))
	if _, known := s.early[k]; known {
		return true
	}
	variants := 0
	for _, o := range s.early {
		if o.header == e.header {
			variants++
		}
	}
	if variants >= maxVariants || len(s.early) >= maxEarly {
		return false
	}
	if s.early == nil {
		s.early = map[protocol.Hash]earlyFork{}
	}
	s.early[k] = e
	return true
}

// ripe takes out what was kept of heights below h, the lowest first.
func (s *seenForks) ripe(h protocol.Height) (out []earlyFork) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.early {
		if e.height < h {
			out = append(out, e)
			delete(s.early, k)
		}
	}
	slices.SortFunc(out, func(a, b earlyFork) int {
		return cmp.Or(cmp.Compare(a.height, b.height), bytes.Compare(a.raw, b.raw))
	})
	return out
}

func (s *seenForks) has(h protocol.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[h]
}

func (s *seenForks) add(h protocol.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || len(s.seen) >= maxForks {
		s.seen = map[protocol.Hash]bool{}
	}
	s.seen[h] = true
}

// TakeFork takes a block that a light reader met beside ours (LightConfig.Report),
// and makes evidence of it, or keeps it until there can be some. It returns nil
// also where the block is our own chain's, or known. Errors: [ErrRequest] for what
// is no such block, [ErrNoBlock] where this node does not have the blocks around
// it (yet) or no room for it, which may be otherwise soon, and [ErrLie] for a block
// that not enough of our validators signed.
func (n *Node) TakeFork(raw []byte) error {
	c := n.comet.Load()
	if c == nil {
		return fmt.Errorf("consensus does not run: %w", ErrNoBlock)
	}
	below, lb, err := decodeFork(raw, n.chain)
	if err != nil {
		return err
	}
	_, newest := n.app.latest()
	h := protocol.Height(lb.Height)
	if below == 0 || below >= h {
		return fmt.Errorf("block %d after %d: %w", h, below, ErrRequest)
	}
	if below > newest || h > newest+forkAhead {
		return fmt.Errorf("block %d after %d, the newest is %d: %w", h, below, newest, ErrNoBlock)
	}
	hash := protocol.Hash(lb.Hash())
	if n.forks.has(hash) {
		return nil
	}
	if h >= newest {
		return n.takeEarly(lb, newest)
	}
	common, err := n.archive.load(int64(below))
	if err != nil {
		return err
	}
	ours, err := n.archive.load(lb.Height)
	if err != nil || bytes.Equal(ours.Hash(), lb.Hash()) {
		return err
	}
	ev, err := evidenceOf(lb, ours, common)
	if err != nil {
		return err
	}
	if err := c.EvidencePool().AddEvidence(ev); err != nil {
		return fmt.Errorf("block %d: %w: %w", lb.Height, ErrLie, err)
	}
	n.forks.add(hash)
	n.forked.Add(1)
	n.cfg.Logger.Error().Int64("height", lb.Height).Stringer("block", hash).Int("guilty", len(ev.ByzantineValidators)).
		Msg("validators signed another history: a light reader handed a block of it over, and evidence goes into the next block")
	return nil
}

// takeEarly keeps a block of a height whose next block we do not have, if it stands
// the checks that evidence will: those signatures that say that they are for it are
// all right. The block before it is our newest, whatever the reader trusted last:
// so that evidence is of the set of now, and not too old.
func (n *Node) takeEarly(lb *types.LightBlock, newest protocol.Height) error {
	if ours := n.archive.blocks.LoadBlockMeta(lb.Height); ours != nil && bytes.Equal(ours.BlockID.Hash, lb.Hash()) {
		return nil
	}
	if err := signersOf(lb); err != nil {
		return err
	}
	common, err := n.archive.load(min(int64(newest), lb.Height-1))
	if err != nil {
		return err
	}
	if _, err := namedOf(lb, common); err != nil {
		return err
	}
	if err := common.ValidatorSet.VerifyCommitLightTrustingAllSignatures(n.chain, lb.Commit, light.DefaultTrustLevel); err != nil {
		return fmt.Errorf("block %d: %w: %w", lb.Height, ErrLie, err)
	}
	if err := lb.ValidatorSet.VerifyCommitLightAllSignatures(n.chain, lb.Commit.BlockID, lb.Height, lb.Commit); err != nil {
		return fmt.Errorf("block %d: %w: %w", lb.Height, ErrLie, err)
	}
	raw := encodeFork(common, lb)
	if raw == nil {
		return fmt.Errorf("block %d is too large: %w", lb.Height, ErrRequest)
	}
	if !n.forks.keep(earlyFork{height: protocol.Height(lb.Height), header: protocol.Hash(lb.Hash()), raw: raw}) {
		return fmt.Errorf("block %d, the newest is %d, and others wait, %d or %d of its header: %w", lb.Height, newest, maxEarly, maxVariants, ErrNoBlock)
	}
	return nil
}

// takeRipe goes on with the blocks that came too early and do so no more.
func (n *Node) takeRipe() {
	_, newest := n.app.latest()
	for _, e := range n.forks.ripe(newest) {
		if err := n.TakeFork(e.raw); err != nil {
			n.cfg.Logger.Warn().Err(err).Uint64("height", uint64(e.height)).Msg("no evidence could be made of a block of another history that was handed over")
		}
	}
}

// evidenceOf returns the evidence that lb is not ours, which are of one height,
// where common is a block before. It checks no signature.
func evidenceOf(lb, ours, common *types.LightBlock) (*types.LightClientAttackEvidence, error) {
	if err := signersOf(lb); err != nil {
		return nil, err
	}
	ev := &types.LightClientAttackEvidence{ConflictingBlock: lb}
	if !ev.ConflictingHeaderIsInvalid(ours.Header) {
		common = ours // the same set signed both: the height of the crime is this
		if len(lb.Commit.Signatures) != len(ours.Commit.Signatures) {
			return nil, fmt.Errorf("block %d has %d signatures, ours %d: %w", lb.Height, len(lb.Commit.Signatures), len(ours.Commit.Signatures), ErrRequest)
		}
	}
	all, err := namedOf(lb, common)
	if err != nil {
		return nil, err
	}
	ev.CommonHeight, ev.Timestamp, ev.TotalVotingPower = common.Height, common.Time, all
	ev.ByzantineValidators = ev.GetByzantineValidators(common.ValidatorSet, ours.SignedHeader)
	if err := ev.ValidateBasic(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return ev, nil
}

// namedOf returns the power of all at common: [ErrLie] where lb names no more than
// a third of it as its signers. It checks no signature.
func namedOf(lb, common *types.LightBlock) (all int64, err error) {
	var power int64
	for _, s := range lb.Commit.Signatures {
		if s.BlockIDFlag == types.BlockIDFlagCommit {
			_, v := common.ValidatorSet.GetByAddress(s.ValidatorAddress)
			if v != nil {
				power += v.VotingPower
			}
		}
	}
	all = common.ValidatorSet.TotalVotingPower()
	if third := light.DefaultTrustLevel; power*int64(third.Denominator) <= all*int64(third.Numerator) {
		return 0, fmt.Errorf("block %d names %d of %d of the power at %d as its signers: %w", lb.Height, power, all, common.Height, ErrLie)
	}
	return all, nil
}

// signersOf refuses a commit that does not fit its set: one signature for each
// member, in their order and each once. CometBFT looks signers up by their place.
func signersOf(lb *types.LightBlock) error {
	if len(lb.Commit.Signatures) != lb.ValidatorSet.Size() {
		return fmt.Errorf("%w: %d signatures of %d validators", ErrRequest, len(lb.Commit.Signatures), lb.ValidatorSet.Size())
	}
	seen := map[string]bool{}
	for i, s := range lb.Commit.Signatures {
		v := lb.ValidatorSet.Validators[i]
		if seen[string(v.Address)] || s.BlockIDFlag != types.BlockIDFlagAbsent && !bytes.Equal(s.ValidatorAddress, v.Address) {
			return fmt.Errorf("%w: signature %d is not of its validator", ErrRequest, i)
		}
		seen[string(v.Address)] = true
	}
	return nil
}

// forkBefore is where readers may have agreed last with everybody else: the newest
// of these blocks that is below h, nil for none.
func forkBefore(h int64, blocks ...*types.LightBlock) *types.LightBlock {
	var best *types.LightBlock
	for _, b := range blocks {
		if b != nil && b.Height < h && (best == nil || b.Height > best.Height) {
			best = b
		}
	}
	return best
}
