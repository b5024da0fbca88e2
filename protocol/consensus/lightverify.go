package consensus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
)

// maxSkips bounds the headers between the trusted one and the target: each
// halves the distance, and every change of a third of the set costs one.
const maxSkips = 512

// follow verifies the newest block of p by skipping and returns it: a header is
// believed if more than a third of the trusted set and two thirds of its own
// signed it, and where the sets differ too much, a header halfway comes first
// (Braithwaite et al., "Tendermint light client", section on skipping).
func (l *Light) follow(ctx context.Context, p Provider) (*types.LightBlock, error) {
	trusted, err := l.root(ctx, p)
	if err != nil {
		return nil, err
	}
	target, err := l.block(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	switch {
	case target.Height < trusted.Height:
		return nil, fmt.Errorf("behind at %d: %w", target.Height, ErrNoBlock)
	case target.Height == trusted.Height:
		if !bytes.Equal(target.Hash(), trusted.Hash()) {
			return nil, l.contradiction(ctx, trusted, trusted, target, p)
		}
		return target, nil
	}
	if err := l.skip(ctx, p, trusted, target, nil); err != nil {
		return nil, err
	}
	all, _ := l.providers()
	return target, l.crossCheck(ctx, all, p, trusted, target)
}

// skip verifies target, which is above trusted, from it. on, if it is not nil, is
// told of each block that follows from the one before, and may end it.
func (l *Light) skip(ctx context.Context, p Provider, trusted, target *types.LightBlock, on func(from, to *types.LightBlock) error) error {
	steps := []*types.LightBlock{target}
	for n := 0; len(steps) > 0; n++ {
		if n == maxSkips {
			return fmt.Errorf("%d headers are not enough to %d: %w", n, target.Height, ErrLie)
		}
		next := steps[len(steps)-1]
		err := l.verify(trusted, next)
		var unknown light.ErrNewValSetCantBeTrusted
		switch {
		case err == nil:
			if on != nil {
				if err := on(trusted, next); err != nil {
					return err
				}
			}
			trusted, steps = next, steps[:len(steps)-1]
		case errors.As(err, &unknown):
			mid, err := l.block(ctx, p, protocol.Height((trusted.Height+next.Height)/2))
			if err != nil {
				return err
			}
			steps = append(steps, mid)
		default:
			return err
		}
	}
	return nil
}

// block fetches one light block; h 0 is the newest.
func (l *Light) block(ctx context.Context, p Provider, h protocol.Height) (*types.LightBlock, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	b, err := p.LightBlock(ctx, h)
	if err != nil {
		return nil, err
	}
	lb, err := decodeLightBlock(b, l.chain)
	if err != nil {
		return nil, err
	}
	if h > 0 && lb.Height != int64(h) {
		return nil, fmt.Errorf("block %d, asked for %d: %w", lb.Height, h, ErrLie)
	}
	return lb, nil
}

// verify returns nil if next follows from trusted: [ErrExpired], [ErrClock],
// [ErrLie], or CometBFT's error that says the sets differ too much. A header of the
// future says something of this machine's clock only where it is signed as any
// other, and is not below a verified one that is no later: else its provider lies.
func (l *Light) verify(trusted, next *types.LightBlock) error {
	if newest := l.newestBlock(); newest != nil && next.Height < newest.Height && !next.Time.Before(newest.Time) {
		return fmt.Errorf("header %d of %s, and %d is of %s: %w", next.Height, next.Time.Format(time.RFC3339), newest.Height, newest.Time.Format(time.RFC3339), ErrLie)
	}
	return l.follows(trusted, next)
}

// follows is [Light.verify] without a look at what is above next: another history
// has times of its own.
func (l *Light) follows(trusted, next *types.LightBlock) error {
	now, period := time.Now(), l.cfg.TrustPeriod
	future := next.Time.After(now.Add(clockDrift))
	if future {
		now, period = next.Time, math.MaxInt64
	}
	err := light.Verify(trusted.SignedHeader, trusted.ValidatorSet, next.SignedHeader, next.ValidatorSet,
		period, now, clockDrift, light.DefaultTrustLevel)
	var old light.ErrOldHeaderExpired
	var unknown light.ErrNewValSetCantBeTrusted
	switch {
	case err == nil:
		if err = l.signed(next); err == nil && future {
			err = fmt.Errorf("header %d of %s: %w", next.Height, next.Time.Format(time.RFC3339), ErrClock)
		}
		return err
	case errors.As(err, &unknown):
		return err
	case errors.As(err, &old) && !future: // else it is of centuries ahead
		return fmt.Errorf("header %d: %w: %w", trusted.Height, ErrExpired, err)
	}
	return fmt.Errorf("header %d after %d: %w: %w", next.Height, trusted.Height, ErrLie, err)
}

// signed returns nil if a block has the signatures of two thirds of its set and no
// other than right ones, each at its place: [ErrLie]. Two thirds alone would be
// enough to believe it. But CometBFT takes a fork as evidence only as a whole: with
// one signature of nobody's beside their own the guilty would escape.
func (l *Light) signed(lb *types.LightBlock) error {
	if err := signersOf(lb); err != nil {
		return fmt.Errorf("block %d: %w: %w", lb.Height, ErrLie, err)
	}
	if err := lb.ValidatorSet.VerifyCommitLightAllSignatures(l.chain, lb.Commit.BlockID, lb.Height, lb.Commit); err != nil {
		return fmt.Errorf("block %d: %w: %w", lb.Height, ErrLie, err)
	}
	return nil
}

// root returns the newest trusted block; at first it is where trust begins.
func (l *Light) root(ctx context.Context, p Provider) (*types.LightBlock, error) {
	if newest := l.newestBlock(); newest != nil {
		return newest, nil
	}
	return l.begin(ctx, p, l.cfg.Trust)
}

// newestBlock returns the newest verified block, nil before the first.
func (l *Light) newestBlock() *types.LightBlock {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest
}

// begin returns the block at which trust begins: that of a checkpoint, or without
// one the first, which the genesis' set must have signed.
func (l *Light) begin(ctx context.Context, p Provider, from protocol.Checkpoint) (*types.LightBlock, error) {
	h := max(from.Height, l.cfg.Genesis.First())
	lb, err := l.block(ctx, p, h)
	if err != nil {
		return nil, err
	}
	if from.Height > 0 {
		if !bytes.Equal(lb.Hash(), from.Hash[:]) {
			return nil, fmt.Errorf("block %d is %X, the checkpoint is %s: %w: %w", h, lb.Hash(), from.Hash, ErrLie, ErrCheckpoint)
		}
	} else if !bytes.Equal(lb.ValidatorSet.Hash(), l.genesis.Hash()) {
		return nil, fmt.Errorf("block %d is not of the genesis' validators: %w", h, ErrLie)
	}
	return lb, l.signed(lb)
}

// crossCheck asks others than p for the same height, until one has the same block.
// They may not know it yet; but another block there means that one of the two lies,
// or that the validators signed two chains.
func (l *Light) crossCheck(ctx context.Context, all []Provider, p Provider, trusted, target *types.LightBlock) error {
	all = slices.DeleteFunc(slices.Clone(all), func(w Provider) bool { return w.Name() == p.Name() })
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	_, err := race(ctx, l, all, func(ctx context.Context, w Provider) (bool, error) {
		other, err := l.block(ctx, w, protocol.Height(target.Height))
		switch {
		case err != nil:
			return false, err
		case bytes.Equal(other.Hash(), target.Hash()):
			return true, nil
		}
		return false, l.contradiction(ctx, trusted, target, other, w)
	})
	if errors.Is(err, ErrFork) {
		return err
	}
	return nil // as well as can be
}

// contradiction says what it means that w gave other where verified is known:
// [ErrFork] if other has enough signatures, too, which is reported, else [ErrLie].
func (l *Light) contradiction(ctx context.Context, trusted, verified, other *types.LightBlock, w Provider) error {
	err := l.signed(other)
	if err == nil && trusted.Height < other.Height {
		err = l.follows(trusted, other)
	} else if err == nil {
		err = verified.ValidatorSet.VerifyCommitLight(l.chain, other.Commit.BlockID, other.Height, other.Commit)
	}
	if err == nil {
		l.report(ctx, trusted, verified, other)
		return fmt.Errorf("block %d is %X, and %X by %s: %w", verified.Height, verified.Hash(), other.Hash(), w.Name(), ErrFork)
	}
	return fmt.Errorf("another block %d: %w: %w", other.Height, ErrLie, err)
}

// Checkpoint names the newest trusted block, for others to start from; the zero
// value before the first.
func (l *Light) Checkpoint() protocol.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newest == nil {
		return protocol.Checkpoint{}
	}
	return protocol.Checkpoint{Height: protocol.Height(l.newest.Height), Hash: protocol.Hash(l.newest.Hash())}
}

