package sched

import "github.com/assaynet/assay/engine/backend"

// Backend is what a Scheduler needs of a [backend.Backend]. It is called from
// one goroutine at a time.
type Backend interface {
	NewCache() backend.Cache
	PageBytes() int64
	Budget() int
	Step(pieces []*backend.Piece) error
}
