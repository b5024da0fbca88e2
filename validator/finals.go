package validator

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/validator/record"
)

// Scores of an epoch are final when it is over: its weights were made, and no card
// about what they were made of can be in time any more.
// Then what judges found of each seat and kind is counted, once, and written in
// one batch with the mark that says so: it is read from there ever after, also
// when the answers and cards that it was counted from are pruned, and the epoch
// is folded into one record, which stays for good. Pruning waits
// for it, so that a validator that was killed, or stopped for longer than
// evidence is kept, counts first when it comes back. What is closed is never
// counted again.

// closing makes scores final, and removes what is too old. Step alone uses it.
type closing struct {
	*base
	// unclosed are the epochs whose scores may become final, ascending; nil
	// before the first step.
	unclosed []protocol.Epoch
}

// closeScores makes the scores of every epoch final whose time has come.
func (c *closing) closeScores(now *view) error {
	if c.unclosed == nil {
		var err error
		if c.unclosed, err = c.findUnclosed(now.head); err != nil {
			return err
		}
	}
	s := c.schedule()
	if e := s.EpochOf(now.head); !slices.Contains(c.unclosed, e) {
		c.unclosed = append(c.unclosed, e) // if it is ever sealed
	}
	for len(c.unclosed) > 0 && s.EpochEnd(c.unclosed[0]) < now.head {
		if err := c.closeEpoch(now, c.unclosed[0]); err != nil {
			return err
		}
		c.unclosed = c.unclosed[1:]
	}
	return nil
}

// findUnclosed returns the epochs whose scores are not final, ascending. Those of
// a database that a program without final scores wrote are closed as far as
// their evidence is surely there; of the others nobody can count it any more, and
// they are removed.
func (c *closing) findUnclosed(head protocol.Height) ([]protocol.Epoch, error) {
	first, known, err := c.book.FinalsFrom()
	if err != nil {
		return nil, err
	}
	if !known {
		if e := c.schedule().EpochOf(head); uint64(e) > c.cfg.Params.Tasks.Retention {
			first = e - protocol.Epoch(c.cfg.Params.Tasks.Retention) + 1 // weights count rounds of the epoch before, too
		}
		if err := c.book.BeginFinals(first); err != nil {
			return nil, err
		}
	}
	sealed, err := c.book.SealedEpochs()
	if err != nil {
		return nil, err
	}
	closed, err := c.book.ClosedEpochs()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sealed, func(e protocol.Epoch) bool {
		_, done := slices.BinarySearch(closed, e)
		return done
	}), nil
}

// closeEpoch counts what was found in epoch e and writes it with the mark. No card
// about it can be written any more under the view of a step so late.
func (c *closing) closeEpoch(now *view, e protocol.Epoch) error {
	if closed, err := c.book.IsClosed(e); err != nil || closed {
		return err // by a process that saw these heights before
	}
	sealed, err := c.book.Sealed(e)
	if err != nil || sealed == nil {
		return err
	}
	list, err := c.book.CountFinals(now, e, sealed.Rounds)
	if err != nil {
		return err
	}
	var b record.Batch
	b.Closed(e, &record.Closed{Height: now.head})
	for i := range list {
		b.Final(e, &list[i])
	}
	if err := c.book.Write(&b); err != nil {
		return err
	}
	c.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("seats", len(list)).Msg("scores are final")
	return nil
}

// prune removes from the store, in epoch e, the evidence that is older than the
// network's retention, and folds the scores of as old epochs. Scores whose time has
// come are final before: they were counted from what is removed.
func (c *closing) prune(e protocol.Epoch) error {
	s, retention := c.schedule(), c.cfg.Params.Tasks.Retention
	if uint64(e) <= retention {
		return nil
	}
	old := e - protocol.Epoch(retention)
	if err := c.book.Prune(s.RoundOf(s.EpochStart(old)), old); err != nil {
		return err
	}
	return c.book.Fold(old)
}
