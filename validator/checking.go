package validator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// Which pairs of others are made again: those for which the ledger drew this
// validator (ledger/checkers.go), and those that another checker doubts. What was
// not made again counts as it stands.

// checks returns the opened sets to make again, and doubts on the ledger those that
// were found false. Those for which this validator was drawn come first: they are
// few, and who doubts many right sets shall not keep it from finding a lie.
func (s *setting) checks(ctx context.Context, now *view, set, length protocol.Round) (jobs []settingJob, err error) {
	var errs []error
	for back := protocol.Round(0); back <= ledger.DoubtLanes && back*length < set; back++ {
		found, err := s.checksOf(ctx, now, set-back*length, length)
		jobs, errs = append(jobs, found...), append(errs, err)
	}
	return inTurn(jobs), errors.Join(errs...)
}

// inTurn puts the sets for which this validator was drawn first.
func inTurn(jobs []settingJob) []settingJob {
	slices.SortStableFunc(jobs, func(a, b settingJob) int {
		switch {
		case a.mine == b.mine:
			return 0
		case a.mine:
			return -1
		}
		return 1
	})
	return jobs
}

// checksOf is checks of one round of the lane.
func (s *setting) checksOf(ctx context.Context, now *view, n, length protocol.Round) ([]settingJob, error) {
	sets, err := ledger.ReadSets(now, n)
	if err != nil || len(sets) == 0 {
		return nil, err
	}
	due := n + length - 1
	drawn, is, err := ledger.ReadCheckers(now, s.cfg.Params, due, sets)
	if err != nil {
		return nil, err
	}
	// Where the seed was never drawn, all look.
	all := !is && now.head > s.cfg.Params.LastDraw(s.schedule().EpochOfRound(due))
	before, _, err := ledger.ReadRound(now, n-1)
	if err != nil {
		return nil, err
	}
	var jobs []settingJob
	var errs []error
	for i := range sets {
		set := &sets[i]
		mine := is && now.registered && slices.Contains(drawn[i], now.seat)
		own := now.registered && set.Setter == now.seat
		if !set.Opened() || own || !mine && !all && !set.Doubted {
			continue
		}
		known, err := s.book.Checked(n, set.Setter.UID)
		switch {
		case err != nil:
			errs = append(errs, err)
		case known == nil || known.Setter != set.Setter:
			jobs = append(jobs, settingJob{round: n, seed: before.TaskSeed, set: *set, mine: mine})
		case known.False && mine && !set.Doubted:
			errs = append(errs, s.doubt(ctx, n, set))
		}
	}
	return jobs, errors.Join(errs...)
}

// doubt has all others look at a set that was found false; it is sent at every
// step until the ledger has it.
func (s *setting) doubt(ctx context.Context, n protocol.Round, set *preference.Set) error {
	if err := s.cfg.Submit(ctx, &wire.DoubtPairs{Round: n, Setter: set.Setter}); err != nil {
		return fmt.Errorf("doubt the pairs of seat %d of round %d: %w", set.Setter.UID, n, err)
	}
	return nil
}

// check makes another's pairs again, once, and keeps whether they are those.
func (s *setting) check(ctx context.Context, j *settingJob) error {
	// The step may have found it again while it was made.
	if known, err := s.book.Checked(j.round, j.set.Setter.UID); err != nil || known != nil && known.Setter == j.set.Setter {
		return err
	}
	err := preference.CheckSet(ctx, j.round, &j.set, j.seed, s.cfg.Setter.Engine)
	if err != nil && !errors.Is(err, preference.ErrFalseSet) {
		return err
	}
	c := &record.Checked{Setter: j.set.Setter}
	if err != nil {
		c.False, c.Why = true, err.Error()
		s.metrics.falseSets.Inc()
		s.cfg.Logger.Error().Err(err).Uint64("round", uint64(j.round)).Uint16("setter", uint16(j.set.Setter.UID)).Msg("false pairs of another setter")
	}
	var b record.Batch
	b.Checked(j.round, c)
	return s.book.Write(&b)
}
