package sched

import "errors"

var (
	// ErrBusy means that as many tasks wait as may; later there may be room.
	ErrBusy = errors.New("sched: too many tasks wait")
	// ErrMemory means a task whose keys and values do not fit the memory that there is for them, however long it waited.
	ErrMemory = errors.New("sched: keys and values would not fit the memory")
	// ErrTask means a task that contradicts itself: no tokens, more states wanted than tokens, a token beyond its length.
	ErrTask = errors.New("sched: bad task")
	// ErrStopped means that Run has ended.
	ErrStopped = errors.New("sched: stopped")
)
