package devnet

import (
	"context"
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

// process is one running program and its log file.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when the process has ended
	err  error         // set before done is closed
}

// supervisor starts processes and ends all of them.
type supervisor struct {
	dir string

	mu      sync.Mutex
	running []*process
	spawn   chan func() // served by one locked thread: Pdeathsig follows the thread that forks
}

func newSupervisor(dir string) *supervisor {
	s := &supervisor{dir: dir, spawn: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range s.spawn {
			f()
		}
	}()
	return s
}

// start runs a program in the background. Its output goes to dir/log/name.log.
// It gets its own process group, so that Ctrl-C reaches us alone and we end
// everything in order; it dies with us however we die.
func (s *supervisor) start(name, path string, args ...string) (*process, error) {
	logPath := filepath.Join(s.dir, "log", name+".log")
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = out.Close() }() // the process has its own
	cmd := exec.Command(path, args...) //nolint:noctx // it is ended in order by stopAll, not by a context
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{name: name, cmd: cmd, log: logPath, done: make(chan struct{})}
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

// kill ends one process with SIGKILL, as a crash would.
func (s *supervisor) kill(p *process) {
	_ = p.cmd.Process.Kill()
	<-p.done
	s.forget(p)
}

func (s *supervisor) forget(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(q *process) bool { return q == p })
}

// failed returns an error when a process ended by itself, nil while all run.
func (s *supervisor) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended by itself: %w; see %s", p.name, p.err, p.log)
		default:
		}
	}
	return nil
}

// stopAll asks every process to end, waits, and kills what stays. It may be
// called more than once.
func (s *supervisor) stopAll() {
	s.mu.Lock()
	procs := s.running
	s.running = nil
	s.mu.Unlock()
	for _, p := range procs {
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

// call runs a program to its end and returns what it printed.
func call(ctx context.Context, path string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.Output()
	if err != nil {
		detail := ""
		if ee, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns it unwrapped
			detail = ": " + string(ee.Stderr)
		}
		return out, fmt.Errorf("%s %s: %w%s", filepath.Base(path), args[0], err, detail)
	}
	return out, nil
}
