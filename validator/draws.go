package validator

import (
	"maps"
	"slices"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// duty is one drawn judgement.
type duty struct {
	key   wire.AnswerKey
	seat  protocol.SeatID
	task  wire.Task // without its body
	judge protocol.SeatID
}

// draws knows the duties that the beacon drew, everybody's.
type draws struct {
	*base
	mu     sync.Mutex
	rounds map[protocol.Round][]duty // guarded by mu; of rounds whose duties are drawn
}

// of returns all duties of a round, none before they are drawn. They do not
// change, so they are read once.
func (d *draws) of(now *view, n protocol.Round) ([]duty, error) {
	if known, ok := d.known(n); ok {
		return known, nil
	}
	seeds, _, err := ledger.ReadRound(now, n)
	if err != nil || seeds.DutySeed.IsZero() {
		return nil, err
	}
	commits, err := ledger.ReadCommits(now, n)
	if err != nil {
		return nil, err
	}
	due, err := ledger.ReadDue(now, d.cfg.Params, n)
	if err != nil {
		return nil, err
	}
	out := []duty{}
	for _, c := range commits {
		drawn, _, err := ledger.ReadDuties(now, n, c.Seat.UID)
		if err != nil {
			return nil, err
		}
		roster, _, err := ledger.ReadRosterSeat(now, d.schedule().EpochOfRound(n), c.Seat.UID)
		if err != nil {
			return nil, err
		}
		asked := due.Of(d.cfg.ChainID, d.cfg.Params, &roster)
		for _, one := range drawn.Duties {
			task, err := d.cfg.Kinds.Derive(&asked, one.Slot)
			if err != nil {
				return nil, err
			}
			out = append(out, duty{
				key:  wire.AnswerKey{Round: n, UID: c.Seat.UID, Slot: one.Slot},
				seat: c.Seat, task: wire.Task{ID: task.ID, Kind: task.Kind}, judge: one.Judge,
			})
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rounds[n] = out
	return out, nil
}

// known returns the duties of a round that were read before.
func (d *draws) known(n protocol.Round) ([]duty, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list, ok := d.rounds[n]
	return list, ok
}

// own returns the own duty about a slot, nil where there is none.
func (now *view) own(duties []duty, k wire.AnswerKey) *duty {
	i := slices.IndexFunc(duties, func(d duty) bool { return now.registered && d.key == k && d.judge == now.seat })
	if i < 0 {
		return nil
	}
	return &duties[i]
}

// forget drops the duties of rounds before first.
func (d *draws) forget(first protocol.Round) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.rounds, func(n protocol.Round, _ []duty) bool { return n < first })
}
