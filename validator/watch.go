package validator

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/validator/record"
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

// watch observes rounds. Step alone uses it.
type watch struct {
	*base
	stretch
}

// stretch is the unbroken stretch that lasts, if one does.
type stretch struct {
	since protocol.Height // its first height, 0 while there is none
	last  protocol.Height // the newest step
	next  protocol.Round  // the first round that was not looked at
	why   string          // why there is none
}

// observe notes whether the network is heard at head, and which rounds were
// observed until now, before any of them is judged. What it returns is the node's
// presence, and why rounds are not observed, empty where they are.
func (w *watch) observe(head protocol.Height) (Presence, string, error) {
	p, patience := Presence{}, head // without word of the node's presence, it never leaves
	if w.cfg.Presence != nil {
		p, patience = w.cfg.Presence(), maxHeldSteps
	}
	s := w.stretch
	s.see(head, p, patience)
	var b record.Batch
	s.observed(&b, w.schedule(), head)
	if err := w.book.Write(&b); err != nil {
		return p, s.why, err
	}
	w.tell(head, &s)
	w.stretch = s
	return p, s.why, nil
}

// see continues the stretch, or ends it, or begins another. A step that comes
// more blocks after the last than early messages are held for breaks it: what
// was opened meanwhile was refused.
func (w *stretch) see(head protocol.Height, p Presence, patience protocol.Height) {
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

// observed adds the records of rounds whose openings ended in the stretch, each
// once.
func (w *stretch) observed(b *record.Batch, s *protocol.Schedule, head protocol.Height) {
	if w.since == 0 {
		return
	}
	for w.next = max(w.next, s.RoundOf(w.since)); s.OpenDeadline(w.next) < head; w.next++ {
		if w.since <= s.CommitDeadline(w.next) {
			b.Observed(w.next, &record.Observation{Since: w.since, Height: head})
		}
	}
}

// tell logs once when the network is no longer heard, and once when it is again.
func (w *watch) tell(head protocol.Height, now *stretch) {
	switch {
	case now.since == 0 && (w.since != 0 || w.last == 0):
		w.cfg.Logger.Warn().Uint64("height", uint64(head)).Str("why", now.why).
			Msg("not observing: of rounds until it does again, nothing that is missing is held against anybody")
	case now.since != 0 && w.since != now.since:
		w.cfg.Logger.Info().Uint64("height", uint64(head)).Msg("observing rounds from here on")
	}
}
