// Package status asks a running daemon what it does and why it earns nothing:
// the command status of both.
package status

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference"
)

// Command returns the command status of a role.
func Command(role config.Role) *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show what the running daemon does, and why it earns nothing",
		Description: fmt.Sprintf(`Asks the %[1]s of the home, at the address that it wrote down when it started,
or, with --http-listen, whichever %[1]s answers there. Heights and rounds are
numbers of the ledger; below the table stands why the seat earns nothing, or
less than it could, the first reason first, or that nothing is amiss.

It exits with 1 when the %[1]s does not run.`, role),
		Flags: []cli.Flag{
			config.HomeFlag(role),
			&cli.StringFlag{Name: "http-listen", EnvVars: []string{"ASSAY_HTTP_LISTEN"}, Usage: "HOST:PORT to ask (default: where the daemon of the home listens)"},
			&cli.BoolFlag{Name: "json", Usage: "print the daemon's own answer, one JSON object", DisableDefaultText: true},
		},
		Action: func(c *cli.Context) error { return show(c, role) },
	}
}

func show(c *cli.Context, role config.Role) error {
	home, cfg, err := config.Load(c, role)
	if err != nil {
		return err
	}
	r, err := asked(c, home, cfg)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		_, err := fmt.Fprintf(c.App.Writer, "%s\n", strings.TrimSpace(string(r.Raw)))
		return err
	}
	if run, err := home.ReadRunning(); err == nil && r.notOf(home) == "" {
		r.Label = run.Label
	}
	if r.notOf(home) == "" {
		r.Home = string(home)
	}
	return r.Print(c.App.Writer, time.Now())
}

// asked asks the daemon that the command line means. An address that was given
// is asked, whoever answers there; what does not fit the home is told.
func asked(c *cli.Context, home config.Home, cfg *config.Config) (*Report, error) {
	given, own := config.URL(cfg.HTTP.Listen), home.URL(cfg)
	if c.String("http-listen") == "" || strings.HasSuffix(given, ":0") {
		return Ask(c.Context, home, cfg)
	}
	r, err := AskAt(c.Context, given, cfg.Role)
	if err != nil {
		if _, e := Ask(c.Context, home, cfg); e == nil && own != given {
			return nil, fmt.Errorf("%w; the %s of %s answers at %s: leave --http-listen out", err, cfg.Role, home, own)
		}
		return nil, err
	}
	if why := r.notOf(home); why != "" {
		_, err = fmt.Fprintf(c.App.ErrWriter, "note: at %s answers another %s than that of %s: %s\n", given, cfg.Role, home, why)
	}
	return r, err
}

// KindWords names a kind of work for a person, with its lane where it has one.
func KindWords(k protocol.Kind) string {
	switch k {
	case preference.Kind:
		return string(k) + " (people's lane)"
	case judgement.Kind:
		return string(k) + " (engine's lane of preference)"
	}
	return string(k)
}

// reachable says in words whether peers can dial a node.
func reachable(r string) string {
	switch gossip.Reachability(r) {
	case gossip.ReachPublic:
		return "yes: peers dial this node"
	case gossip.ReachPrivate:
		return "no: peers cannot dial this node, so that it dials; a forwarded port belongs in node.announce"
	}
	return "unknown: no peer on the internet has tried"
}

// seatRows adds what a miner's seat does and earns.
func (r *Report) seatRows(row func(name, format string, args ...any)) {
	s := r.Seat
	asked := "not asked"
	if s.Asked {
		asked = s.Phase
	}
	row("seat", "%d, registered at %d: %s", s.UID, s.Registered, asked)
	row("rounds", "%d in time, %d late in the last %d epochs", s.InTime, s.Late, s.Epochs)
	row("answers", "cards: %d exact, %d false; %d not given, %d failed", s.Exact, s.False, s.NotGiven, s.Failed)
	for i := len(s.Pays) - 1; i >= 0; i-- {
		p := &s.Pays[i]
		line := earning.Short(p.Paid)
		if p.Change != "" {
			line += ", " + p.Change
		}
		causes := make([]string, len(p.Causes))
		for k, c := range p.Causes {
			causes[k] = c.Text
		}
		if len(causes) > 0 {
			line += ": " + strings.Join(causes, "; ")
		}
		row(fmt.Sprintf("paid in epoch %d", p.Epoch), "%s", line)
	}
	if s.NextHeight > r.Height {
		row("next", "%s in %d blocks", s.Next, s.NextHeight-r.Height)
	}
}

// Print shows a report to a person, in one write.
func (r *Report) Print(out io.Writer, now time.Time) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, name+"\t"+format+"\n", args...) // into memory
	}
	row("chain", "%s", r.ChainID)
	row("role", "%s", r.Role)
	if r.Hotkey != "" {
		row("hotkey", "%s", r.Hotkey)
	}
	if r.Version != "" {
		row("version", "%s", r.Version)
	}
	height := "%d"
	switch {
	case r.CatchingUp && r.Target > r.Height:
		height += fmt.Sprintf(" (catching up, to %d)", r.Target)
	case r.CatchingUp:
		height += " (catching up)"
	}
	row("height", height, r.Height)
	row("epoch, round", "%d, %d", r.Epoch, r.Round)
	if !r.BlockTime.IsZero() {
		row("last block", "%s ago", now.Sub(r.BlockTime).Round(100*time.Millisecond))
	}
	row("peers", "%d", r.Peers)
	if r.Reachability != "" {
		row("reachable", "%s", reachable(r.Reachability))
	}
	if r.Relayed > 0 {
		row("over a relay", "%d more, for requests alone", r.Relayed)
	}
	for _, id := range r.ModelIDs {
		row("model", "%s", id)
	}
	for _, k := range r.Kinds {
		row("offers", "%s", KindWords(k))
	}
	if r.Home != "" {
		row("home", "%s", r.Home)
	}
	if r.Seat != nil {
		r.seatRows(row)
	}
	if r.Label != "" {
		row("people's lane", "this seat rates pairs, on the page at %s: miner label prints its address, and what is left", r.Label)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteString("\n")
	if len(r.Reasons) == 0 {
		b.WriteString("- it earns; nothing is amiss\n") // a daemon that knows of anything has a reason
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "- %s\n", reason)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
