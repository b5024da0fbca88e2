package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// stopPatience is how long a process may take to end after SIGTERM: a node
// promises five seconds; nine at once on two cores get twice that.
const stopPatience = 10 * time.Second

// Process is one running program.
type Process struct {
	name string
	log  string // what it prints
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // set before done is closed
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Freeze stops the process where it is, until Thaw.
func (p *Process) Freeze() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw is the opposite of Freeze.
func (p *Process) Thaw() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// Group starts processes and ends all of them. Its methods may be called from any
// goroutine.
type Group struct {
	logs string

	mu      sync.Mutex
	running []*Process  // guarded by mu
	spawn   chan func() // served by one locked thread: Pdeathsig follows the thread that forks
}

// New returns a group whose processes print to files in a directory that exists.
func New(logs string) *Group {
	s := &Group{logs: logs, spawn: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range s.spawn {
			f()
		}
	}()
	return s
}

// Start runs a program in the background. Its output goes to name.log in the
// group's directory. It gets its own process group, so that Ctrl-C reaches us
// alone and all is ended in order; it dies with us however we die.
func (s *Group) Start(name, path string, args ...string) (*Process, error) {
	log := filepath.Join(s.logs, name+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = out.Close() }() // the process has its own
	cmd := exec.Command(path, args...) //nolint:noctx // it is ended in order by Stop, not by a context
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &Process{name: name, log: log, cmd: cmd, done: make(chan struct{})}
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

// Kill ends one process with SIGKILL, as a crash would.
func (s *Group) Kill(p *Process) {
	_ = p.cmd.Process.Kill()
	<-p.done
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(q *Process) bool { return q == p })
}

// errWell is why a process ended that ended well, and should not have.
var errWell = errors.New("exit status 0")

// Failed returns an error when a process ended by itself, nil while all run.
func (s *Group) Failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		select {
		case <-p.done:
			err := p.err
			if err == nil {
				err = errWell
			}
			return fmt.Errorf("%s ended by itself: %w; see %s", p.name, err, p.log)
		default:
		}
	}
	return nil
}

// Stop asks every process to end, frozen ones included, waits, and kills what
// stays. It may be called more than once.
func (s *Group) Stop() {
	s.mu.Lock()
	procs := s.running
	s.running = nil
	s.mu.Unlock()
	for _, p := range procs {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		_ = p.Thaw()
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

// Call runs a program to its end, in a process group of its own, and returns what
// it printed; where it fails, its errors are in the error.
func Call(ctx context.Context, path string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.Output()
	if err != nil {
		detail := ""
		if ee, ok := errors.AsType[*exec.ExitError](err); ok {
			detail = ": " + string(ee.Stderr)
		}
		what := filepath.Base(path)
		if len(args) > 0 {
			what += " " + args[0]
		}
		return out, fmt.Errorf("%s: %w%s", what, err, detail)
	}
	return out, nil
}
