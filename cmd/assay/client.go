package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/validator/source"
)

const (
	// defaultNode is where a validator on this machine answers by default.
	defaultNode = "http://" + api.DefaultListen
	envNode     = "ASSAY_NODE"
	// nodePatience is longer than a node takes for any answer.
	nodePatience = 30 * time.Second
	// maxAnswer bounds an answer: a page of 1,000 scores with 256 tasks each has
	// about 18 MB.
	maxAnswer = 32 << 20
)

// nodeFlags say whom to ask.
func nodeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "node", EnvVars: []string{envNode}, Usage: "`URL` of a node (default: " + defaultNode + ")"},
	}
}

// client asks a node, or the database of one that does not run.
type client struct {
	url     string
	http    http.Handler // nil: over the network
	stopped *source.Stopped
}

// withNode calls f with a client for the node that --node or --home names.
func withNode(c *cli.Context, f func(*client) error) (err error) {
	n, err := openNode(c)
	if err != nil {
		return err
	}
	if n.stopped != nil {
		defer func() { err = errors.Join(err, n.stopped.Close()) }()
	}
	return f(n)
}

func openNode(c *cli.Context) (*client, error) {
	home := homeFlag(c)
	if home == "" {
		return nodeOf(c)
	}
	if given := c.String("node"); given != "" && given != os.Getenv(envNode) {
		return nil, usage.Mistake(errors.New("--node and --home both say whom to ask; give one"))
	}
	return openHome(c, config.Home(home))
}

// nodeOf returns a client for --node.
func nodeOf(c *cli.Context) (*client, error) {
	given := c.String("node")
	if given == "" {
		given = defaultNode
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usage.Mistake(fmt.Errorf("--node %q is no URL; give one such as %s", abridge(given), defaultNode))
	}
	return &client{url: strings.TrimRight(given, "/")}, nil
}

// homeFlag returns --home of this command or of assay itself.
func homeFlag(c *cli.Context) string {
	for _, ctx := range c.Lineage() {
		if home := ctx.String("home"); home != "" {
			return home
		}
	}
	return ""
}

// openHome asks the daemon of a home, and reads its database if none runs.
func openHome(c *cli.Context, home config.Home) (*client, error) {
	cfg, err := home.Read()
	if err != nil {
		return nil, err
	}
	n := &client{url: home.URL(cfg)}
	_, err = status.Ask(c.Context, home, cfg) // another home's daemon may have the address
	if err == nil || !errors.Is(err, config.ErrNotRunning) {
		return n, nil // what is wrong with its answers shows at the question
	}
	g, err := home.ReadGenesis()
	if err != nil {
		return nil, err
	}
	if cfg.Role != config.Validator {
		return nil, withHint(fmt.Errorf("no %s runs on %s, and a %s keeps no ledger and no scores in its database", cfg.Role, home, cfg.Role), "start it, or ask a validator with --node")
	}
	s, err := source.Open(home.Data(), g)
	switch {
	case errors.Is(err, store.ErrMissing):
		return nil, withHint(fmt.Errorf("no node is running on %s, and there is no database", home), "start it with: validator run --home "+string(home))
	case errors.Is(err, store.ErrLocked):
		return nil, withHint(fmt.Errorf("the node of %s has its database open and does not answer at %s", home, n.url), "it is starting or stopping; try again")
	case err != nil:
		return nil, home.Explain(err, "")
	}
	h, err := api.NewHandler(s.Config(""))
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	note(c, "no node is running on %s; this is what its database has", home)
	return &client{url: "http://localhost", http: h, stopped: s}, nil
}

// get asks for path and reads the answer into v. A problem document comes back
// as an error of type *[api.Problem]: what the node does not understand of the
// question is what the command line says, so it is a mistake there.
func (n *client) get(ctx context.Context, path string, v any) error {
	err := n.ask(ctx, http.MethodGet, path, nil, v)
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusBadRequest {
		return usage.Mistake(err)
	}
	return err
}

// post sends body as JSON.
func (n *client) post(ctx context.Context, path string, body, v any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return n.ask(ctx, http.MethodPost, path, b, v)
}

func (n *client) ask(ctx context.Context, method, path string, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(ctx, nodePatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", n.url, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if api.IsLocalName(req.URL.Host) { // to compress takes longer than the bytes do
		req.Header.Set("Accept-Encoding", "identity")
	}
	status, answer, err := n.do(req)
	if err != nil {
		return n.explain(ctx, err)
	}
	if status/100 == 2 {
		if err := json.Unmarshal(answer, v); err != nil {
			return withHint(fmt.Errorf("%s does not answer as a node does: %w", n.url, err), "look at --node")
		}
		return nil
	}
	p := &api.Problem{}
	if err := json.Unmarshal(answer, p); err != nil || !strings.HasPrefix(p.Type, "urn:assay:problem:") {
		return withHint(fmt.Errorf("%s answers %d, and not as a node does", n.url, status), "another program listens there; look at --node")
	}
	return p
}

// do sends a request over the network, or to the handler in this process.
func (n *client) do(req *http.Request) (int, []byte, error) {
	if n.http != nil {
		w := &recorder{header: http.Header{}, status: http.StatusOK}
		req.RequestURI = req.URL.RequestURI()
		n.http.ServeHTTP(w, req)
		return w.status, w.body.Bytes(), nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	return resp.StatusCode, b, err
}

// explain says in plain words why nobody answers.
func (n *client) explain(ctx context.Context, err error) error {
	var op *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return withHint(fmt.Errorf("no answer from %s within %s", n.url, nodePatience), "the machine may be overloaded; try again")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nothing answers at %s; is a validator running there? start one with validator run, or say where with --node or %s", config.ErrNotRunning, n.url, envNode)
	case errors.As(err, &op) && op.Op == "dial":
		return withHint(fmt.Errorf("ask %s: %w", n.url, &notReached{op.Err}), "look at --node")
	case errors.As(err, &op):
		return withHint(fmt.Errorf("ask %s: %w", n.url, op.Err), "look at --node")
	}
	return fmt.Errorf("ask %s: %w", n.url, err)
}

// notReached says that no connection came about, so that nobody was asked.
type notReached struct{ err error }

func (e *notReached) Error() string { return e.err.Error() }

func (e *notReached) Unwrap() error { return e.err }

// recorder keeps the answer of a handler.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
