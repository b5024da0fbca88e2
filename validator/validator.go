package validator

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// Validator judges for one seat. Make it with [New] and let it live by
// [Validator.Run]; its methods are safe for concurrent use, but [Validator.Step]
// and [Validator.Work] are each called from one goroutine at a time.
//
// It drives, and its parts keep. Calls go from it to a part, and from a part to
// those below it, never back:
//
//	              Step                  OnAnswer, OnCard      Work
//	  ┌──────┬───────┼────────┬─────────┐      │    ┌──────────┤
//	watch upkeep attesting        judging  inbox ─┘       judging
//	closing weighing sealing trying  └──┬────┘
//	        views · queue · draws · early · repeats · board · troubles
//	                       record.Book
//
// The parts of the second line belong to the goroutine of Step, but for judging
// and inbox, which hold nothing but claims. Those of the third are shared, each
// with a lock of its own that is held while a few words are read or written, and
// never over the store, the ledger, the network or another lock.
type Validator struct {
	*record.Reader // what is kept, for whoever asks
	*base

	views    *views
	queue    *queue
	draws    *draws
	early    *early
	repeats  *repeats
	board    *board
	troubles *troubles

	inbox      *inbox
	judging    *judging
	setting    *setting
	watch      watch
	attesting  attesting
	closing    closing
	upkeep     upkeep
	weighing   weighing
	sealing    sealing
	trying     trying
	confirming *confirming

	epoch protocol.Epoch // of the newest step; Step's own
}

// New checks the config; it starts nothing.
func New(cfg Config) (*Validator, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	book := record.NewBook(cfg.Store, cfg.ChainID)
	b := &base{cfg: cfg, self: cfg.Hotkey.PublicKey(), judges: cfg.Judges, book: book, metrics: newMetrics(cfg.Metrics)}
	v := &Validator{
		Reader: book.Reader, base: b,
		views: new(views), queue: newQueue(), early: newEarly(), board: &board{schedule: b.schedule(), observes: cfg.Observe},
		draws:    &draws{base: b, rounds: map[protocol.Round][]duty{}},
		repeats:  &repeats{base: b, sent: map[wire.AnswerKey]repetition{}},
		troubles: &troubles{base: b, said: map[string]protocol.Epoch{}},
		watch:    watch{base: b}, attesting: attesting{b}, closing: closing{base: b},
		upkeep: upkeep{base: b, sent: map[wire.TxType]protocol.Height{}},
	}
	v.inbox = &inbox{base: b, views: v.views, draws: v.draws, early: v.early, queue: v.queue, board: v.board}
	v.setting = newSetting(b, v.views, v.queue)
	v.confirming = newConfirming(b, v.queue, v.board, v.setting.busy)
	v.judging = &judging{base: b, confirming: v.confirming, views: v.views, draws: v.draws, queue: v.queue, repeats: v.repeats}
	v.weighing = weighing{base: b, troubles: v.troubles}
	v.trying = trying{base: b, queue: v.queue, confirming: v.confirming, board: v.board, troubles: v.troubles, sent: map[string]protocol.Height{}}
	v.sealing = sealing{base: b, views: v.views, repeats: v.repeats, troubles: v.troubles}
	return v, nil
}

// Run follows the ledger until ctx ends, and returns nil then. Errors of the
// ledger or the network are logged and met again at the next height;
// [record.ErrStore] ends it.
func (v *Validator) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return v.followLedger(ctx) })
	g.Go(func() error { return v.work(ctx) })
	g.Go(func() error {
		return v.confirming.follow(ctx, func(err error) error { return v.tolerate(ctx, err) })
	})
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
		case <-v.queue.wake:
		}
		if err := v.tolerate(ctx, v.Work(ctx)); err != nil {
			return err
		}
	}
}

