package validator

import (
	"context"
	"errors"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// Judging. The beacon draws for each judge some answers of a round, its duties,
// once commitments can no longer change. What becomes of one is level-triggered:
// every step looks at all rounds whose cards are still in time (due), finds what is
// missing and puts it into the queue, so that a job which failed, did not fit or
// died with the process is found again.
//
//	the answer is here               → queue: judge it
//	not here                         → queue: fetch it from who attested it
//	another judge opened a finding
//	that an answer is wrong          → queue: judge it, drawn or not
//
// Duties are about answers that were given, so there is somebody who has them.
//
// The worker takes what is most urgent, up to sixteen answers at once, and has
// each judged by the judge of its kind (judges.go). An outcome becomes a
// judgement, and where it was drawn a card, in one write, and never another card
// about the same answer: two would prove the judge a liar. Cards leave when what
// was found of their epoch is open (sealing).
//
// Judgements are counted in weights, and cards in findings and scores; what keeps
// the counts exact while judging goes on is told at views.

// judging brings duties from the draw to the card. Step calls due, the worker
// judgeAll, at the same time; where both meet over one answer, the second leaves it
// to the next step. What it keeps is in the book, the queue, and repeats.
type judging struct {
	*base
	views      *views
	draws      *draws
	queue      *queue
	repeats    *repeats
	objecting  objecting
	claims     claims // by answer: who records an outcome
	unsaid     claims // answers that a broken engine finds false
	confirming *confirming
}

// due looks at every round whose cards are still in time: own duties, what other
// judges found wrong, answers that did not arrive. It returns how many duties are
// own, and how many of them have a card.
func (g *judging) due(now *view) (own, done int, err error) {
	var errs []error
	first, last := g.openRounds(now.head)
	for n := first; n <= last; n++ {
		duties, err := g.draws.of(now, n)
		if err != nil {
			return own, done, err
		}
		for _, d := range duties {
			if !now.registered || d.judge != now.seat {
				continue
			}
			own++
			judged, err := g.fulfil(now, d)
			if judged {
				done++
			}
			errs = append(errs, err)
		}
		errs = append(errs, g.fetchMissing(now, n))
	}
	return own, done, errors.Join(append(errs, g.lookAtFindings(now))...)
}

// fulfil brings an own duty one step further, and reports whether its card exists.
func (g *judging) fulfil(now *view, d duty) (bool, error) {
	card, err := g.book.OwnCard(d.key, d.judge.UID)
	if err != nil || card != nil || !now.open(g.schedule(), d.key.Round) {
		return card != nil, err
	}
	answer, err := g.book.Answer(d.key)
	if err != nil {
		return false, err
	}
	if answer != nil {
		g.queue.add(job{key: d.key, deadline: g.cardDeadline(d.key.Round), duty: true})
		return false, nil
	}
	if g.cfg.Evidence != nil {
		g.queue.add(job{key: d.key, deadline: g.cardDeadline(d.key.Round), duty: true, fetch: true})
	}
	return false, nil
}

// objecting remembers what was found wrong of the running epochs: each judge's
// findings are read once they are open.
type objecting struct {
	read   map[objector]bool
	wrong  []wire.AnswerKey
	before protocol.Epoch // nothing of epochs before is remembered
}

type objector struct {
	epoch protocol.Epoch
	judge protocol.SeatID
}

// lookAtFindings has answers judged that another judge opened a finding about which
// is not "passed": nobody's word is taken for that.
func (g *judging) lookAtFindings(now *view) error {
	s := g.schedule()
	e := s.EpochOf(now.head)
	if g.cfg.Observe || e == 0 || now.head <= s.SealCardsDeadline(e-1) || now.head >= s.WeightsStart(e) {
		return nil
	}
	e--
	if o := &g.objecting; o.read == nil || o.before < e {
		*o = objecting{read: map[objector]bool{}, before: e}
	}
	judges, err := ledger.ReadRosterJudges(now, e)
	if err != nil {
		return err
	}
	for _, j := range judges {
		if j.ID == now.seat || g.objecting.read[objector{e, j.ID}] {
			continue
		}
		opened, err := g.opened(now, e, j.ID)
		if err != nil {
			return err
		}
		if opened == nil {
			continue
		}
		g.objecting.read[objector{e, j.ID}] = true
		for k, f := range opened.all() {
			if f != wire.FoundPassed {
				g.objecting.wrong = append(g.objecting.wrong, k)
			}
		}
	}
	for _, k := range g.objecting.wrong {
		known, err := g.book.Judgement(k)
		if err != nil {
			return err
		}
		if known == nil {
			g.queue.add(job{key: k, deadline: g.cardDeadline(k.Round)})
		}
	}
	return nil
}

// fetchMissing asks for answers that were given and are not here, drawn or not:
// what a seat is worth follows from all of them.
func (g *judging) fetchMissing(now *view, n protocol.Round) error {
	if g.cfg.Evidence == nil || now.head < g.schedule().AttestDeadline(n) {
		return nil
	}
	given, err := ledger.ReadGivenAnswers(now, n)
	if err != nil {
		return err
	}
	for _, k := range given {
		answer, err := g.book.Answer(k)
		if err != nil {
			return err
		}
		if answer == nil {
			g.queue.add(job{key: k, deadline: g.cardDeadline(n), fetch: true})
		}
	}
	return nil
}

// run is one answer on its way to a judgement.
type run struct {
	job    job
	answer *record.Answer
	body   []byte
	duty   *duty // nil where the own run was not drawn

	known bool // the outcome, from before
	out   scoring.Outcome
	err   error
	done  chan struct{} // closed when out or err is set
}

// judgeAll runs the answers of some jobs side by side and records what is found
// in the order of the jobs, each as soon as those before it are recorded. The
// verdicts are those of lone runs. What an engine that is known to be broken calls
// false is not recorded. The error is the first.
func (g *judging) judgeAll(ctx context.Context, batch []job) (first error) {
	if g.cfg.Observe {
		return nil
	}
	keep := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	now := g.views.newest()
	var open []*run
	for _, j := range batch {
		x, err := g.prepare(now, j)
		keep(err)
		if x != nil {
			open = append(open, x)
		}
	}
	var runs sync.WaitGroup
	defer runs.Wait()
	for _, x := range open {
		runs.Go(func() {
			defer close(x.done)
			if !x.known {
				x.out, x.err = g.judges.judge(ctx, &x.answer.Task, x.answer.Hotkey, x.body)
			}
		})
	}
	for _, x := range open {
		<-x.done
		if x.err == nil && !x.known && !x.out.Passed() && g.confirming.broken() {
			g.unsaid.take(string(x.job.key.Bytes())) // nor does anything come of trying again
			continue
		}
		if x.err == nil {
			t := &x.answer.Task
			x.err = g.record(t.Key(), t.Seat, x.duty, x.answer.Envelope, &x.out)
		}
		keep(x.err)
	}
	return first
}

// prepare reads what a job needs; nil where there is nothing to judge, or no
// longer.
func (g *judging) prepare(now *view, j job) (*run, error) {
	answer, err := g.book.Answer(j.key)
	if err != nil || answer == nil || now.head > j.deadline || g.unsaid.taken(string(j.key.Bytes())) {
		return nil, err
	}
	d, err := g.ownDuty(now, j.key)
	if err != nil {
		return nil, err
	}
	known, err := g.book.Judgement(j.key)
	if err != nil || (known != nil && d == nil) {
		return nil, err
	}
	x := &run{job: j, answer: answer, duty: d, done: make(chan struct{})}
	if known != nil {
		x.known, x.out = true, known.Outcome
		return x, nil
	}
	x.body, err = g.book.Body(j.key)
	if err != nil || x.body == nil {
		return nil, err
	}
	return x, nil
}

// ownDuty returns the own duty about a slot that has no card yet, and can have one.
func (g *judging) ownDuty(now *view, k wire.AnswerKey) (*duty, error) {
	if !now.open(g.schedule(), k.Round) {
		return nil, nil
	}
	duties, err := g.draws.of(now, k.Round)
	if err != nil {
		return nil, err
	}
	d := now.own(duties, k)
	if d == nil {
		return nil, nil
	}
	if card, err := g.book.OwnCard(k, d.judge.UID); err != nil || card != nil {
		return nil, err
	}
	return d, nil
}

// record writes a judgement, and the own card where it was drawn. D is nil where it
// was not drawn.
func (g *judging) record(k wire.AnswerKey, seat protocol.SeatID, d *duty, answer protocol.Hash, out *scoring.Outcome) error {
	name := string(k.Bytes())
	if !g.claims.take(name) {
		return nil // the step and the worker met over one answer
	}
	defer g.claims.free(name)
	now, leave := g.views.enter()
	defer leave()
	var b record.Batch
	known, err := g.book.Judgement(k)
	if err != nil {
		return err
	}
	if known == nil {
		b.Judgement(k, &record.Judgement{Seat: seat, Duty: d != nil, Outcome: *out})
	}
	if d != nil && now.open(g.schedule(), k.Round) { // later, it is sealed what was found
		if old, err := g.book.OwnCard(k, d.judge.UID); err != nil || old != nil {
			return err // it was given meanwhile
		}
		if err = g.addCard(&b, now.head, k, d, answer, out); err != nil {
			return err
		}
	}
	if err := g.book.Write(&b); err != nil {
		return err
	}
	if known == nil {
		g.metrics.judged(out.Kind, out.Finding)
	}
	g.cfg.Logger.Info().Uint64("round", uint64(k.Round)).Uint16("seat", uint16(k.UID)).Uint16("slot", k.Slot).
		Str("finding", string(out.Finding)).Bool("duty", d != nil).Msg("judged")
	return g.compareAll(k, out)
}

// addCard makes the card about a drawn answer. It gets its envelope when it goes
// out.
func (g *judging) addCard(b *record.Batch, head protocol.Height, k wire.AnswerKey, d *duty, answer protocol.Hash, out *scoring.Outcome) error {
	body, err := g.judges.body(out, g.self)
	if err != nil {
		return err
	}
	b.Card(&record.Card{Received: head, Judge: g.self, Own: true, Said: out.Card(d.judge, d.seat, k, answer, body)})
	return nil
}

// compareAll compares a fresh judgement with the cards that came before it.
func (g *judging) compareAll(k wire.AnswerKey, out *scoring.Outcome) error {
	cards, err := g.book.CardsAbout(k)
	if err != nil {
		return err
	}
	own := record.Judgement{Outcome: *out}
	for i := range cards {
		if cards[i].Own {
			continue
		}
		if err := g.compare(&own, &cards[i].Said, cards[i].Judge); err != nil {
			return err
		}
	}
	return nil
}
