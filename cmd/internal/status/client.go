package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
)

const (
	// patience is how long a busy daemon may take to answer.
	patience = 5 * time.Second
	// maxAnswer bounds what is read of an answer, which has about 1,000 bytes.
	maxAnswer = 1 << 20
)

// Report is what a daemon says of itself: what people are shown. The rest of
// the answer is in Raw.
type Report struct {
	ChainID    string             `json:"chain_id"`
	Role       config.Role        `json:"role"`
	Version    string             `json:"version"`
	Height     protocol.Height    `json:"height"`
	Epoch      protocol.Epoch     `json:"epoch"`
	Round      protocol.Round     `json:"round"`
	BlockTime  time.Time          `json:"block_time"`
	AppHash    string             `json:"app_hash"`
	CatchingUp bool               `json:"catching_up"`
	Peers      int                `json:"peers"`
	ModelIDs   []protocol.ModelID `json:"model_ids"`
	Reasons    []string           `json:"reasons"`

	Raw json.RawMessage `json:"-"`
}

// Ask asks the daemon of a home. It returns [config.ErrNotRunning] when nothing
// answers there, or something else does.
func Ask(ctx context.Context, home config.Home, c *config.Config) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at := home.URL(c)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/v1/status", nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", at, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, askError(at, c.Role, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, askError(at, c.Role, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; another program listens there: see http.listen in %s", at, resp.Status, home.Config())
	}
	r := &Report{Raw: body}
	if err := json.Unmarshal(body, r); err != nil {
		return nil, fmt.Errorf("%s does not answer as a %s does (%w); see http.listen in %s", at, c.Role, err, home.Config())
	}
	if r.Role != c.Role {
		return nil, fmt.Errorf("%w: at %s answers a %s of %s; see http.listen in %s", config.ErrNotRunning, at, r.Role, r.ChainID, home.Config())
	}
	return r, nil
}

// askError says in plain words that nobody answers.
func askError(at string, role config.Role, err error) error {
	var u *url.Error
	var n *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nothing answers at %s; start it with: %s run", config.ErrNotRunning, at, role)
	case errors.As(err, &u) && u.Timeout():
		return fmt.Errorf("no answer from %s within %s; the machine may be overloaded, try again", at, patience)
	case errors.As(err, &n):
		return fmt.Errorf("ask %s: %w", at, n.Err)
	}
	return fmt.Errorf("ask %s: %w", at, err)
}
