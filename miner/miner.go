package miner

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Heights between repetitions, and before deadlines.
const (
	// openEvery is after how many blocks an opening is published again, for
	// peers that missed it.
	openEvery = 2
	// announceEvery is after how many blocks a Serve that is not on the ledger
	// is sent again.
	announceEvery = 4
)

// Miner answers the tasks of one seat. Make it with [New] and let it live by
// [Miner.Run]; its methods are safe for concurrent use.
type Miner struct {
	cfg     Config
	workers map[protocol.Kind]Worker
	metrics *metrics
	// wake holds a token when there is work: one is enough, for Work looks at
	// everything.
	wake chan struct{}

	// turn holds a token while somebody changes the record of the round: a change
	// begins at the one before, and takes as long as the disk does. The goroutines
	// of Step and Work alone wait for it, and with mu free.
	turn chan struct{}

	// mu guards all below. It is held while a few words are read or written, never
	// over the store or the ledger.
	mu sync.Mutex
	// round is the record of the round asked last; a change is in the store
	// before it is here. It is replaced by who has the turn, and what it points to
	// is not changed in place.
	round *Round
	// closed is set when the round takes no further answers.
	closed bool
	// failed are slots of round that no worker could answer.
	failed map[uint16]bool
	// later are slots of round that have no answer yet, until the next step.
	later map[uint16]bool
	// stop ends the answering under way.
	stop context.CancelFunc
	// opened is when the round's openings were last sent, announced when Serve was.
	opened, announced protocol.Height
	// extended and proved are when a chain of plants, and plants, were last sent.
	extended, proved protocol.Height
	// makers are the own chains of plants that were needed, by the epoch in which they
	// begin.
	makers map[protocol.Epoch]*plant.Maker
	// kept are those of them that the database has, too; former is that of a hotkey
	// that had the seat before.
	kept   map[protocol.Epoch]bool
	former *plant.Maker
	// agreed is set while the ledger says of the seat what this process announces.
	agreed bool
	// looked is the epoch after the one whose payment was looked up last.
	looked protocol.Epoch
	cards  cards
	trials trials
	status Status
	// outcome of the round asked last, until the next begins.
	asked, committed bool
	counted          bool // what of it was given

	// warned are the reasons that were logged and stand; Run's own.
	warned map[string]bool
}

// New checks the config; it starts nothing.
func New(cfg Config) (*Miner, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Miner{
		cfg: cfg, workers: map[protocol.Kind]Worker{}, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		metrics: newMetrics(cfg.Metrics), cards: newCards(), makers: map[protocol.Epoch]*plant.Maker{}, kept: map[protocol.Epoch]bool{},
		trials: trials{seen: map[protocol.Epoch]*docketSeen{}, own: map[wire.Case]ledger.ChallengeRecord{}},
	}
	for _, w := range cfg.Workers {
		m.workers[w.Offer().Kind] = w
	}
	return m, nil
}

// Run follows the ledger until ctx ends, and returns nil then. Errors of the
// ledger or the network are logged and met again at the next height; [ErrStore]
// ends it.
func (m *Miner) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return m.followLedger(ctx) })
	g.Go(func() error { return m.work(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (m *Miner) followLedger(ctx context.Context) error {
	var head protocol.Height
	for {
		next, err := m.cfg.Ledger.WaitNext(ctx, head)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			m.cfg.Logger.Warn().Err(err).Uint64("after", uint64(head)).Msg("no new block from the ledger")
			continue
		}
		head = next
		err = m.Step(ctx, head)
		m.note(func(s *Status) {
			s.facts.trouble = ""
			if err != nil {
				s.facts.trouble = err.Error()
			}
		})
		m.warn()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, ErrStore) {
				return fmt.Errorf("at height %d: %w", head, err)
			}
			m.metrics.errors.Inc()
			m.cfg.Logger.Warn().Err(err).Uint64("height", uint64(head)).Msg("step met an error, trying again at the next block")
		}
	}
}

func (m *Miner) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.wake:
		}
		if err := m.Work(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, ErrStore) {
				return err
			}
			m.metrics.errors.Inc()
			m.cfg.Logger.Warn().Err(err).Msg("answering met an error")
		}
	}
}

