// Package progress says on a terminal how far a long command is: nothing for
// the first two seconds, then one line that is written over again and is gone at
// the end.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/assaynet/assay/cmd/internal/input"
)

const (
	quiet = 2 * time.Second        // what ends within needs no word
	every = 250 * time.Millisecond // readable, and no load
)

// Start shows what say returns, in one line, until stop is called. It shows
// nothing where w is no terminal. say is called from another goroutine.
func Start(w io.Writer, say func() string) (stop func()) {
	r, ok := w.(io.Reader)
	if !ok || input.Terminal(r) == nil {
		return func() {}
	}
	return start(w, say)
}

func start(w io.Writer, say func() string) (stop func()) {
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		next := time.NewTimer(quiet)
		defer next.Stop()
		shown := false
		for {
			select {
			case <-end:
				if shown {
					_, _ = io.WriteString(w, "\r\x1b[K") // a terminal has nowhere to complain
				}
				return
			case <-next.C:
				_, _ = fmt.Fprintf(w, "\r%s\x1b[K", say())
				shown = true
				next.Reset(every)
			}
		}
	})
	return sync.OnceFunc(func() {
		close(end)
		wg.Wait()
	})
}
