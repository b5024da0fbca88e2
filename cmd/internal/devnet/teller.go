package devnet

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// teller prints what happens, with the time since the first block. A line that
// nobody gets to see is no error.
type teller struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

func newTeller(out io.Writer) *teller { return &teller{out: out, start: time.Now()} }

// restart begins the clock: at the first block.
func (t *teller) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.start = time.Now()
}

func (t *teller) since() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Since(t.start)
}

// printf prints one line behind the time.
func (t *teller) printf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := int(time.Since(t.start).Seconds())
	_, _ = fmt.Fprintf(t.out, "%d:%02d  %s\n", s/60, s%60, fmt.Sprintf(format, args...))
}

// plain prints a line as it is.
func (t *teller) plain(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintln(t.out, s)
}
