package validator

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

const (
	// publishEvery is after how many blocks own pairs are published again, for
	// raters that were away.
	publishEvery = 2
	// chainMargin is how many blocks before the end of a round no chain is
	// registered any more: it could come into the next one, where it is void.
	chainMargin = 4
)

// setting sets pairs for people to rate, round after round of their lane (package
// task/preference says what is due when), and checks those of others when their
// links are open. Step finds what is due and the worker makes and checks pairs, for
// that takes runs of the model. What was made is in the store before its root is
// sent, so that a process that was killed sets the same: it could not set others.
type setting struct {
	*base
	views *views
	queue *queue

	mu sync.Mutex // guards all below
	// jobs is what the worker is to make or check, found anew at each step.
	jobs []settingJob
	// giveWay ends a check in progress, nil where there is none.
	giveWay context.CancelFunc
	// making says that own pairs are made.
	making bool
	// sent is when own pairs, or a chain, were last sent, by round; 0 for a chain.
	sent map[protocol.Round]protocol.Height
}

// settingJob is a set to check, or the own pairs of a round to make.
type settingJob struct {
	round protocol.Round // in which the pairs are given to raters
	seed  protocol.Hash  // the task seed of the round before
	set   preference.Set // zero for own pairs
	chain ledger.Chain   // that serves the round; of own pairs
	own   bool
	mine  bool // to check, for the ledger drew this validator
}

func newSetting(b *base, v *views, q *queue) *setting {
	return &setting{base: b, views: v, queue: q, sent: map[protocol.Round]protocol.Height{}}
}

// step does what is due at a height.
func (s *setting) step(ctx context.Context, now *view) error {
	k := s.cfg.Params.Kind(preference.Kind)
	if k == nil || s.cfg.Setter == nil {
		return nil
	}
	running := s.schedule().RoundOf(now.head)
	length := protocol.Round(k.Rounds)
	var errs []error
	var jobs []settingJob
	if next := running + 1; now.registered && next%length == 0 {
		own, err := s.prepare(ctx, now, next)
		errs = append(errs, err)
		jobs = append(jobs, own...)
	}
	set := running - running%length
	if now.registered {
		errs = append(errs, s.extendChain(ctx, now, length), s.show(ctx, now, set, set+length-1))
	}
	checks, err := s.checks(ctx, now, set, length)
	s.hand(append(jobs, checks...), set)
	errs = append(errs, err)
	return errors.Join(errs...)
}

// hand gives the worker what is to be done, and forgets what is over. Own pairs
// have a deadline, so that a check in progress gives way to them: it is found
// again.
func (s *setting) hand(jobs []settingJob, set protocol.Round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = jobs
	if len(jobs) > 0 && jobs[0].own && s.giveWay != nil {
		s.giveWay()
	}
	for n := range s.sent {
		if n > 0 && n < set {
			delete(s.sent, n)
		}
	}
	if len(jobs) > 0 {
		s.queue.signal()
	}
}

// due reports whether something is to be sent once more, and notes that it is.
func (s *setting) due(n protocol.Round, head protocol.Height, every protocol.Height) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.sent[n]; last != 0 && head < last+every {
		return false
	}
	s.sent[n] = head
	return true
}

// extendChain registers a hash chain for setting where the seat has none.
func (s *setting) extendChain(ctx context.Context, now *view, length protocol.Round) error {
	running := s.schedule().RoundOf(now.head)
	start := running + 2
	start += (length - start%length) % length
	rec, ok, err := ledger.ReadSetter(now, now.seat.UID)
	if err != nil || ok && rec.Seat == now.seat && !s.another(&rec, start, running, length) {
		return err
	}
	judge, err := s.isJudge(now, s.schedule().EpochOf(now.head), now.seat)
	if err != nil || !judge || now.head+chainMargin >= s.schedule().RoundStart(running+1) || !s.due(0, now.head, upkeepEvery) {
		return err
	}
	anchor, err := s.cfg.Setter.Chain(start)
	if err != nil {
		return fmt.Errorf("setter's chain from round %d: %w", start, err)
	}
	if err := s.cfg.Submit(ctx, &wire.ExtendSetter{Start: start, Anchor: anchor}); err != nil {
		return fmt.Errorf("submit the setter's chain from round %d: %w", start, err)
	}
	return nil
}