// Step does what is due at a verified height. It may be called again for the
// same height, and heights may be left out.
func (m *Miner) Step(ctx context.Context, head protocol.Height) error {
	r, err := m.cfg.Ledger.At(ctx, head)
	if err != nil {
		return fmt.Errorf("state at height %d: %w", head, err)
	}
	place, err := ledger.ReadPlace(r, m.cfg.Hotkey.PublicKey())
	if err != nil {
		return err
	}
	seat := place.Seat
	m.note(func(s *Status) {
		s.Height, s.Registered, s.Seat, s.Peers = head, place.Sits, seat.ID, m.cfg.Peers()
	})
	m.notePlace(head, &place)
	estranged, err := m.estranged(r, &place)
	if err != nil {
		return err
	}
	if !place.Sits || estranged {
		m.note(func(s *Status) { s.Asked, s.Phase = false, PhaseIdle })
		return m.readCards(r, head)
	}
	return errors.Join(
		m.announce(ctx, head, &seat),
		m.plant(ctx, r, head, &seat),
		m.readOwner(r, head, &seat),
		m.readCards(r, head),
		m.readPayment(r, head, seat.ID),
		m.readTrials(r, head, &seat),
		m.showWorkers(ctx, r, head, seat.ID),
		m.follow(ctx, r, head, &seat),
	)
}

// showWorkers shows the ledger to those that follow it, and has those asked again
// that had no answer yet.
func (m *Miner) showWorkers(ctx context.Context, r ledger.Reader, head protocol.Height, seat protocol.SeatID) error {
	var errs []error
	for _, w := range m.cfg.Workers {
		if f, ok := w.(Follower); ok {
			errs = append(errs, f.Follow(ctx, r, head, seat))
		}
	}
	m.mu.Lock()
	waited := len(m.later) > 0
	m.later = map[uint16]bool{}
	m.mu.Unlock()
	if waited {
		m.signal()
	}
	return errors.Join(errs...)
}

// follow does what the running round needs.
func (m *Miner) follow(ctx context.Context, r ledger.Reader, head protocol.Height, seat *ledger.Seat) error {
	s := &m.cfg.Params.Schedule
	n := s.RoundOf(head)
	roster, asked, err := ledger.ReadRosterSeat(r, s.EpochOf(head), seat.ID.UID)
	if err != nil {
		return err
	}
	asked = asked && roster.ID == seat.ID && roster.Due(m.cfg.Params, n)
	if err := m.enter(n, asked); err != nil || !asked {
		return err
	}
	seeds, _, err := ledger.ReadRound(r, n)
	if err != nil {
		return err
	}
	if seeds.TaskSeed.IsZero() {
		m.note(func(s *Status) { s.Phase = PhaseSeed })
		return nil
	}
	commit, committed, err := ledger.ReadCommit(r, n, seat.ID.UID)
	if err != nil {
		return err
	}
	committed = committed && commit.Seat == seat.ID
	tasks := task.Round{Number: n}
	if !m.begun(n) {
		if tasks, err = ledger.ReadTasks(r, m.cfg.ChainID, m.cfg.Params, n, &roster); err != nil {
			return err
		}
	}
	round, err := m.prepare(r, &tasks, seeds.TaskSeed, committed, head)
	if err != nil {
		return err
	}
	deadline := s.CommitDeadline(n)
	switch {
	case committed && (round == nil || !round.Sealed || commit.Root != round.Root):
		m.finish(PhaseForeign)
		m.note(func(st *Status) { st.facts.foreign = s.EpochOf(head) + 1 })
	case committed && head < deadline:
		m.finish(PhaseCommitted)
	case committed:
		return errors.Join(m.publishOpenings(ctx, head, round), m.openOnLedger(ctx, r, head, round), m.noteGiven(r, head, round))
	case head >= deadline:
		m.finish(PhaseLate)
	default:
		return m.commit(ctx, head, round)
	}
	return nil
}

// enter notes the beginning of a round, and what became of the one before; then
// rounds that are too old are removed.
func (m *Miner) enter(n protocol.Round, asked bool) error {
	keep := protocol.Round(m.cfg.Params.Tasks.Retention * m.cfg.Params.Schedule.RoundsPerEpoch())
	if !m.noteRound(n, asked) || n <= keep {
		return nil
	}
	if err := prune(m.cfg.Store, n-keep); err != nil {
		return fmt.Errorf("prune: %w: %w", ErrStore, err)
	}
	return nil
}

// noteRound notes which round runs, and reports whether that is news.
func (m *Miner) noteRound(n protocol.Round, asked bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if asked == m.status.Asked && n == m.status.Round {
		return false
	}
	if n != m.status.Round {
		if m.asked {
			m.metrics.round(m.committed)
			m.status.count(m.cfg.Params.Schedule.EpochOfRound(m.status.Round), m.committed)
		}
		m.status.Round, m.asked, m.committed, m.opened, m.counted = n, false, false, 0, false
		m.closeLocked()
	}
	m.status.Asked = asked
	if !asked {
		m.status.Phase = PhaseIdle
	}
	return true
}