// tolerate is what both loops do with an error.
func (v *Validator) tolerate(ctx context.Context, err error) error {
	var e protocol.Epoch
	if now := v.views.newest(); now != nil {
		e = v.schedule().EpochOf(now.head)
	}
	return v.troubles.tolerate(ctx, e, err)
}

// OnAnswer checks an opened answer from gossip and keeps the first for each
// slot. It returns nil when the answer is in the store, an error of wire for
// bytes that are out of order, else a [Reason]; [ErrEarly] is held and tried again,
// not lost. It makes no run.
func (v *Validator) OnAnswer(_ context.Context, raw []byte) error { return v.inbox.onAnswer(raw) }

// OnCard checks another judge's card from gossip and keeps the first for each
// slot and judge. It returns as [Validator.OnAnswer] does. Whether the card is
// true shows when the same answer is judged here.
func (v *Validator) OnCard(_ context.Context, raw []byte) error { return v.inbox.onCard(raw) }

// OnPairs checks pairs that a setter published and keeps the first of each set. It
// returns as [Validator.OnAnswer] does.
func (v *Validator) OnPairs(_ context.Context, raw []byte) error { return v.setting.onPairs(raw) }

// Status returns where things stand.
func (v *Validator) Status() Status {
	s := v.board.show()
	s.Waiting, s.Held = v.queue.len(), v.early.len()
	return s
}

// Work does all jobs that wait, the most urgent first, and judges answers side
// by side; then it makes pairs, has the reference confirm what is to be called
// false, and checks pairs of others, until a duty can be judged. A job that meets
// an error is left to the next step, and harms no other; the first error is
// returned at the end.
func (v *Validator) Work(ctx context.Context) error {
	var first error
	for ctx.Err() == nil {
		batch := v.queue.take()
		if len(batch) == 0 {
			break
		}
		var err error
		if batch[0].fetch {
			err = v.inbox.fetch(ctx, batch[0])
		} else {
			err = v.judging.judgeAll(ctx, batch)
		}
		if err != nil && first == nil {
			first = err
		}
	}
	for _, work := range []func(context.Context) error{v.setting.makeOwn, v.confirming.between, v.setting.work} {
		first = errors.Join(first, v.queue.meanwhile(ctx, work))
	}
	return first
}

// Step does what is due at a height. It may be called again for the same
// height, and heights may be left out. While the node is behind it only follows.
func (v *Validator) Step(ctx context.Context, head protocol.Height) error {
	present, why := v.watch.observe(head)
	v.board.notObserving(why)
	now, seat, err := v.look(ctx, head)
	if err != nil {
		return err
	}
	errs := []error{v.inbox.retryEarly(), v.tidy(now)}
	if present.Behind {
		return errors.Join(errs...)
	}
	if now.registered {
		errs = append(errs, v.upkeep.keepCurrent(ctx, now, seat), v.attesting.attest(ctx, now))
	}
	errs = append(errs, v.setting.step(ctx, now))
	if v.setting.ownWaits() {
		v.confirming.giveWay()
	}
	own, done, err := v.judging.due(now)
	v.board.judged(own, done)
	errs = append(errs, err)
	if v.cfg.Observe {
		errs = append(errs, v.weighing.observe(now))
	}
	if now.registered { // else it follows and keeps what passes by; there is nothing to send
		errs = append(errs, v.sealing.bring(ctx, now), v.weighing.weigh(ctx, now), v.trying.step(ctx, now))
	}
	return errors.Join(errs...)
}

