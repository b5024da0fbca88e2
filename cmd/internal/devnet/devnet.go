package devnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/assaynet/assay/cmd/process"
)

// Config says which network to run.
type Config struct {
	// Model is the path of the network's model.
	Model string
	// Dir gets keys, databases and logs. It is empty or absent, or has a network that
	// ran there before, which goes on; "" makes a
	// directory for temporary files, which is removed after a clean end unless
	// Keep is set.
	Dir  string
	Keep bool
	// Cheats seats two miners that cheat; it needs the program liar.
	Cheats bool
	// Story plays what the package comment says, and ends.
	Story bool
	// Limit is the longest that a story may take after the first block.
	Limit time.Duration
	// Out gets what happens, one line each.
	Out io.Writer
	// Up is called once, when there is a block; nil for nothing.
	Up func(*Address) error
}

// Run runs a network until ctx is done or, with Story, the story is over. All
// its processes have ended when it returns; they die with this process however
// that dies. It returns nil for a network that was stopped and for a story that
// ended well, ctx's error for a story that was broken off, and [ErrProgram],
// [ErrDir] or what went wrong. What went wrong leaves the directory, with its logs.
func Run(ctx context.Context, c Config) error {
	// A terminal that is closed wants what Ctrl-C wants.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	bin, err := findPrograms(c.Cheats, c.Story)
	if err != nil {
		return err
	}
	dir, err := makeDir(c.Dir)
	if err != nil {
		return err
	}
	net, err := newNetwork(&c, dir, bin)
	if err != nil {
		return err
	}
	say := newTeller(c.Out)
	sup := process.New(filepath.Join(dir, "log"))
	defer sup.Stop()
	if err := net.live(ctx, &c, sup, say); err != nil && ctx.Err() == nil {
		return err
	}
	sup.Stop()
	broken := ctx.Err()
	if broken != nil {
		say.printf("stopped")
	}
	if !c.Story {
		broken = nil // it was to last until then
	}
	if c.Dir == "" && !c.Keep {
		return errors.Join(broken, os.RemoveAll(dir))
	}
	say.plain("keys, databases and logs are in " + dir)
	return broken
}

// live starts the network and plays the story, or just stays up.
func (n *network) live(ctx context.Context, c *Config, sup *process.Group, say *teller) error {
	if err := n.launch(ctx, sup, say); err != nil {
		return err
	}
	if c.Up != nil {
		at, err := n.address()
		if err != nil {
			return err
		}
		if err := c.Up(at); err != nil {
			return err
		}
	}
	if c.Story {
		s := &story{limit: c.Limit, net: n, sup: sup, say: say, judged: -1}
		return s.play(ctx)
	}
	return n.stayUp(ctx, sup, say)
}

// stayUp tells how to join, and watches the processes until ctx is done.
func (n *network) stayUp(ctx context.Context, sup *process.Group, say *teller) error {
	text, err := n.commands()
	if err != nil {
		return err
	}
	say.plain(text)
	for {
		if err := sup.Failed(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// ErrDir says that a directory is not fit for a network.
var ErrDir = errors.New("no directory for a network")

// makeDir makes the directory, whose path is absolute, so that what is printed
// holds elsewhere, too.
func makeDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "assay-devnet.")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrDir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("%w: %w", ErrDir, err)
	}
	in, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrDir, err)
	}
	if len(in) > 0 && !isKept(dir) {
		return "", fmt.Errorf("%w: %s is not empty and has no network that could go on; name another directory, or remove this one", ErrDir, dir)
	}
	return dir, nil
}
