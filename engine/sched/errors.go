package sched

import "errors"

var (
	// ErrBusy means that as many tasks wait as may; later there may be room.
	ErrBusy = errors.New("sched: too many tasks wait")
	// ErrTask means a task that contradicts itself: no tokens, more states
	// wanted than tokens, a token beyond its length.
	ErrTask = errors.New("sched: bad task")
	// ErrStopped means that Run has ended.
	ErrStopped = errors.New("sched: stopped")
)
