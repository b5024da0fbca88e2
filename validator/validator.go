package validator

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Validator judges for one seat. Make it with [New] and let it live by
// [Validator.Run]; its methods are safe for concurrent use, but [Validator.Step]
// is called from one goroutine at a time.
type Validator struct {
	cfg     Config
	self    protocol.PublicKey
	metrics *metrics
	// wake holds a token when there are jobs: one is enough, for Work takes all.
	wake chan struct{}

	// take is held while a message is checked and written, so that of two
	// copies one is a duplicate, and while weights are made, so that each
	// judgement counts in one epoch. It is taken before mu.
	take sync.Mutex

	mu     sync.Mutex
	view   *view // nil before the first step
	held   held
	jobs   jobs
	duties map[protocol.Round][]duty // of rounds whose duties are drawn
	sent   map[string]repetition     // own cards by key
	upkeep map[wire.TxType]protocol.Height
	// troubles are what was said to be wrong, with the epoch in which.
	troubles map[string]protocol.Epoch
	epoch    protocol.Epoch // of the newest step
	twin     protocol.Epoch // plus one: when a card of the own hotkey was seen that was not made here
	watch    watch          // written by Step alone
	status   Status
	// unclosed are the epochs whose scores may become final, ascending; nil
	// before the first step. It is Step's own.
	unclosed []protocol.Epoch
}

// view is the newest state of the ledger.
type view struct {
	ledger.Reader
	head protocol.Height
}

// New checks the config; it starts nothing.
func New(cfg Config) (*Validator, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Validator{
		cfg: cfg, self: cfg.Hotkey.PublicKey(), wake: make(chan struct{}, 1), metrics: newMetrics(cfg.Metrics),
		held: newHeld(), jobs: newJobs(), duties: map[protocol.Round][]duty{}, sent: map[string]repetition{},
		upkeep: map[wire.TxType]protocol.Height{}, troubles: map[string]protocol.Epoch{},
	}, nil
}

// Run follows the ledger until ctx ends, and returns nil then. Errors of the
// ledger or the network are logged and met again at the next height; [ErrStore]
// ends it.
func (v *Validator) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return v.followLedger(ctx) })
	g.Go(func() error { return v.work(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (v *Validator) followLedger(ctx context.Context) error {
	var head protocol.Height
	for {
		next, err := v.cfg.Ledger.WaitNext(ctx, head)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.cfg.Logger.Warn().Err(err).Uint64("after", uint64(head)).Msg("no new block from the ledger")
			continue
		}
		head = next
		if err := v.tolerate(ctx, v.Step(ctx, head)); err != nil {
			return fmt.Errorf("at height %d: %w", head, err)
		}
	}
}

func (v *Validator) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.wake:
		}
		if err := v.tolerate(ctx, v.Work(ctx)); err != nil {
			return err
		}
	}
}

// Step does what is due at a height. It may be called again for the same
// height, and heights may be left out. While the node is behind it only follows.
func (v *Validator) Step(ctx context.Context, head protocol.Height) error {
	present, err := v.observe(head)
	if err != nil {
		return err
	}
	r, err := v.cfg.Ledger.At(ctx, head)
	if err != nil {
		return fmt.Errorf("state at height %d: %w", head, err)
	}
	seat, ok, err := ledger.ReadSeatByHotkey(r, v.self)
	if err != nil {
		return err
	}
	judge, err := v.isJudge(r, v.cfg.Params.Schedule.EpochOf(head), seat.ID)
	if err != nil {
		return err
	}
	var outlook ledger.Outlook
	if ok && !judge && !seat.Permit {
		if outlook, err = ledger.PermitOutlook(r, v.cfg.Params, v.self, v.cfg.Params.Schedule.EpochOf(head+1)); err != nil {
			return err
		}
	}
	now := &view{r, head}
	v.mu.Lock()
	v.view = now
	v.status.see(head, ok, &seat, ok && judge, outlook)
	v.mu.Unlock()

	errs := []error{v.retryHeld(), v.tidy(now)}
	if present.Behind {
		return errors.Join(errs...)
	}
	if !ok { // follow and keep what passes by; there is nothing to send
		return errors.Join(append(errs, v.judgeDue(ctx, now, nil))...)
	}
	return errors.Join(append(errs,
		v.keepCurrent(ctx, now, &seat),
		v.judgeDue(ctx, now, &seat),
		v.weigh(ctx, now, seat.ID),
		v.commitCards(ctx, now, seat.ID),
	)...)
}

// newest returns the newest state, nil before the first step.
func (v *Validator) newest() *view {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.view
}

// isJudge reports whether the own seat judges in epoch e.
func (v *Validator) isJudge(r ledger.Reader, e protocol.Epoch, seat protocol.SeatID) (bool, error) {
	j, ok, err := ledger.ReadRosterJudge(r, e, seat.UID)
	return ok && j.ID == seat && j.Hotkey == v.self, err
}

// cardDeadline is the last height at which cards about a round are in time.
func (v *Validator) cardDeadline(n protocol.Round) protocol.Height {
	s := &v.cfg.Params.Schedule
	return s.EpochStart(s.EpochOfRound(n)+1) + protocol.Height(s.CardBlocks)
}

// openRounds returns the first and the last round whose cards are in time at
// head, and that have begun.
func (v *Validator) openRounds(head protocol.Height) (first, last protocol.Round) {
	s := &v.cfg.Params.Schedule
	e := s.EpochOf(head)
	if e > 0 && head <= s.EpochStart(e)+protocol.Height(s.CardBlocks) {
		e--
	}
	return s.RoundOf(s.EpochStart(e)), s.RoundOf(head)
}