// another reports whether a setter needs another chain to serve round start: it has
// none, or that of a hotkey before, which must have begun to be replaced.
func (s *setting) another(rec *ledger.SetterRecord, start, running, length protocol.Round) bool {
	if rec.Next.Link.IsZero() {
		return !rec.Serves(start) || !s.cfg.Setter.Makes(rec.Of(start))
	}
	return !s.cfg.Setter.Makes(rec.Next) && running >= protocol.Round(rec.Next.Start)+length
}

// prepare brings the own pairs of the next round onto the ledger: it returns them
// as a job where they are not made yet.
func (s *setting) prepare(ctx context.Context, now *view, next protocol.Round) ([]settingJob, error) {
	running := next - 1
	seeds, _, err := ledger.ReadRound(now, running)
	if err != nil || seeds.TaskSeed.IsZero() {
		return nil, err
	}
	set, err := ownSet(now, next)
	if err != nil {
		return nil, err
	}
	if set != nil {
		return nil, s.publish(ctx, now, next, set)
	}
	rec, ok, err := ledger.ReadSetter(now, now.seat.UID)
	if err != nil || !ok || rec.Seat != now.seat || !rec.Serves(next) || s.schedule().RoundOf(now.head+1) != running {
		return nil, err
	}
	if judge, err := s.isJudge(now, s.schedule().EpochOf(now.head), now.seat); err != nil || !judge {
		return nil, err
	}
	made, err := s.book.Made(next)
	if err != nil {
		return nil, err
	}
	if made == nil {
		return []settingJob{{round: next, seed: seeds.TaskSeed, own: true, chain: rec.Of(next)}}, nil
	}
	pairs, err := pairsOf(made)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Submit(ctx, &wire.SetPairs{Round: next, Root: pairs.Root()}); err != nil {
		return nil, fmt.Errorf("submit the pairs of round %d: %w", next, err)
	}
	return nil, nil
}

// ownSet returns the own pairs that the ledger has of a round, nil where it has
// none.
func ownSet(now *view, n protocol.Round) (*preference.Set, error) {
	sets, err := ledger.ReadSets(now, n)
	for i := range sets {
		if sets[i].Setter == now.seat {
			return &sets[i], err
		}
	}
	return nil, err
}

func pairsOf(m *record.Made) (*wire.Pairs, error) {
	p := new(wire.Pairs)
	if err := wire.Decode(m.Pairs, wire.MaxPairsBytes, p); err != nil {
		return nil, fmt.Errorf("pairs of round %d: %w: %w", m.Round, record.ErrCorrupt, err)
	}
	return p, nil
}

// show publishes own pairs while they are rated, and opens them when the ratings
// are sealed.
func (s *setting) show(ctx context.Context, now *view, n, due protocol.Round) error {
	set, err := ownSet(now, n)
	if err != nil || set == nil || set.Opened() {
		return err
	}
	sched := s.schedule()
	switch {
	case now.head < sched.CommitDeadline(due):
		return s.publish(ctx, now, n, set)
	case now.head >= sched.OpenDeadline(due):
		return nil
	}
	made, err := s.book.Made(n)
	if err != nil || made == nil {
		return err
	}
	if err := s.cfg.Submit(ctx, &wire.OpenPairs{Round: n, Link: made.Link, Origins: made.Origins}); err != nil {
		return fmt.Errorf("open the pairs of round %d: %w", n, err)
	}
	return nil
}

// publish sends own pairs to the raters, unless that was done lately.
func (s *setting) publish(ctx context.Context, now *view, n protocol.Round, set *preference.Set) error {
	made, err := s.book.Made(n)
	if err != nil || made == nil {
		return err
	}
	pairs, err := pairsOf(made)
	if err != nil || pairs.Root() != set.Root || !s.due(n, now.head, publishEvery) {
		return err
	}
	e, err := wire.Seal(s.cfg.Hotkey, wire.DomainPairs, s.cfg.ChainID, now.head, made.Pairs)
	if err != nil {
		return err
	}
	raw := wire.Encode(e)
	var b record.Batch
	b.Pairs(pairs, raw)
	if err := s.book.Write(&b); err != nil {
		return err
	}
	if err := s.cfg.Publish(ctx, TopicPairs, raw); err != nil {
		return fmt.Errorf("publish the pairs of round %d: %w", n, err)
	}
	return nil
}

// ownWaits reports whether own pairs are to be made.
func (s *setting) ownWaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.jobs) > 0 && s.jobs[0].own
}

