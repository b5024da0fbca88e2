package validator

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

func keyOf(slot int) wire.AnswerKey { return wire.AnswerKey{Round: 1, Slot: uint16(slot)} }

// TestOwnDutiesGoBeforeWhatMustBeAskedFor also where that is due earlier, and are
// not displaced where there is no room.
func TestOwnDutiesGoBeforeWhatMustBeAskedFor(t *testing.T) {
	q := newQueue()
	for i := range maxJobs {
		q.add(job{key: keyOf(i), deadline: protocol.Height(i), fetch: true})
	}
	late := protocol.Height(2 * maxJobs)
	q.add(job{key: keyOf(maxJobs), deadline: late, duty: true})
	q.add(job{key: keyOf(maxJobs + 1), deadline: 0, fetch: true}) // there is no room
	q.add(job{key: keyOf(maxJobs), deadline: 0, fetch: true})     // its answer came meanwhile
	if q.len() != maxJobs {
		t.Errorf("%d wait, want %d", q.len(), maxJobs)
	}
	batch := q.take()
	if len(batch) != 1 || batch[0] != (job{key: keyOf(maxJobs), deadline: late, duty: true}) {
		t.Fatalf("first were %+v, want the duty", batch)
	}
	for i := range maxJobs - 1 { // all but the least urgent
		if batch = q.take(); len(batch) != 1 || batch[0].key != keyOf(i) {
			t.Fatalf("then %+v, want slot %d", batch, i)
		}
	}
	if q.len() != 0 {
		t.Errorf("%d are left", q.len())
	}
}
