package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
)

const (
	// patience is how long a busy daemon may take to answer.
	patience = 15 * time.Second
	// maxAnswer bounds what is read of an answer, which has about 1,000 bytes.
	maxAnswer = 1 << 20
)

// Report is what a daemon says of itself.
type Report struct {
	api.Status
	Raw json.RawMessage // as it came
	// Label is HOST:PORT of the page on which a person rates pairs, "" of a daemon
	// without one.
	Label string
	Home  string // the home whose daemon it is, "" of another's
}

// ErrOther says that another home's daemon answers at the address of this
// home's. It is a [config.ErrNotRunning], too.
var ErrOther = errors.New("another daemon has the address")

// Ask asks the daemon of a home. It returns [config.ErrNotRunning] when nothing
// answers there, or something else does: [ErrOther], for a daemon of the role.
func Ask(ctx context.Context, home config.Home, c *config.Config) (*Report, error) {
	at := home.URL(c)
	r, err := AskAt(ctx, at, c.Role)
	if err != nil {
		return nil, err
	}
	if why := r.notOf(home); why != "" {
		return nil, fmt.Errorf("%w: %w: at %s answers %s that is not of %s: %s; stop it, or choose another --http-listen for one of the two",
			config.ErrNotRunning, ErrOther, at, withArticle(r.Role), home, why)
	}
	return r, nil
}

// AskAt asks whichever daemon of a role answers at a URL. It returns
// [config.ErrNotRunning] when nothing answers there, or the other role does.
func AskAt(ctx context.Context, at string, role config.Role) (*Report, error) {
	const see = "see http.listen in config.toml, or --http-listen"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/v1/status", nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", at, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, askError(at, role, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, askError(at, role, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; another program listens there: %s", at, resp.Status, see)
	}
	r := &Report{Raw: body}
	if err := json.Unmarshal(body, &r.Status); err != nil {
		return nil, fmt.Errorf("%s does not answer as a %s does (%w); %s", at, role, err, see)
	}
	if !isOf(r.Role, role) {
		return nil, fmt.Errorf("%w: at %s answers %s of %s; %s", config.ErrNotRunning, at, withArticle(r.Role), r.ChainID, see)
	}
	return r, nil
}

// isOf reports whether a daemon that calls itself so runs on a home of the role:
// an observer's home is a validator's.
func isOf(said string, role config.Role) bool {
	return config.Role(said) == role || role == config.Validator && said == api.RoleObserver
}

func withArticle(role string) string {
	if role == api.RoleObserver {
		return "an " + role
	}
	return "a " + role
}

// notOf says in words why a report is not that of a home's daemon, "" if it is:
// by the chain, by the hotkey, and, for a home that was copied, by when the
// process began, which it wrote down. What cannot be read tells nothing.
func (r *Report) notOf(home config.Home) string {
	if g, err := home.ReadGenesis(); err == nil && r.ChainID != protocol.ShortChainID(g.ChainID()) {
		return "it is of chain " + r.ChainID
	}
	copied := ""
	if keys, err := keystore.New(keystore.Config{Dir: home.Keys()}); err == nil && r.Hotkey != "" {
		own, err := keys.Public("hotkey")
		switch {
		case err == nil && r.Hotkey != own.String():
			return "its hotkey is " + r.Hotkey
		case err == nil:
			copied = ", and has the same hotkey: one home is a copy of the other"
		}
	}
	if r.Started.IsZero() {
		return ""
	}
	run, err := home.ReadRunning()
	switch {
	case errors.Is(err, config.ErrNotRunning):
		return "it began at " + stamp(r.Started) + " while none runs on this home" + copied
	case err == nil && !run.Started.Equal(r.Started):
		return "it began at " + stamp(r.Started) + ", this home's at " + stamp(run.Started) + copied
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// askError says in plain words that nobody answers.
func askError(at string, role config.Role, err error) error {
	var slow net.Error
	var n *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nothing answers at %s; start it with: %s run", config.ErrNotRunning, at, role)
	case errors.As(err, &slow) && slow.Timeout(): // with its first byte, or a later one
		return fmt.Errorf("no answer from %s within %s; the machine may be overloaded, try again", at, patience)
	case errors.As(err, &n):
		return fmt.Errorf("ask %s: %w", at, n.Err)
	}
	return fmt.Errorf("ask %s: %w", at, err)
}