// busy reports whether own pairs are made, or are to be.
func (s *setting) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.making || len(s.jobs) > 0 && s.jobs[0].own
}

// makeOwn makes own pairs that are to be made.
func (s *setting) makeOwn(ctx context.Context) error {
	own := s.takeOwn()
	if own == nil {
		return nil
	}
	defer s.noteMaking(false)
	return s.make(ctx, own)
}

// takeOwn takes own pairs that are to be made, nil where there are none: the step
// may have handed over other jobs since one looked. Until it is noted that they are
// made, others see that they are being.
func (s *setting) takeOwn() *settingJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) == 0 || !s.jobs[0].own {
		return nil
	}
	own := s.jobs[0]
	s.jobs, s.making = s.jobs[1:], true
	return &own
}

// work makes and checks pairs, as far as nothing more urgent comes.
func (s *setting) work(ctx context.Context) error {
	s.mu.Lock()
	jobs := s.jobs
	s.jobs = nil
	s.mu.Unlock()
	var errs []error
	for i := range jobs {
		if ctx.Err() != nil {
			break
		}
		if jobs[i].own {
			s.noteMaking(true)
			errs = append(errs, s.make(ctx, &jobs[i]))
			s.noteMaking(false)
		} else {
			done, err := s.checkMeanwhile(ctx, &jobs[i])
			errs = append(errs, err)
			if !done {
				break
			}
		}
	}
	return errors.Join(errs...)
}

// checkMeanwhile checks another's pairs unless own ones are to be made, and returns
// whether it came to an end.
func (s *setting) checkMeanwhile(ctx context.Context, j *settingJob) (done bool, err error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	own := len(s.jobs) > 0 && s.jobs[0].own
	s.giveWay = cancel
	s.mu.Unlock()
	if own {
		cancel()
	}
	err = s.check(inner, j)
	s.mu.Lock()
	s.giveWay = nil
	s.mu.Unlock()
	if inner.Err() != nil && ctx.Err() == nil && !errors.Is(err, record.ErrStore) {
		return false, nil
	}
	return true, err
}

// make makes own pairs, once.
func (s *setting) make(ctx context.Context, j *settingJob) error {
	now := s.views.newest()
	if known, err := s.book.Made(j.round); err != nil || known != nil || now == nil {
		return err
	}
	link, err := s.cfg.Setter.Link(j.chain, j.round)
	if err != nil {
		return fmt.Errorf("setter's link for round %d: %w", j.round, err)
	}
	m, err := preference.Make(ctx, j.round, now.seat, link, j.seed, int(s.cfg.Params.Preference.Pairs), s.cfg.Setter.Engine)
	if err != nil {
		return err
	}
	var b record.Batch
	b.Made(&record.Made{Round: j.round, Link: link, Origins: m.Origins, Pairs: wire.Encode(&m.Pairs)})
	if err := s.book.Write(&b); err != nil {
		return err
	}
	s.cfg.Logger.Info().Uint64("round", uint64(j.round)).Int("pairs", len(m.Origins)).Msg("made pairs")
	return nil
}

func (s *setting) noteMaking(is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making = is
}

// onPairs takes published pairs from gossip.
func (s *setting) onPairs(raw []byte) error {
	err := s.takePairs(raw)
	s.metrics.message("pairs", err)
	return err
}

func (s *setting) takePairs(raw []byte) error {
	p, err := wire.OpenPublished(raw, s.cfg.ChainID)
	if err != nil {
		return err
	}
	now, leave := s.views.enter()
	defer leave()
	if now == nil {
		return fmt.Errorf("before the first block: %w", ErrWindow)
	}
	w := protocol.Height(s.cfg.Params.Gossip.ReplayWindow)
	if p.Height > now.head+w || now.head > p.Height+w {
		return fmt.Errorf("signed at height %d, now %d: %w", p.Height, now.head, ErrWindow)
	}
	if err := ledger.CheckPublished(now, p); err != nil {
		return fmt.Errorf("%w: %w", ErrNoCommitment, err)
	}
	if known, err := s.book.PairsEnvelope(p.Pairs.Round, p.Pairs.Setter.UID); err != nil || known != nil {
		if err == nil {
			err = fmt.Errorf("pairs of seat %d of round %d: %w", p.Pairs.Setter.UID, p.Pairs.Round, ErrDuplicate)
		}
		return err
	}
	var b record.Batch
	b.Pairs(&p.Pairs, raw)
	return s.book.Write(&b)
}
