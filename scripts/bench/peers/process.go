package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that ran to its end.
type process struct {
	output []byte // standard output
	wall   time.Duration
	peak   int64 // most bytes of memory that are no pages of a file, as sampled
	rss    int64 // most bytes of memory in all
}

// samplePeriod is how often a process's memory is looked at: often enough for
// programs that live a second, and a look takes some 20 µs.
const samplePeriod = 10 * time.Millisecond

// runProcess runs a program and watches its memory.
func runProcess(ctx context.Context, program string, args []string) (process, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return process{}, fmt.Errorf("run %s: %w", program, err)
	}
	over := make(chan struct{})
	peak := make(chan int64)
	go func() { peak <- watchMemory(cmd.Process.Pid, over) }()
	err := cmd.Wait()
	p := process{wall: time.Since(began)}
	close(over)
	p.peak = <-peak
	p.output = out.Bytes()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.rss = u.Maxrss << 10 // Linux counts in KiB
	}
	if err != nil {
		const shown = 2000 // bytes of what it said last
		said := errs.Bytes()
		return p, fmt.Errorf("run %s %s: %w\n%s", program, strings.Join(args, " "), err, said[max(0, len(said)-shown):])
	}
	return p, nil
}

// watchMemory returns the most memory that a process has beside pages of files,
// until over is closed.
func watchMemory(pid int, over <-chan struct{}) (peak int64) {
	tick := time.NewTicker(samplePeriod)
	defer tick.Stop()
	path := filepath.Join("/proc", strconv.Itoa(pid), "status")
	for {
		select {
		case <-over:
			return peak
		case <-tick.C:
		}
		if status, err := os.ReadFile(path); err == nil {
			peak = max(peak, anonymous(status))
		}
	}
}

// anonymous adds up the bytes that a /proc/PID/status counts as belonging to no
// file.
func anonymous(status []byte) (bytes int64) {
	for l := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(l, ":")
		if name != "RssAnon" && name != "RssShmem" {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		if err == nil {
			bytes += kib << 10
		}
	}
	return bytes
}

// disturbance is how much of the machine others had while we measured, in parts
// of one.
type disturbance struct {
	others float64 // other processes
	stolen float64 // the hypervisor, for other machines
}

func (d disturbance) sum() float64 { return d.others + d.stolen }

// watcher remembers where the machine's clocks stood.
type watcher struct{ busy, stolen, all, own float64 }

func watchMachine() watcher {
	busy, stolen, all, err := machineTimes()
	if err != nil {
		return watcher{}
	}
	return watcher{busy, stolen, all, ownTime()}
}

// end returns what happened since; nothing where the system does not tell.
func (w watcher) end() disturbance {
	n := watchMachine()
	all := n.all - w.all
	if all <= 0 {
		return disturbance{}
	}
	return disturbance{others: max(0, n.busy-w.busy-(n.own-w.own)) / all, stolen: (n.stolen - w.stolen) / all}
}

// idle looks at the machine for a second and tells whether nobody else used it.
func idle(ctx context.Context) bool {
	watch := watchMachine()
	select {
	case <-ctx.Done():
		return true // what follows ends with ctx
	case <-time.After(time.Second):
	}
	d := watch.end()
	return d.sum() <= tooMuch
}

// machineTimes reads the first line of /proc/stat: seconds of all processors
// since the start.
func machineTimes() (busy, stolen, all float64, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0, 0, 0, errors.New("/proc/stat has an unknown form")
	}
	for i, f := range fields[1:9] { // user nice system idle iowait irq softirq steal
		ticks, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, 0, 0, err
		}
		seconds := ticks / 100 // USER_HZ, the same on every Linux port that we run on
		all += seconds
		switch i {
		case 3, 4: // nothing to do
		case 7:
			stolen += seconds
		default:
			busy += seconds
		}
	}
	return busy, stolen, all, nil
}

// ownTime is the processor time of this process and of the children that have
// ended, in seconds.
func ownTime() (seconds float64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			seconds += time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
		}
	}
	return seconds
}
