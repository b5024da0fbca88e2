package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/protocol/task/preference"
)

// clock compares the machine's clock with what is known: the newest block if
// the daemon runs, else the network's beginning.
func (p *patient) clock(context.Context) Finding {
	now := time.Now()
	if began := time.Unix(p.genesis.Time, 0); now.Add(daemon.ClockAhead).Before(began) {
		return fail("set the clock: NTP does it by itself (timedatectl set-ntp true)",
			"it is %s here, before the network began at %s", stamp(now), stamp(began))
	}
	if p.running == nil || p.running.BlockTime.IsZero() || p.running.CatchingUp {
		return ok("%s, after the network began; with a running node it is compared with the newest block", stamp(now))
	}
	age := now.Sub(p.running.BlockTime)
	switch {
	case age < -daemon.ClockAhead:
		return fail("set the clock: NTP does it by itself (timedatectl set-ntp true)", "%s behind the newest block", (-age).Round(time.Second))
	case age > daemon.ClockStale:
		return warn("the clock is fast, or no block comes: look at the peers below, and at the clock by timedatectl", "the newest block is %s old", age.Round(time.Second))
	}
	return ok("%s, the newest block is %s old", stamp(now), age.Round(100*time.Millisecond))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// disk looks at the space where the database is.
func (p *patient) disk(context.Context) Finding {
	free, err := daemon.Free(string(p.home))
	if err != nil {
		return fail("look at the disk", "%s", err)
	}
	hint := "free some space, or move the home to a larger disk"
	switch {
	case free < daemon.DiskLeast:
		return fail(hint, "%s free, less than %s", daemon.Size(free), daemon.Size(daemon.DiskLeast))
	case free < daemon.DiskGood:
		return warn(hint, "%s free, less than %s", daemon.Size(free), daemon.Size(daemon.DiskGood))
	}
	if err := writable(p.home); err != nil {
		if hint := p.home.Hint(err); hint != "" && !errors.Is(err, os.ErrPermission) {
			return fail(hint, "%s", err)
		}
		return fail("run it as the user who owns "+string(p.home), "%s", err)
	}
	return ok("%s free", daemon.Size(free))
}

// writable tries to write in the home.
func writable(home config.Home) error {
	f, err := os.CreateTemp(string(home), ".doctor-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// dialPatience is how long an own port may take to answer.
const dialPatience = 2 * time.Second

// ports looks whether the own ports are free, or, while the daemon runs,
// whether it listens on them.
func (p *patient) ports(ctx context.Context) Finding {
	var at, bad []string
	hint := "stop the program that has the port (ss -ltnp shows it), or choose another by the flag"
	for _, a := range p.listens() {
		if strings.HasSuffix(a.at, ":0") {
			continue
		}
		at = append(at, a.at)
		if err := p.port(ctx, a.at); err != nil {
			if !errors.Is(err, syscall.EADDRINUSE) && len(bad) == 0 {
				hint = config.ListenHint(err, a.flag, a.told)
			}
			bad = append(bad, fmt.Sprintf("%s (--%s): %s", a.at, a.flag, err))
		}
	}
	switch {
	case len(bad) > 0 && p.running != nil:
		return fail("start the daemon again, or look at the firewall of this machine", "the daemon runs and does not answer at %s", strings.Join(bad, ", "))
	case len(bad) > 0:
		return fail(hint, "%s", strings.Join(bad, ", "))
	case p.running != nil:
		return ok("listening on %s; whether others get through is seen from outside only (nc -vz HOST PORT)", strings.Join(at, ", "))
	}
	return ok("%s free; let others through to all but HTTP and the label page", strings.Join(at, ", "))
}

// listen is an address to listen on, the flag that sets it, and the one that sets
// what others are told instead, "" where nobody is told.
type listen struct{ flag, at, told string }

// listens returns where the daemon listens, as HOST:PORT: while it runs, as it
// wrote down, for the settings may have changed since.
func (p *patient) listens() []listen {
	http, gossip, consensus, label := p.cfg.HTTP.Listen, p.cfg.Node.Listen, p.cfg.Consensus.Listen, ""
	if slices.Contains(p.cfg.Seat.Kinds, string(preference.Kind)) {
		label = p.cfg.Label.Listen
	}
	if r, err := p.home.ReadRunning(); err == nil && p.running != nil {
		http, gossip, consensus, label = r.HTTP, r.Gossip, r.Consensus, r.Label
	}
	out := []listen{{"http-listen", http, ""}}
	for _, a := range gossip {
		if parts := strings.Split(a, "/"); len(parts) >= 5 { // "", "ip4", host, "tcp", port, and perhaps a peer id
			out = append(out, listen{"listen", net.JoinHostPort(parts[2], parts[4]), "announce"})
		}
	}
	if p.cfg.Role == config.Validator {
		out = append(out, listen{"consensus-listen", consensus, "consensus-external"})
	}
	if label != "" {
		out = append(out, listen{"label-listen", label, ""})
	}
	return out
}

// port takes a port for a moment, or dials it while the daemon runs.
func (p *patient) port(ctx context.Context, at string) error {
	if p.running != nil {
		d := net.Dialer{Timeout: dialPatience}
		conn, err := d.DialContext(ctx, "tcp", at)
		if err != nil {
			return reason(err)
		}
		return conn.Close()
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", at)
	if err != nil {
		return reason(err)
	}
	return l.Close()
}

// reason is what the system said, without what was attempted.
func reason(err error) error {
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no
	}
	return err
}
