// Package logtest lets what outlives a test write to its log.
package logtest

import (
	"sync"
	"testing"

	"github.com/rs/zerolog"
)

// New returns a logger of warnings and errors that writes to the log of a test
// until that is over, and nowhere from then on. CometBFT has goroutines that end
// some time after it was stopped, later on a busy machine, and a line in the log
// of a test that is over ends all tests.
func New(t testing.TB) zerolog.Logger {
	w := &writer{to: zerolog.NewTestWriter(t)}
	t.Cleanup(w.end)
	return zerolog.New(w).Level(zerolog.WarnLevel)
}

// writer writes until its end.
type writer struct {
	mu   sync.Mutex
	to   zerolog.TestWriter
	over bool // guarded by mu
}

// Write implements [io.Writer].
func (w *writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return len(line), nil
	}
	return w.to.Write(line)
}

func (w *writer) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}
