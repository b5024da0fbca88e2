package network

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// stopPatience is how long a process may take to end after SIGTERM.
const stopPatience = 10 * time.Second

// process is one running program.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // set before done is closed
}

// processes starts programs and ends all of them.
type processes struct {
	logs string

	mu      sync.Mutex
	running []*process
	spawn   chan func() // served by one locked thread: Pdeathsig follows the thread that forks
}

func newProcesses(logs string) *processes {
	s := &processes{logs: logs, spawn: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range s.spawn {
			f()
		}
	}()
	return s
}

// start runs a program in the background, in a process group of its own; it dies
// with us however we die. Its output goes to logs/name.log.
func (s *processes) start(name, path string, args ...string) (*process, error) {
	out, err := os.OpenFile(filepath.Join(s.logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = out.Close() }() // the process has its own
	cmd := exec.Command(path, args...) //nolint:noctx // it is ended in order by stopAll, not by a context
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	s.spawn <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s.mu.Lock()
	s.running = append(s.running, p)
	s.mu.Unlock()
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// kill ends one process with SIGKILL.
func (s *processes) kill(p *process) {
	_ = p.cmd.Process.Kill()
	<-p.done
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(q *process) bool { return q == p })
}

func (s *processes) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended by itself: %w; see %s", p.name, p.err, filepath.Join(s.logs, p.name+".log"))
		default:
		}
	}
	return nil
}

// stopAll asks every process to end, waits, and kills what stays.
func (s *processes) stopAll() {
	s.mu.Lock()
	procs := s.running
	s.running = nil
	s.mu.Unlock()
	for _, p := range procs {
		_ = p.cmd.Process.Signal(syscall.SIGCONT) // it may be frozen
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	late := time.After(stopPatience)
	for _, p := range procs {
		select {
		case <-p.done:
		case <-late:
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	}
}

// call runs a program to its end.
func call(ctx context.Context, path string, args ...string) error {
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(path), args[0], err, out)
	}
	return nil
}

// The range from which ports are taken: below the kernel's for outgoing
// connections, so that nobody is handed one of ours between choice and use.
const (
	portsFrom  = 12_000
	portsTo    = 32_000
	portsTries = 2_000
)

// freePorts returns n ports of loopback that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range portsTries {
		if len(ports) == n {
			return ports, nil
		}
		var b [2]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		port := portsFrom + int(binary.BigEndian.Uint16(b[:]))%(portsTo-portsFrom)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)) //nolint:noctx // it does not wait
		if err != nil {
			continue
		}
		held, ports = append(held, l), append(ports, port)
	}
	return nil, fmt.Errorf("found %d of %d free ports on loopback between %d and %d", len(ports), n, portsFrom, portsTo)
}
