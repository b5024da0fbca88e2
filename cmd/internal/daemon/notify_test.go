package daemon_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/daemon"
)

// late is a context that is done for a while before it begins what comes after it,
// as any may be.
type late struct{ context.Context } //nolint:containedctx // it is one

// Value hides the context within.
func (late) Value(any) any { return nil }

// AfterFunc begins f after the test.
func (late) AfterFunc(func()) (stop func() bool) { return func() bool { return true } }

// TestSystemdHearsOfBeginningAndEnd: the socket that a unit of Type=notify names is
// told READY=1 once, and STOPPING=1 when it is over.
func TestSystemdHearsOfBeginningAndEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	t.Setenv("NOTIFY_SOCKET", path)
	hear := func(want string) {
		t.Helper()
		b := make([]byte, 64)
		_ = socket.SetReadDeadline(time.Now().Add(5 * time.Minute)) // a stop-gap: it is said, or never
		n, err := socket.Read(b)
		if err != nil || string(b[:n]) != want {
			t.Fatalf("got %q, %v, want %s", b[:n], err, want)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := daemon.Notify(ctx, zerolog.Nop())
	hear("READY=1")
	stop()
	done()
	hear("STOPPING=1")

	ctx, stop = context.WithCancel(t.Context())
	done = daemon.Notify(late{ctx}, zerolog.Nop())
	hear("READY=1")
	stop()
	done()
	hear("STOPPING=1")

	daemon.Notify(t.Context(), zerolog.Nop())() // ends by itself: nothing to say but that it was ready
	hear("READY=1")
	self, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = self.Close() }()
	if _, err := self.Write([]byte("no more")); err != nil {
		t.Fatal(err)
	}
	hear("no more") // what was said before would come before it
}
