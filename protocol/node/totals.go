package node

import (
	"encoding/binary"
	"fmt"
	"maps"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// The ledger keeps payments for the retention only, so what a seat was ever paid
// is no sum of what is there. A node that carries out the blocks adds each epoch
// once, while it is kept, and writes the sums with the mark of how far they go in
// one batch. It is level-triggered: a node that was killed adds at its next start
// what it had not written.

// totalsSpace holds a seat's identity → [Total], and the key of totalsMark.
const totalsSpace = "totals"

// totalsMark is shorter than any seat's key.
var totalsMark = []byte("mark")

// Total is what one seat was paid in all epochs that were added.
type Total struct {
	_                struct{} `cbor:",toarray"`
	Miner, Validator protocol.Amount
}

// reach is which epochs are in the sums: Since ≤ epoch < Next.
type reach struct {
	_           struct{} `cbor:",toarray"`
	Since, Next protocol.Epoch
}

// Totals are what all seats were paid since the first epoch that this database
// saw: the ledger's first, but where a program that kept no totals went before.
type Totals struct {
	db     *store.DB
	params *params.Params

	mu    sync.Mutex
	reach reach                      // guarded by mu
	sums  map[protocol.SeatID]*Total // guarded by mu
}

// OpenTotals reads the totals in a database; errors are the store's.
func OpenTotals(db *store.DB, p *params.Params) (*Totals, error) {
	t := &Totals{db: db, params: p, sums: map[protocol.SeatID]*Total{}}
	space := db.Space(totalsSpace)
	var bad error
	err := space.Iterate(nil, nil, func(key, value []byte) bool {
		if string(key) == string(totalsMark) {
			bad = wire.Decode(value, maxTotal, &t.reach)
			return bad == nil
		}
		id, sum := seatOfKey(key), &Total{}
		bad = wire.Decode(value, maxTotal, sum)
		t.sums[id] = sum
		return bad == nil
	})
	if err == nil && bad != nil {
		err = fmt.Errorf("%w: %w", store.ErrCorrupt, bad)
	}
	if err != nil {
		return nil, fmt.Errorf("read totals: %w", err)
	}
	return t, nil
}

// maxTotal bounds a record that is read back.
const maxTotal = 64

// Of returns what a seat was paid in all epochs from since on; false while no
// epoch was added.
func (t *Totals) Of(id protocol.SeatID) (sum Total, since protocol.Epoch, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.sums[id]; s != nil {
		sum = *s
	}
	return sum, t.reach.Since, t.reach.Next > 0
}

// Add adds the epochs that are paid at height and were not added yet.
func (t *Totals) Add(r ledger.Reader, height protocol.Height) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.params.Schedule
	ended := s.EpochOf(height + 1) // epochs before it are paid
	if ended <= t.reach.Next {
		return nil
	}
	to, changed := t.reach, map[protocol.SeatID]*Total{}
	sums := t.sums
	if keep := protocol.Epoch(t.params.Tasks.Retention); ended > keep && to.Next < ended-keep {
		// What lies between is gone: a sum over a gap would be no total.
		to, sums = reach{Since: ended - keep, Next: ended - keep}, map[protocol.SeatID]*Total{}
	}
	for ; to.Next < ended; to.Next++ {
		list, err := ledger.ReadPayments(r, to.Next)
		if err != nil {
			return fmt.Errorf("add up the payments of epoch %d: %w", to.Next, err)
		}
		for i := range list {
			id := list[i].Seat
			if changed[id] == nil {
				changed[id] = &Total{}
				if s := sums[id]; s != nil {
					*changed[id] = *s
				}
			}
			changed[id].Miner += list[i].Miner // parts of what was issued: no sum overflows
			changed[id].Validator += list[i].Validator
		}
	}
	if err := t.write(to, changed); err != nil {
		return fmt.Errorf("write totals: %w", err)
	}
	if to.Since != t.reach.Since {
		clear(t.sums)
	}
	maps.Copy(t.sums, changed)
	t.reach = to
	return nil
}

// write puts the sums and how far they go on the disk; those of a reach that
// was given up are removed.
func (t *Totals) write(to reach, changed map[protocol.SeatID]*Total) error {
	b := t.db.Batch()
	space := t.db.Space(totalsSpace)
	if to.Since != t.reach.Since {
		for id := range t.sums {
			b.Delete(space, seatKey(id))
		}
	}
	for id, sum := range changed {
		if *sum != (Total{}) {
			b.Set(space, seatKey(id), wire.Encode(sum))
		}
	}
	b.Set(space, totalsMark, wire.Encode(&to))
	return b.Commit()
}

// seatKey is the uid in two bytes and the height of registration in eight.
func seatKey(id protocol.SeatID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(nil, uint16(id.UID)), uint64(id.Registered))
}

func seatOfKey(b []byte) (id protocol.SeatID) {
	if len(b) == 10 {
		id.UID, id.Registered = protocol.UID(binary.BigEndian.Uint16(b)), protocol.Height(binary.BigEndian.Uint64(b[2:]))
	}
	return id
}
