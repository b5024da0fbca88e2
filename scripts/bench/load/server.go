package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long a server may take.
const (
	openTimeout = 2 * time.Minute
	stopTimeout = 10 * time.Second
)

// server is the process of one.
type server struct {
	url  string
	cmd  *exec.Cmd
	said bytes.Buffer // read once it has ended
	done chan error
}

// startOurs starts assay serve over models, with more flags where there are any.
func startOurs(ctx context.Context, program string, threads int, models []string, more ...string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--listen", address, "--threads", strconv.Itoa(threads), "--log-level", "warn"}
	for _, m := range models {
		args = append(args, "--model", m)
	}
	return start(ctx, address, program, append(args, more...))
}

// startTheirs starts llama.cpp's server with a slot for each client, each with
// room for a prompt and an answer, continuous batching and flash attention, and
// without the copies of prompts that it else keeps in memory.
func startTheirs(ctx context.Context, dir string, threads int, model string, slots, room int) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n := strconv.Itoa(threads)
	return start(ctx, address, filepath.Join(dir, "llama-server"), []string{
		"-m", model, "--host", host, "--port", port, "-t", n, "-tb", n, "-fa", "on", "-cb",
		"-np", strconv.Itoa(slots), "-c", strconv.Itoa(slots * room), "--cache-ram", "0", "--no-webui",
	})
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start starts a server and waits until it is there.
func start(ctx context.Context, address, program string, args []string) (*server, error) {
	s := &server{url: "http://" + address, cmd: exec.CommandContext(ctx, program, args...), done: make(chan error, 1)}
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.done <- s.cmd.Wait() }()
	for end := time.Now().Add(openTimeout); time.Now().Before(end); {
		select {
		case err := <-s.done:
			return nil, fmt.Errorf("%s ended: %w\n%s", program, err, s.said.Bytes())
		case <-time.After(50 * time.Millisecond):
		}
		if status, _, err := s.get(ctx, "/health"); err == nil && status == http.StatusOK {
			return s, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s was not there after %v", program, openTimeout), s.stop())
}

// stop ends the server as Ctrl-C does.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-s.done:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(errors.New("the server did not stop"), s.cmd.Process.Kill())
	}
}

// get asks for a path.
func (s *server) get(ctx context.Context, path string) (status int, body []byte, err error) {
	return s.do(ctx, http.MethodGet, path, "")
}

// do asks for a path and reads the answer whole.
func (s *server) do(ctx context.Context, method, path, ask string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(ask))
	if err != nil {
		return 0, nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(answer.Body)
	return answer.StatusCode, b.Bytes(), errors.Join(err, answer.Body.Close())
}

// memory is how many bytes the process holds that are no pages of a file.
func (s *server) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(l, "RssAnon:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("the system does not say how much memory a process has")
}
