package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol/store"
)

// errNobody says that no daemon of the home runs.
var errNobody = errors.New("no daemon runs")

// Times and sizes of what goes over the socket.
const (
	headTime  = 5 * time.Second
	maxAnswer = 4 << 10
)

// route is what the daemon is asked.
const route = "/backup"

// Serve answers at the home's socket until ctx is done: it copies the open database
// to a directory that is asked for. The home's owner alone can ask. Nil after a
// clean stop; the socket of a daemon that was killed is replaced.
func Serve(ctx context.Context, home config.Home, db *store.DB) error {
	path := home.Control()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("listen for commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+route, func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		if !filepath.IsAbs(to) {
			http.Error(w, "the directory is not absolute", http.StatusBadRequest)
			return
		}
		if err := db.Checkpoint(to); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: headTime}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("listen for commands: %w", err)
	}
	return nil
}

// ask lets the daemon of a home copy its database to a directory. It returns
// errNobody where none listens.
func ask(ctx context.Context, home config.Home, to string) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", home.Control())
	}
	c := &http.Client{Transport: &http.Transport{DialContext: dial}}
	defer c.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://daemon"+route+"?to="+url.QueryEscape(to), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.Do(r)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EINVAL) {
		return errNobody
	}
	if err != nil {
		return fmt.Errorf("ask the daemon at %s: %w", home.Control(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("ask the daemon at %s: %w", home.Control(), err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon could not copy its database: %s", strings.TrimSpace(string(text)))
	}
	return nil
}
