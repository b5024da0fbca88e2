package validator

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
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

// TestWhatCanWaitEndsWhenADutyCanBeJudged and is no error then; what has to be
// fetched, and what another's finding gave cause to, ends nothing.
func TestWhatCanWaitEndsWhenADutyCanBeJudged(t *testing.T) {
	full := fmt.Errorf("the disk is full: %w", record.ErrStore)
	q := newQueue()
	runs := 0
	run := func(ctx context.Context) error {
		runs++
		q.add(job{key: keyOf(1), duty: true, fetch: true})
		q.add(job{key: keyOf(2)})
		if err := ctx.Err(); err != nil {
			return err
		}
		q.add(job{key: keyOf(1), duty: true}) // its answer came
		return ctx.Err()
	}
	if err := q.meanwhile(t.Context(), run); err != nil || runs != 1 {
		t.Errorf("got %v after %d runs", err, runs)
	}
	first := func(ctx context.Context) error { return ctx.Err() }
	if err := q.meanwhile(t.Context(), func(ctx context.Context) error {
		if first(ctx) == nil {
			t.Error("it begins, and a duty waits")
		}
		return full
	}); !errors.Is(err, record.ErrStore) {
		t.Errorf("got %v, want %v", err, full)
	}
	q.take()
	q.take()
	if err := q.meanwhile(t.Context(), first); err != nil || q.interrupt != nil {
		t.Errorf("nothing waits: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.meanwhile(ended, first); !errors.Is(err, context.Canceled) {
		t.Errorf("the process ends: got %v", err)
	}
}
