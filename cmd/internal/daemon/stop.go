package daemon

import (
	"maps"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// stopPatience is how long opening, the components and closing together may take
// to stop; a daemon is gone within five seconds of a signal. It is counted in
// ticks: while the whole machine stands still, or sleeps, none passes.
const (
	stopPatience = 4500 * time.Millisecond
	stopTick     = 100 * time.Millisecond
)

// patience is stopPatience, but in tests of whole programs.
var patience = stopPatience

// BePatient gives this process's daemons four minutes to stop: for tests of whole
// programs, whose machine may be busy with much else.
func BePatient() { patience = 4 * time.Minute }

// stopping bounds the end of a daemon, whatever it waits for: what was
// acknowledged is on the disk, so that ending the process loses nothing. The zero
// value, with its two fields set, waits for nothing.
type stopping struct {
	log  zerolog.Logger
	exit func(status int) // ends the process

	once sync.Once
	end  chan struct{} // closed when all has ended; made by begin

	mu      sync.Mutex
	waiting map[string]bool // guarded by mu; by the name of what has not ended
	ended   bool            // guarded by mu
}

// waitFor says what runs until the function is called that it returns.
func (s *stopping) waitFor(what string) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = make(map[string]bool)
	}
	s.waiting[what] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, what)
	}
}

// names returns what has not ended.
func (s *stopping) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.waiting))
}

// begin begins to count, once. When all takes too long, or another signal comes,
// the process ends, and says what it waited for.
func (s *stopping) begin() {
	s.once.Do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended {
			return
		}
		s.end = make(chan struct{})
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		tick := time.NewTicker(stopTick)
		go func() {
			defer tick.Stop()
			defer signal.Stop(again)
			s.limit(s.end, again, tick.C)
		}()
	})
}

// limit ends the process at another signal, or when the ticks of patience have
// passed, unless end is closed before.
func (s *stopping) limit(end <-chan struct{}, again <-chan os.Signal, tick <-chan time.Time) {
	for range patience / stopTick {
		select {
		case <-end:
			return
		case <-tick:
		case sig := <-again:
			status := 1
			if n, ok := sig.(syscall.Signal); ok {
				status = 128 + int(n) // as a shell says of a program that a signal ended
			}
			s.log.Error().Stringer("signal", sig).Strs("waiting_for", s.names()).Msg("told again to stop, ending at once")
			s.exit(status)
			return
		}
	}
	select {
	case <-end:
	default:
		s.log.Error().Dur("after", patience).Strs("waiting_for", s.names()).Msg("did not stop in time, ending at once")
		s.exit(1)
	}
}

// done ends the counting.
func (s *stopping) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended && s.end != nil {
		close(s.end)
	}
	s.ended = true
}
