package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/engine/sched"
)

// runAll runs tasks and returns when all have ended: how many states of each
// were computed, and the *FailedError of those that have one. At most as many
// as run at once are handed over, so that many tasks of one call leave room in
// the queue. With the first other error, which tells the number of its task,
// all end.
func (m *Model) runAll(ctx context.Context, tasks []*sched.Task) (ran []int, failed []*FailedError, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ran, failed = make([]int, len(tasks)), make([]*FailedError, len(tasks))
	end := func(i int, e error) {
		if e != nil && !errors.As(e, &failed[i]) && err == nil {
			if err = e; len(tasks) > 1 {
				err = fmt.Errorf("number %d of %d: %w", i+1, len(tasks), e)
			}
			cancel(err)
		}
	}
	handles := make([]*sched.Handle, 0, len(tasks))
	waited := 0
	wait := func() {
		var e error
		ran[waited], e = handles[waited].Wait()
		end(waited, e)
		waited++
	}
	for i, t := range tasks {
		if len(handles)-waited == m.maxBatch {
			wait()
		}
		if err != nil {
			break
		}
		h, e := m.sched.Start(ctx, t)
		if e != nil {
			end(i, e)
			break
		}
		handles = append(handles, h)
	}
	for waited < len(handles) {
		wait()
	}
	return ran, failed, err
}
