package daemon_test

import (
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/protocol/gossip"
)

// TestWhatKeepsADaemonFromItsWorkIsTold: each thing alone, and whether it is a
// fault or a warning.
func TestWhatKeepsADaemonFromItsWorkIsTold(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	began := now.Add(-time.Hour)
	fresh := now.Add(-time.Second)
	for _, c := range []struct {
		name           string
		v              daemon.Vitals
		started        time.Time
		free           uint64
		fault, warning string
	}{
		{name: "all is well", v: daemon.Vitals{BlockTime: fresh}},
		{name: "no block for long", v: daemon.Vitals{BlockTime: now.Add(-61 * time.Second)}, fault: "no new block for 1m1s"},
		{name: "no block since the start", fault: "no new block for 1h0m0s"},
		{name: "just started", started: now.Add(-59 * time.Second)},
		{name: "catching up", v: daemon.Vitals{CatchingUp: true, BlockTime: began}},
		{name: "a block from the future", v: daemon.Vitals{BlockTime: now.Add(4 * time.Second)}, fault: "the clock is 4s behind"},
		{name: "deaf", v: daemon.Vitals{BlockTime: fresh, Deaf: []gossip.Topic{"tx", "score"}}, fault: "none passes on what is said about tx, score"},
		{name: "another network's peers", v: daemon.Vitals{BlockTime: fresh, OtherChain: `chain "assay-other"`}, fault: `of another network than this home, chain "assay-other": take genesis.json`},
		{name: "a full disk", v: daemon.Vitals{BlockTime: fresh}, free: 255 << 20, fault: "255 MiB free on the disk of the home, less than 256 MiB"},
		{name: "a disk that fills", v: daemon.Vitals{BlockTime: fresh}, free: 1 << 30, warning: "1.0 GiB free on the disk of the home, less than 2.0 GiB"},
		{name: "twice", v: daemon.Vitals{BlockTime: fresh, Elsewhere: true}, warning: "identity seems to be in use elsewhere"},
	} {
		if c.started.IsZero() {
			c.started = began
		}
		if c.free == 0 {
			c.free = daemon.DiskGood
		}
		faults, warnings := daemon.LookAt(&c.v, now, c.started, c.free)
		for _, got := range []struct {
			list []string
			want string
		}{{faults, c.fault}, {warnings, c.warning}} {
			if text := strings.Join(got.list, "; "); (got.want == "") != (text == "") || len(got.list) > 1 || !strings.Contains(text, got.want) {
				t.Errorf("%s: got %q, want %q", c.name, text, got.want)
			}
		}
	}
}
