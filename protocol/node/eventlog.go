package node

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// What a block did cannot be read from the state after it, nor from the block, so a
// node that carries out the blocks writes it down for who follows events. Blocks of
// which it is not known, as after a kill, have no entry: a reader is told of the
// gap.

// eventsSpace holds by height the [ledger.Event]s of a block.
const eventsSpace = "events"

const (
	// eventsKept is how many blocks' events stay: more than a day of a network that
	// makes a block a second.
	eventsKept = 100_000
	// eventsPruned is after how many blocks those that are too old are removed.
	eventsPruned = 1000
	// maxEvents bounds an entry that is read back: those of the largest block that a
	// network may have.
	maxEvents = 64 << 20
)

// EventLog is what blocks did, by height.
type EventLog struct {
	db    *store.DB
	space *store.Space

	mu             sync.Mutex
	oldest, newest protocol.Height // guarded by mu; zeros while there is none
}

// OpenEvents reads the range of the events in a database; errors are the store's.
func OpenEvents(db *store.DB) (*EventLog, error) {
	l := &EventLog{db: db, space: db.Space(eventsSpace)}
	err := l.space.Iterate(nil, nil, func(key, _ []byte) bool {
		if len(key) == 8 {
			l.newest = protocol.Height(binary.BigEndian.Uint64(key))
			if l.oldest == 0 {
				l.oldest = l.newest
			}
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return l, nil
}

// Range returns the heights of the oldest and the newest block of which there are
// events; zeros while there is none.
func (l *EventLog) Range() (oldest, newest protocol.Height) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oldest, l.newest
}

// At returns the events of a block; false where they are not known.
func (l *EventLog) At(h protocol.Height) (list []ledger.Event, known bool, err error) {
	b, err := l.space.Get(store.Key(uint64(h)))
	if err != nil || b == nil {
		return nil, false, err
	}
	if err := wire.Decode(b, maxEvents, &list); err != nil {
		return nil, false, fmt.Errorf("events of block %d: %w: %w", h, store.ErrCorrupt, err)
	}
	return list, true, nil
}

// Add writes the events of a block, and removes what is too old. It is not synced:
// a kill leaves a gap.
func (l *EventLog) Add(h protocol.Height, events []ledger.Event) error {
	if events == nil {
		events = []ledger.Event{}
	}
	if err := l.space.Set(store.Key(uint64(h)), wire.Encode(events)); err != nil {
		return fmt.Errorf("write events of block %d: %w", h, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest = max(l.newest, h)
	if l.oldest == 0 {
		l.oldest = h
	}
	if l.newest-l.oldest < eventsKept+eventsPruned {
		return nil
	}
	keep := l.newest - eventsKept
	b := l.db.Batch()
	b.DeleteRange(l.space, nil, store.Key(uint64(keep)))
	if err := b.Commit(); err != nil {
		return fmt.Errorf("remove old events: %w", err)
	}
	l.oldest = keep
	return nil
}