// begun reports whether the record of a round is in memory.
func (m *Miner) begun(n protocol.Round) bool {
	now := m.newest()
	return now != nil && now.Round == n
}

// prepare returns the round's record: from memory, from the store, or new. It
// is nil where a commitment is on the ledger that the store knows nothing of,
// or where it is too late to begin.
func (m *Miner) prepare(r ledger.Reader, asked *task.Round, seed protocol.Hash, committed bool, head protocol.Height) (*Round, error) {
	n := asked.Number
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	round := m.noteAsked(committed)
	if round != nil && round.Round == n {
		return round, nil
	}
	round, err := LoadRound(m.cfg.Store, n)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if round == nil {
		if committed || head >= m.cfg.Params.Schedule.CommitDeadline(n) {
			return nil, nil
		}
		link, err := m.linkOf(r, m.cfg.Params.Schedule.EpochOfRound(n), asked.Seat)
		if err != nil {
			return nil, err
		}
		if round, err = m.newRound(asked, seed, link); err != nil {
			return nil, err
		}
		if err := round.save(m.cfg.Store); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrStore, err)
		}
	}
	m.begin(round)
	return round, nil
}

// noteAsked notes that the running round asks the seat, and whether a commitment
// is on the ledger. It returns the round asked last.
func (m *Miner) noteAsked(committed bool) *Round {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked, m.committed = true, m.committed || committed
	return m.round
}

// begin makes a round that is in the store the one to answer.
func (m *Miner) begin(round *Round) {
	m.mu.Lock()
	m.round, m.closed, m.failed, m.later = round, false, map[uint16]bool{}, map[uint16]bool{}
	m.mu.Unlock()
	if !round.Sealed {
		m.signal()
	}
}

// change replaces the record of round n by what next makes of it, once that is
// durable. It does nothing where n is not the round asked last, or is sealed, or
// next returns nil. What next is given must not be changed in place.
func (m *Miner) change(n protocol.Round, next func(now *Round) (*Round, error)) (*Round, error) {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	now := m.newest()
	if now == nil || now.Round != n || now.Sealed {
		return nil, nil
	}
	changed, err := next(now)
	if err != nil || changed == nil {
		return nil, err
	}
	if err := changed.save(m.cfg.Store); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.round = changed
	if changed.Sealed {
		m.closeLocked()
	}
	return changed, nil
}

// newest returns the record of the round asked last, nil before any.
func (m *Miner) newest() *Round {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.round
}

// commit seals what there is when the deadline is near, and sends the sealed
// commitment until it is on the ledger.
func (m *Miner) commit(ctx context.Context, head protocol.Height, round *Round) error {
	if round != nil && !round.Sealed && head+SealMargin >= m.cfg.Params.Schedule.CommitDeadline(round.Round) {
		if err := m.seal(round.Round); err != nil {
			return err
		}
	}
	return m.submitCommit(ctx)
}

// submitCommit sends the running round's commitment, if it is sealed.
func (m *Miner) submitCommit(ctx context.Context) error {
	round := m.newest()
	if round == nil || !round.Sealed {
		m.note(func(s *Status) { s.Phase = PhaseAnswering })
		return nil
	}
	m.note(func(s *Status) { s.Phase = PhaseSealed })
	if err := m.cfg.Submit(ctx, &wire.Commit{Round: round.Round, Root: round.Root}); err != nil {
		return fmt.Errorf("submit the commitment of round %d: %w", round.Round, err)
	}
	return nil
}

// seal fixes the commitment over the answers that there are; without any it
// does nothing. Durable when it returns.
func (m *Miner) seal(n protocol.Round) error {
	sealed, err := m.change(n, func(now *Round) (*Round, error) {
		if now.Answers() == 0 {
			return nil, nil
		}
		next := *now
		root, err := next.sealed().Commitment(m.cfg.Kinds, m.cfg.ChainID, m.cfg.Hotkey.PublicKey())
		next.Sealed, next.Root = true, root
		return &next, err
	})
	if err != nil || sealed == nil {
		return err
	}
	m.cfg.Logger.Info().Uint64("round", uint64(n)).Int("answers", sealed.Answers()).Int("slots", len(sealed.Slots)).
		Str("root", sealed.Root.Short()).Msg("sealed")
	return nil
}

// finish ends the round's answering in a phase.
func (m *Miner) finish(p Phase) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status.Phase = p
	m.closeLocked()
}

func (m *Miner) closeLocked() {
	m.closed = true
	if m.stop != nil {
		m.stop()
	}
}

func (m *Miner) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
