package daemon_test

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/daemon"
)

// log is written by the goroutine that counts and read by the test.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// stop returns a stop that has waited for two things, of which one has ended.
func stop(out *log, exit func(int)) *daemon.Stopping {
	s := daemon.NewStopping(zerolog.New(out), exit)
	s.WaitFor("database")
	s.WaitFor("models")()
	return s
}

func TestWhatDoesNotStopInTimeIsNamedAndEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out log
		begun := time.Now()
		tick := time.NewTicker(daemon.StopTick)
		defer tick.Stop()
		status := make(chan int, 1)
		go stop(&out, func(n int) { status <- n }).Limit(nil, nil, tick.C)
		if got := <-status; got != 1 || time.Since(begun) != daemon.StopPatience {
			t.Errorf("status %d after %s, want 1 after %s", got, time.Since(begun), daemon.StopPatience)
		}
		if !strings.Contains(out.String(), `"waiting_for":["database"],"message":"did not stop in time`) {
			t.Errorf("got %s without what it waits for", &out)
		}
	})
}

// TestAMachineThatStandsStillEndsNothing: a ticker gives one tick for all of the
// time in which nobody took any, so that what stops goes on where it was.
func TestAMachineThatStandsStillEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out log
		tick := time.NewTicker(daemon.StopTick)
		defer tick.Stop()
		time.Sleep(2 * daemon.StopPatience) // with nobody there
		begun := time.Now()
		status := make(chan int, 1)
		go stop(&out, func(n int) { status <- n }).Limit(nil, nil, tick.C)
		if <-status; time.Since(begun) != daemon.StopPatience-daemon.StopTick {
			t.Errorf("it ended after %s more, want %s", time.Since(begun), daemon.StopPatience-daemon.StopTick)
		}
	})
}

func TestASecondSignalEndsAtOnceAndSaysWhatItWaitedFor(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		synctest.Test(t, func(t *testing.T) {
			var out log
			begun := time.Now()
			status := make(chan int, 1)
			again := make(chan os.Signal, 1)
			go stop(&out, func(n int) { status <- n }).Limit(nil, again, nil)
			again <- sig
			if got := <-status; got != want || time.Since(begun) != 0 {
				t.Errorf("status %d after %s, want %d at once", got, time.Since(begun), want)
			}
			if !strings.Contains(out.String(), `"waiting_for":["database"],"message":"told again to stop`) {
				t.Errorf("got %s without what it waits for", &out)
			}
		})
	}
}

func TestACleanStopIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out log
		s := stop(&out, func(int) { t.Error("ended although all had stopped") })
		end := make(chan struct{})
		close(end)
		s.Limit(end, nil, nil)
		s.Done()
		s.Begin() // a signal that comes when all is over
		time.Sleep(2 * daemon.StopPatience)
		if out.String() != "" {
			t.Errorf("got %s", &out)
		}
	})
}
