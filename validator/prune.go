package validator

import (
	"fmt"
	"maps"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// tidy makes scores final whose time has come, and then removes what is too old:
// in this order, for what is final was counted from what is removed.
func (v *Validator) tidy(now *view) error {
	if err := v.closeScores(now); err != nil {
		return err
	}
	return v.prune(now.head)
}

// prune forgets, once an epoch, rounds whose cards are no longer in time, and
// removes from the store what is older than the network's retention, and scores
// that are older than finalEpochs.
func (v *Validator) prune(head protocol.Height) error {
	s := &v.cfg.Params.Schedule
	e, retention := s.EpochOf(head), v.cfg.Params.Tasks.Retention
	if !v.forget(head, e) || uint64(e) <= retention {
		return nil
	}
	puts, err := v.oldEvidence(s.RoundOf(s.EpochStart(e - protocol.Epoch(retention))))
	if err != nil {
		return err
	}
	if keep := max(finalEpochs, retention); uint64(e) > keep {
		for _, table := range []string{tableScores, tableEpochs, tableCardRoots, tableAbstained, tableFinals, tableClosed} {
			old, err := v.below(table, uint64(e)-keep)
			if err != nil {
				return err
			}
			puts = append(puts, old...)
		}
	}
	if len(puts) == 0 {
		return nil
	}
	return write(v.cfg.Store, puts...)
}

// oldEvidence returns the removal of what is kept of rounds before first.
func (v *Validator) oldEvidence(first protocol.Round) (puts []put, err error) {
	for _, table := range []string{tableAnswers, tableJudgements, tableCards, tableObserved} {
		old, err := v.below(table, uint64(first))
		if err != nil {
			return nil, err
		}
		puts = append(puts, old...)
	}
	for _, p := range puts {
		if p.table != tableAnswers {
			break
		}
		a, ok, err := get[Answer](v.cfg.Store, tableAnswers, p.key)
		if err != nil {
			return nil, err
		}
		if ok {
			puts = append(puts, put{tableTasks, a.Task.ID[:], nil})
		}
	}
	return puts, nil
}

// below returns the removal of a table's rows of epochs, or rounds, before n.
func (v *Validator) below(table string, n uint64) (puts []put, err error) {
	err = v.cfg.Store.Scan(table, nil, func(key, _ []byte) bool {
		if uint64(epochOf(key)) >= n {
			return false
		}
		puts = append(puts, put{table, append([]byte(nil), key...), nil})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("%w: prune %s: %w", ErrStore, table, err)
	}
	return puts, nil
}

// forget drops what is remembered of closed rounds, and reports whether epoch e
// is a new one.
func (v *Validator) forget(head protocol.Height, e protocol.Epoch) bool {
	first, _ := v.openRounds(head)
	v.mu.Lock()
	defer v.mu.Unlock()
	if e == v.epoch {
		return false
	}
	v.epoch = e
	maps.DeleteFunc(v.duties, func(n protocol.Round, _ []duty) bool { return n < first })
	maps.DeleteFunc(v.sent, func(k string, _ repetition) bool { return keyOf([]byte(k)).Round < first })
	maps.DeleteFunc(v.jobs.asked, func(k wire.AnswerKey, _ bool) bool { return k.Round < first })
	maps.DeleteFunc(v.jobs.complete, func(n protocol.Round, _ bool) bool { return n < first })
	return true
}