// reportFor is how long a report may take: who asked waits for it, and ends then.
const reportFor = 5 * time.Second

// report tells of a fork, once: two blocks of a height, after one that was trusted.
func (l *Light) report(ctx context.Context, trusted, verified, other *types.LightBlock) {
	l.mu.Lock()
	common := forkBefore(verified.Height, trusted, l.before)
	again := l.told || common == nil || l.cfg.Report == nil
	l.told = l.told || !again
	l.mu.Unlock()
	if again {
		return
	}
	var blocks [][]byte
	for _, lb := range []*types.LightBlock{verified, other} {
		if b := encodeFork(common, lb); b != nil {
			blocks = append(blocks, b)
		}
	}
	// Who asked may have been overtaken by another answer; this is not given up for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportFor)
	defer cancel()
	l.cfg.Report(ctx, blocks)
}

// trust makes lb the newest trusted block, and writes it down now and then.
func (l *Light) trust(ctx context.Context, lb *types.LightBlock) error {
	l.mu.Lock()
	if old := l.newest; old != nil && lb.Height <= old.Height { // another question was faster
		before := l.before
		l.mu.Unlock()
		if lb.Height == old.Height && !bytes.Equal(lb.Hash(), old.Hash()) {
			l.report(ctx, before, old, lb)
			return fmt.Errorf("block %d is %X, and %X: %w", lb.Height, old.Hash(), lb.Hash(), ErrFork)
		}
		return nil
	}
	l.newest, l.before = lb, l.newest
	l.rememberLocked(lb)
	keep := l.kept == 0 || lb.Height >= l.kept+keepEvery
	if keep {
		l.kept = lb.Height
	}
	l.mu.Unlock()
	if !keep {
		return nil
	}
	return l.keep(lb)
}
