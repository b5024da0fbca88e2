package usage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// Main runs the program with the process's arguments, prints its error, and
// exits with the [Status] of it.
func Main(app *cli.App) {
	err := Run(app, os.Args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", app.Name, Line(err))
	}
	os.Exit(Status(err))
}

// Run runs the program with its arguments until it ends or is told to by SIGINT
// or SIGTERM. A second signal ends the process at once. What a signal broke off
// gives an error of the type *[Interrupted].
func Run(app *cli.App, args []string) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1) // one: the first counts
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals) // from now on, signals have their usual effect
			cancel(&Interrupted{signal: s})
		case <-ctx.Done():
		}
	}()
	err := app.RunContext(ctx, args)
	stop := (*Interrupted)(nil)
	if errors.As(context.Cause(ctx), &stop) && errors.Is(err, context.Canceled) {
		return &Interrupted{signal: stop.signal, err: err}
	}
	return err
}

// Interrupted says that a signal ended a command before it was done. It is
// [context.Canceled] to [errors.Is].
type Interrupted struct {
	signal os.Signal
	err    error // what the command said, nil for nothing
}

// Error returns what was broken off, where the command said it.
func (e *Interrupted) Error() string {
	if e.err == nil {
		return "interrupted"
	}
	text := strings.ReplaceAll(e.err.Error(), context.Canceled.Error(), "interrupted")
	return strings.ReplaceAll(text, "interrupted: interrupted", "interrupted")
}

// Unwrap returns what the command said.
func (e *Interrupted) Unwrap() error { return e.err }

// Is makes it a [context.Canceled].
func (e *Interrupted) Is(target error) bool { return target == context.Canceled }

// Status returns the exit status of a program that ended with err: 0 for nil;
// 128 and the signal's number for [Interrupted], as shells count; what was given
// to [WithStatus]; else 1.
func Status(err error) int {
	if err == nil {
		return 0
	}
	if stop := (*Interrupted)(nil); errors.As(err, &stop) {
		if s, ok := stop.signal.(syscall.Signal); ok {
			return 128 + int(s)
		}
	}
	if s := (*statusError)(nil); errors.As(err, &s) {
		return s.status
	}
	return 1
}

// WithStatus returns err with the exit status that it is to give, 2 to 125; nil
// for nil.
func WithStatus(err error, status int) error {
	if err == nil {
		return nil
	}
	return &statusError{err, status}
}

// Mistake returns err, which may be nil, as a mistake of what a person set,
// which trying again does not mend: its exit status is 2, so that what starts a
// daemon again can leave it be. What the system refused is none, unless a path
// or a right is wrong: it may be gone the next time.
func Mistake(err error) error {
	if no, ok := errors.AsType[syscall.Errno](err); ok && !slices.Contains(lasting, no) {
		return err
	}
	return WithStatus(err, mistake)
}

// mistake is the exit status of a mistake in the command line.
const mistake = 2

// settings is the exit status of a daemon that is set wrongly: EX_CONFIG of
// sysexits.h, which units of systemd name in RestartPreventExitStatus.
const settings = 78

// Daemon returns an action whose mistakes are of what it is set to, and not of the
// line that a person typed: they give the exit status 78.
func Daemon(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		err := action(c)
		if Status(err) == mistake {
			return WithStatus(err, settings)
		}
		return err
	}
}

// lasting are what the system refuses until somebody mends a path or a right.
var lasting = []syscall.Errno{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EACCES, syscall.EPERM}

type statusError struct {
	error
	status int
}

func (e *statusError) Unwrap() error { return e.error }
