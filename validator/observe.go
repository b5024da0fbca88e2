package validator

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Observation. An answer that is not here was not opened only if it would be
// here had it been. So before anything is held against a miner, there is a
// record that this validator observed the round: one unbroken stretch of blocks,
// from the deadline of commitments or before until after that of openings, in
// which it was in time with the network and heard gossip ([Presence]), in one
// process. Blocks that are caught up with are no observation, nor is a record
// in a database that was copied, but for the rounds that it names.
//
// Of a round that was not observed, what peers still have is judged as ever: an
// answer proves itself. What is missing says nothing: no card calls it
// unopened, and unless all of the round is here it enters no weights. The
// opinions of earlier rounds stand meanwhile, and count less as they age; who
// has none sends no weights. No statement about cards is made for an epoch of
// which nothing was observed and nothing judged.
//
// What abstaining costs is the validator's own: duties about answers that it
// could not get stay undone, and dividends follow duties. Miners gain nothing by
// it: who opens nothing has no work either in the row of those who observed, and
// in no row of those who did not. Nobody can make others abstain but by cutting
// them off, and who is cut off could before be made to blame the honest.

// Presence says how well the node takes part at this moment.
type Presence struct {
	// Behind says that others have newer blocks. What is due at the heights that
	// come now was due long ago, so nothing is sent.
	Behind bool
	// Deaf says in words why answers that are opened now may not arrive here,
	// empty where they do.
	Deaf string
}

// Observation is the record that a round was observed.
type Observation struct {
	_ struct{} `cbor:",toarray"`
	// Since is the first height of the stretch, Height the one after the round's
	// openings at which it was written.
	Since, Height protocol.Height
}

// watch is the stretch that lasts, if one does.
type watch struct {
	since protocol.Height // its first height, 0 while there is none
	last  protocol.Height // the newest step
	next  protocol.Round  // the first round that was not looked at
	why   string          // why there is none
}

// observe notes whether the network is heard at head, and which rounds were
// observed until now, before any of them is judged.
func (v *Validator) observe(head protocol.Height) (Presence, error) {
	p, patience := Presence{}, head // without word of the node's presence, it never leaves
	if v.cfg.Presence != nil {
		p, patience = v.cfg.Presence(), maxHeldSteps
	}
	v.mu.Lock()
	w := v.watch
	v.mu.Unlock()
	before := w
	w.see(head, p, patience)
	puts := w.observed(&v.cfg.Params.Schedule, head)
	if len(puts) > 0 {
		if err := write(v.cfg.Store, puts...); err != nil {
			return p, err
		}
	}
	v.mu.Lock()
	v.watch = w
	v.mu.Unlock()
	v.tellWatch(head, &before, &w)
	return p, nil
}

// see continues the stretch, or ends it, or begins another. A step that comes
// more blocks after the last than early messages are held for breaks it: what
// was opened meanwhile was refused.
func (w *watch) see(head protocol.Height, p Presence, patience protocol.Height) {
	w.why = p.Deaf
	if p.Behind {
		w.why = "catching up with the ledger"
	}
	switch {
	case w.why != "":
		w.since = 0
	case w.since == 0 || head > w.last+patience:
		w.since = head
	}
	w.last = max(w.last, head)
}

// observed returns the records of rounds whose openings ended in the stretch,
// each once.
func (w *watch) observed(s *protocol.Schedule, head protocol.Height) (puts []put) {
	if w.since == 0 {
		return nil
	}
	for w.next = max(w.next, s.RoundOf(w.since)); s.OpenDeadline(w.next) < head; w.next++ {
		if w.since <= s.CommitDeadline(w.next) {
			puts = append(puts, put{tableObserved, era(uint64(w.next)), &Observation{Since: w.since, Height: head}})
		}
	}
	return puts
}

// tellWatch logs once when the network is no longer heard, and once when it is again.
func (v *Validator) tellWatch(head protocol.Height, before, now *watch) {
	switch {
	case now.since == 0 && (before.since != 0 || before.last == 0):
		v.cfg.Logger.Warn().Uint64("height", uint64(head)).Str("why", now.why).
			Msg("not observing: of rounds until it does again, nothing that is missing is held against anybody")
	case now.since != 0 && before.since != now.since:
		v.cfg.Logger.Info().Uint64("height", uint64(head)).Msg("observing rounds from here on")
	}
}

// observed reports whether round n was observed.
func (v *Validator) observed(n protocol.Round) (bool, error) {
	_, ok, err := get[Observation](v.cfg.Store, tableObserved, era(uint64(n)))
	return ok, err
}

// askedAll reports whether peers were asked for every answer of round n that is
// not here, and have none. Without peers to ask there is nothing to wait for.
func (v *Validator) askedAll(n protocol.Round) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cfg.Evidence == nil || v.jobs.complete[n]
}

// Abstention names the rounds that the weights of an epoch leave out because
// they were not observed.
type Abstention struct {
	_      struct{} `cbor:",toarray"`
	Rounds []protocol.Round
}

// Abstained returns the rounds that the weights of epoch e leave out because
// this validator did not observe them; none for most epochs.
func (v *Validator) Abstained(e protocol.Epoch) ([]protocol.Round, error) {
	a, _, err := get[Abstention](v.cfg.Store, tableAbstained, era(uint64(e)))
	return a.Rounds, err
}

// blank reports whether weights say nothing because nothing was observed: they
// are not sent, for an empty row speaks against everybody.
func (v *Validator) blank(w *wire.RevealWeights) (bool, error) {
	if len(w.UIDs) > 0 {
		return false, nil
	}
	rounds, err := v.Abstained(w.Epoch)
	return len(rounds) > 0, err
}

// witnessed reports whether anything of epoch e was observed, or judged by an
// own card: else a statement about it would say of all others that they did
// nothing.
func (v *Validator) witnessed(e protocol.Epoch, ownCards bool) (bool, error) {
	s := &v.cfg.Params.Schedule
	for n := s.RoundOf(s.EpochStart(e)); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		if ok, err := v.observed(n); err != nil || ok {
			return ok, err
		}
	}
	return ownCards, nil
}

// abstainedText says in words which rounds were left out.
func abstainedText(rounds []protocol.Round) string {
	if len(rounds) == 1 {
		return fmt.Sprintf("round %d", rounds[0])
	}
	return fmt.Sprintf("%d rounds from %d to %d", len(rounds), rounds[0], rounds[len(rounds)-1])
}
