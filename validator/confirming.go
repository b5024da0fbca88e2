package validator

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// Confirming. What the engine alone found is enough for a card, by which no stake
// is lost. Before a challenge is posted, or a vote is sealed that speaks against
// somebody, the reference runs the answer, too (Config.Reference), and comes to the
// same: a broken engine accuses nobody.
//
// The reference is slow, and everything that is planted is found false. So it runs
// only what is really to be said, when it is known what was planted: at most the
// own challenge of an epoch, and the votes on which the own seat speaks against the
// accused. It runs one answer at a time, in a goroutine of its own: duties do not
// wait for it, nor does it begin anew for each of them. Who makes the reference
// decides what it takes of the machine: the shipped one computes on one thread,
// which on Linux yields to the engine's and to consensus (package
// cmd/internal/daemon); what else judging takes, as opening a model, or a record's
// sandbox, runs as all goroutines do. Where the validator is driven step by step
// ([Validator.Work]) it runs when all duties are judged and all own pairs are
// made, and gives way to what of these comes meanwhile.
//
// The case to challenge waits while own pairs are made, as long as there is time:
// what raters rate is due in the same blocks.
//
// Step asks, anew at each height. Nothing of this is in the store: a process that
// was killed runs the answer once more.
type confirming struct {
	*base
	queue *queue
	board *board
	next  []doubt // what the running step asks for; Step's own
	// wake holds a token when something is asked for.
	wake chan struct{}
	// pairs reports whether own pairs are made, or wait for it.
	pairs func() bool

	mu sync.Mutex // guards all below
	// asked is what is to be run, the most urgent first.
	asked []doubt
	// sure are answers of which the reference found what the engine did.
	sure map[wire.AnswerKey]bool
	// apart says that a goroutine of its own runs what is asked for.
	apart bool
	// engineBroken is set once they disagree, for as long as this process lives.
	engineBroken bool
	// running is what is run, and stop ends that; nil where nothing is.
	running doubt
	stop    context.CancelFunc
	// useless says that nobody asks for running any more.
	useless bool
}

// doubt is an answer to run, as long as that is of use.
type doubt struct {
	key      wire.AnswerKey
	deadline protocol.Height
	patient  bool // it waits while own pairs are made
}

func newConfirming(b *base, q *queue, board *board, pairs func() bool) *confirming {
	return &confirming{base: b, queue: q, board: board, pairs: pairs, sure: map[wire.AnswerKey]bool{}, wake: make(chan struct{}, 1)}
}

// confirmed reports whether the reference found of an answer what the engine did:
// without a reference for its kind, that the engine's word counts.
func (c *confirming) confirmed(kind protocol.Kind, k wire.AnswerKey) bool {
	if judges(c.cfg.Reference).of(kind) == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sure[k] && !c.engineBroken
}

// ran reports whether the reference ran an answer, and found what the engine did.
func (c *confirming) ran(kind protocol.Kind, k wire.AnswerKey) bool {
	return judges(c.cfg.Reference).of(kind) != nil && c.confirmed(kind, k)
}

// broken reports whether engine and reference disagreed.
func (c *confirming) broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engineBroken
}

// waits reports whether an answer was asked for at the step before.
func (c *confirming) waits(k wire.AnswerKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop != nil && c.running.key == k || slices.ContainsFunc(c.asked, func(d doubt) bool { return d.key == k })
}

// ask asks the reference about an answer, in this step. A patient one waits while
// own pairs are made, whose raters else have nothing to rate.
func (c *confirming) ask(k wire.AnswerKey, deadline protocol.Height, patient bool) {
	c.next = append(c.next, doubt{key: k, deadline: deadline, patient: patient})
}

// hand gives the worker what the step asked for, ends a run that is of no use any
// more, and forgets answers of rounds before first.
func (c *confirming) hand(first protocol.Round) {
	next := c.next
	c.next = nil
	slices.SortFunc(next, func(a, b doubt) int {
		return cmp.Or(cmp.Compare(a.deadline, b.deadline), bytes.Compare(a.key.Bytes(), b.key.Bytes()))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.sure {
		if k.Round < first {
			delete(c.sure, k)
		}
	}
	if c.stop != nil {
		is := func(d doubt) bool { return d.key == c.running.key }
		if c.useless = !slices.ContainsFunc(next, is); c.useless {
			c.stop()
		}
		next = slices.DeleteFunc(next, is)
	}
	c.asked = next
	if len(next) == 0 {
		return
	}
	if !c.apart {
		c.queue.signal()
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// follow runs what is asked for beside all other work, until ctx ends.
func (c *confirming) follow(ctx context.Context, tolerate func(error) error) error {
	c.mu.Lock()
	c.apart = true
	c.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		}
		if err := tolerate(c.work(ctx)); err != nil {
			return err
		}
	}
}

// between runs what is asked for between other work, where no goroutine does.
func (c *confirming) between(ctx context.Context) error {
	c.mu.Lock()
	apart := c.apart
	c.mu.Unlock()
	if apart {
		return nil
	}
	return c.work(ctx)
}

// giveWay ends a run that is under way: it begins anew later.
func (c *confirming) giveWay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil && !c.apart {
		c.stop()
	}
}

// work runs what was asked for, one answer after the other, until it has to give
// way.
func (c *confirming) work(ctx context.Context) error {
	var errs []error
	for ctx.Err() == nil {
		k, inner := c.begin(ctx)
		if inner == nil {
			break
		}
		err := c.run(inner, k)
		if c.end(inner) || errors.Is(err, record.ErrStore) {
			errs = append(errs, err)
			continue
		}
		break
	}
	return errors.Join(errs...)
}

// begin takes the most urgent answer that does not wait; inner is nil where there
// is none.
func (c *confirming) begin(ctx context.Context) (k wire.AnswerKey, inner context.Context) {
	making := c.pairs() // before the own lock: none is held over another
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = slices.DeleteFunc(c.asked, func(d doubt) bool { return c.engineBroken || c.sure[d.key] })
	i := slices.IndexFunc(c.asked, func(d doubt) bool { return !d.patient || !c.apart || !making })
	if i < 0 {
		return k, nil
	}
	c.running, c.useless = c.asked[i], false
	c.asked = slices.Delete(c.asked, i, i+1)
	inner, c.stop = context.WithCancel(ctx)
	return c.running.key, inner
}

// end notes that a run is over, and reports whether it came to its end. One that
// gave way waits again, but for one that is of no use.
func (c *confirming) end(inner context.Context) (whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if whole = inner.Err() == nil; !whole && !c.useless {
		c.asked = slices.Insert(c.asked, 0, c.running)
	}
	c.stop()
	c.stop = nil
	return whole
}

// run has the reference run an answer, and keeps whether it finds what was found.
func (c *confirming) run(ctx context.Context, k wire.AnswerKey) error {
	j, err := c.book.Judgement(k)
	if err != nil || j == nil {
		return err
	}
	answer, err := c.book.Answer(k)
	if err != nil || answer == nil {
		return err
	}
	body, err := c.book.Body(k)
	if err != nil || body == nil {
		return err
	}
	err = c.judges.confirmed(ctx, c.cfg.Reference, &j.Outcome, &answer.Task, answer.Hotkey, body)
	disagree := errors.Is(err, ErrBroken)
	if err != nil && !disagree {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sure[k] = !disagree
	if disagree {
		c.engineBroken = true
		c.metrics.broken.Inc()
		c.board.noteBroken(err.Error())
		c.cfg.Logger.Error().Err(err).Msg("the engine is broken: this process accuses nobody any more, and calls no answer false")
	}
	return nil
}
