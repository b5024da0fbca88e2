// Package doctor looks at everything that a daemon needs before it needs it:
// the command doctor of both. Each check gives a line that says what was found
// and, if it is not well, what to do.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// State says how a check went.
type State string

// The states. Only fail keeps a daemon from its work.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Finding is the result of one check.
type Finding struct {
	Check  string `json:"check"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"` // what to do
}

func ok(detail string, args ...any) Finding {
	return Finding{State: OK, Detail: fmt.Sprintf(detail, args...)}
}

func warn(hint, detail string, args ...any) Finding {
	return Finding{State: Warn, Hint: hint, Detail: fmt.Sprintf(detail, args...)}
}

func fail(hint, detail string, args ...any) Finding {
	return Finding{State: Fail, Hint: hint, Detail: fmt.Sprintf(detail, args...)}
}

// failed makes a finding of an error whose text, after its semicolon, is a hint.
func failed(err error) Finding {
	detail, hint, _ := strings.Cut(usage.Line(err), "; ")
	return Finding{State: Fail, Detail: detail, Hint: hint}
}

// ErrIll says that a check failed.
var ErrIll = errors.New("not everything is well; see the lines marked fail")

// Command returns the command doctor of a role.
func Command(role config.Role) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check clock, ports, disk, keys, model, device, peers and the seat on the ledger",
		Description: fmt.Sprintf(`Checks what the %[1]s needs, running or not, and changes nothing. Each line
says ok, warn or fail, what was found, and what to do about it. It takes the
flags of "%[1]s run", so that it checks what that would use.

While the %[1]s of the home runs, it says how that does its work. Otherwise it
dials the bootstrap peers and asks them, with proofs, what the ledger says of
the hotkey; what cannot be checked is never ok.

It exits with 1 when a check fails.`, role),
		Flags: append([]cli.Flag{
			config.HomeFlag(role), keyflags.Insecure(),
			&cli.BoolFlag{Name: "json", Usage: `print one JSON object: {"ok", "checks": [{"check", "state", "detail", "hint"}]}`, DisableDefaultText: true},
		}, config.Flags(role, true)...),
		Action: func(c *cli.Context) error { return examine(c, role) },
	}
}

// patient is what is looked at.
type patient struct {
	c       *cli.Context
	home    config.Home
	cfg     *config.Config
	genesis *ledger.Genesis
	running *status.Report // nil when the daemon does not run
	self    string         // the own peer id, once the key is open
	hotkey  protocol.PublicKey
	proven  *Finding // what peers said of the seat, nil if none was asked
}

func examine(c *cli.Context, role config.Role) error {
	home, cfg, err := config.Load(c, role)
	if err != nil {
		return err
	}
	p := &patient{c: c, home: home, cfg: cfg}
	if p.genesis, err = home.ReadGenesis(); err != nil {
		return err
	}
	findings := []Finding{named("home", ok("%s, of chain %s", home, protocol.ShortChainID(p.genesis.ChainID())))}
	for _, check := range []struct {
		name string
		look func(context.Context) Finding
	}{
		{"daemon", p.daemon}, // first: others depend on whether it runs
		{"clock", p.clock},
		{"disk", p.disk},
		{"database", p.database},
		{"key", p.key},
		{"model", p.model},
		{"device", p.device},
		{"ports", p.ports},
		{"peers", p.peers},
		{"seat", p.seat}, // after peers, who are asked about it
		{"work", p.work},
	} {
		findings = append(findings, named(check.name, check.look(c.Context)))
		if err := c.Err(); err != nil {
			return fmt.Errorf("interrupted: %w", err)
		}
	}
	return report(c.App.Writer, findings, c.Bool("json"))
}

func named(name string, f Finding) Finding {
	f.Check = name
	return f
}

// daemon says whether the daemon runs, which is neither good nor bad.
func (p *patient) daemon(ctx context.Context) Finding {
	at, set := p.home.URL(p.cfg), config.URL(p.cfg.HTTP.Listen)
	r, err := status.Ask(ctx, p.home, p.cfg)
	switch {
	case errors.Is(err, status.ErrOther):
		return failed(err)
	case errors.Is(err, config.ErrNotRunning):
		if r, err := status.AskAt(ctx, set, p.cfg.Role); at != set && err == nil {
			return fail("stop it, or choose another --http-listen for one of the two",
				"not running, and at %s answers another home's %s of chain %s, hotkey %s", set, r.Role, r.ChainID, r.Hotkey)
		}
		return ok("not running")
	case err != nil:
		f := failed(err)
		f.State = Warn
		return f
	}
	p.running = r
	if p.c.String("http-listen") != "" && at != set && !strings.HasSuffix(set, ":0") {
		return warn("start it again with that, or leave --http-listen out", "running at %s, height %d; not at %s, which --http-listen says", at, r.Height, set)
	}
	return ok("running at %s, height %d", at, r.Height)
}

// report prints the findings and returns [ErrIll] if one is a failure.
func report(out io.Writer, findings []Finding, asJSON bool) error {
	well := true
	for _, f := range findings {
		well = well && f.State != Fail
	}
	if err := write(out, findings, well, asJSON); err != nil {
		return err
	}
	if !well {
		return ErrIll
	}
	return nil
}

func write(out io.Writer, findings []Finding, well, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(struct {
			OK     bool      `json:"ok"`
			Checks []Finding `json:"checks"`
		}{well, findings})
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", f.State, f.Check, f.Detail) // into memory
		if f.Hint != "" {
			_, _ = fmt.Fprintf(w, "\t\t→ %s\n", f.Hint)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}
