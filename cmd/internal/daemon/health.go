package daemon

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/assaynet/assay/protocol/gossip"
)

// The bounds of the clock, in either direction: a block's time is agreed on by
// the validators, and consensus bears a few seconds.
const (
	ClockAhead = 3 * time.Second  // by which a block may be from the future
	ClockStale = 60 * time.Second // for which no block may come: longer than any round takes
)

// The bounds of the disk. A network as large as the shipped ones writes some
// ten megabytes an hour before what is old is pruned.
const (
	DiskLeast = 256 << 20 // free bytes below which a daemon may stop at any moment
	DiskGood  = 2 << 30   // free bytes for some days
)

// Free returns how many bytes a user may still write where dir is.
func Free(dir string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("space of %s: %w", dir, err)
	}
	return fs.Bavail * uint64(fs.Bsize), nil
}

// Size says bytes in words.
func Size(n uint64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// Vitals are what a node of either kind knows of itself.
type Vitals struct {
	CatchingUp bool
	Deaf       []gossip.Topic // that nobody passes on
	OtherChain string         // of the bootstrap peers, in words, where none of this one is connected
	Elsewhere  bool           // another process seems to use the identity
	BlockTime  time.Time      // of the newest block; zero if none came since the start
}

// Foreign begins the fault of a daemon whose peers are of another network.
const Foreign = "the bootstrap peers are of another network than this home, "

// Look says what keeps this daemon from its work, and what may do so before
// long, whatever its role.
func (d *Daemon) Look(v Vitals, now time.Time) (faults, warnings []string) {
	free, err := Free(string(d.Home))
	if err != nil {
		warnings = append(warnings, err.Error())
		free = DiskGood
	}
	f, w := v.look(now, d.Started, free)
	return f, append(warnings, w...)
}

// look is Look with what it finds on the machine.
func (v *Vitals) look(now, started time.Time, free uint64) (faults, warnings []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	since := now.Sub(v.BlockTime)
	if v.BlockTime.IsZero() {
		since = now.Sub(started)
	}
	switch {
	case v.CatchingUp:
	case since > ClockStale:
		fault("no new block for %s: the network stands still, this node is cut off from it, or the clock is fast; look with doctor", since.Round(time.Second))
	case since < -ClockAhead:
		fault("the clock is %s behind the newest block: set it (timedatectl set-ntp true)", (-since).Round(time.Second))
	}
	if v.OtherChain != "" {
		fault("%s%s: take genesis.json and the bootstrap addresses of one network, in a new home; a devnet that was begun anew is another network, and goes on with make devnet DIR=…", Foreign, v.OtherChain)
	}
	if len(v.Deaf) > 0 {
		names := make([]string, len(v.Deaf))
		for i, t := range v.Deaf {
			names[i] = string(t)
		}
		fault("peers are connected, but none passes on what is said about %s; the node connects anew by itself, if it lasts for minutes start it again", strings.Join(names, ", "))
	}
	switch {
	case free < DiskLeast:
		fault("%s free on the disk of the home, less than %s: free some space", Size(free), Size(DiskLeast))
	case free < DiskGood:
		warnings = append(warnings, fmt.Sprintf("%s free on the disk of the home, less than %s: free some space soon", Size(free), Size(DiskGood)))
	}
	if v.Elsewhere {
		warnings = append(warnings, "this node's identity seems to be in use elsewhere: if its home was copied and runs on another machine, too, stop one of them, for neither is heard well")
	}
	return faults, warnings
}