// look reads where the ledger stands at head, and makes that the newest view.
func (v *Validator) look(ctx context.Context, head protocol.Height) (*view, *ledger.Seat, error) {
	r, err := v.cfg.Ledger.At(ctx, head)
	if err != nil {
		return nil, nil, fmt.Errorf("state at height %d: %w", head, err)
	}
	place, err := ledger.ReadPlace(r, v.self)
	if err != nil {
		return nil, nil, err
	}
	seat, ok := place.Seat, place.Sits
	e := v.schedule().EpochOf(head)
	judge, err := v.isJudge(r, e, seat.ID)
	if err != nil {
		return nil, nil, err
	}
	owner, err := v.noticeSwaps(r, head, &place)
	if err != nil {
		return nil, nil, err
	}
	var outlook ledger.Outlook
	if ok && !judge && !seat.Permit {
		if outlook, err = ledger.PermitOutlook(r, v.cfg.Params, v.self, v.schedule().EpochOf(head+1)); err != nil {
			return nil, nil, err
		}
	}
	unsealed, err := v.unsealed(head)
	if err != nil {
		return nil, nil, err
	}
	estranged := false
	if ok && !v.cfg.Owner.IsZero() {
		owns, err := ledger.Owns(r, v.cfg.Owner, &seat)
		if err != nil {
			return nil, nil, err
		}
		estranged = !owns
	}
	now := v.views.move(view{Reader: r, head: head, seat: seat.ID, registered: ok && !estranged && !v.cfg.Observe, unsealed: unsealed})
	v.board.notePlace(&place, owner)
	v.metrics.jail(&seat.Jail)
	found, err := findingsOf(r, v.schedule(), seat.ID, ok, head)
	if err != nil {
		return nil, nil, err
	}
	v.board.noteFindings(found)
	if v.board.see(now, &seat, now.registered && judge, outlook, estranged) {
		v.cfg.Logger.Error().Str("owner", v.cfg.Owner.String()).Str("seat_of", seat.Coldkey.String()).
			Msg("the seat of this hotkey is another coldkey's, and nothing is done for it")
	}
	return now, &seat, nil
}

// unsealed returns the first epoch whose findings can still be added to.
func (v *Validator) unsealed(head protocol.Height) (protocol.Epoch, error) {
	e := v.schedule().EpochOf(head)
	if e == 0 || head >= v.schedule().SealCardsDeadline(e-1) {
		return e, nil
	}
	made, err := v.book.Findings(e - 1)
	if err != nil || made != nil {
		return e, err
	}
	return e - 1, nil
}

// noticeSwaps says, once an epoch, that another hotkey is to work in the seat, or
// does, and that another key is to sign for its owner: whoever stole the coldkey
// could have announced that. It returns who is to sign for the owner, nil where
// nobody is.
func (v *Validator) noticeSwaps(r ledger.Reader, head protocol.Height, p *ledger.Place) (*ledger.Owner, error) {
	e := v.schedule().EpochOf(head)
	if !p.Now.IsZero() && v.troubles.first("seat of "+p.Now.String(), e) {
		v.cfg.Logger.Error().Str("hotkey_now", p.Now.String()).Msg(p.Why())
	}
	if !p.Sits {
		return nil, nil
	}
	if w := &p.Seat.Swap; w.Waits() && v.troubles.first("swap to "+w.To.String(), e) {
		v.cfg.Logger.Warn().Str("next", w.To.String()).Uint64("from", uint64(w.From)).Msg(w.Notice())
	}
	_, o, err := ledger.ReadOwner(r, p.Seat.Coldkey)
	if err != nil || !o.Waits(head+1) {
		return nil, err
	}
	if v.troubles.first("swap to "+o.Next.String(), e) {
		v.cfg.Logger.Warn().Str("owner", p.Seat.Coldkey.String()).Str("next", o.Next.String()).Uint64("from", uint64(o.From)).Msg(o.Notice())
	}
	return &o, nil
}

// tidy makes scores final whose time has come, and once an epoch forgets what is
// closed and removes what is too old: in this order, for what is final was counted
// from what is removed.
func (v *Validator) tidy(now *view) error {
	if err := v.closing.closeScores(now); err != nil {
		return err
	}
	e := v.schedule().EpochOf(now.head)
	if e == v.epoch {
		return nil
	}
	v.epoch = e
	first, _ := v.openRounds(now.head)
	v.draws.forget(first)
	v.repeats.forget(first)
	return v.closing.prune(e)
}
