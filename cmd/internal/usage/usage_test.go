package usage_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// waiting returns a program whose command open signals itself, waits until it
// is told to stop, and returns what stopped returns.
func waiting(signal syscall.Signal, stopped func(error) error) *cli.App {
	open := &cli.Command{Name: "open", Action: func(c *cli.Context) error {
		if err := syscall.Kill(syscall.Getpid(), signal); err != nil {
			return err
		}
		<-c.Done()
		return stopped(c.Err())
	}}
	return usage.App("x", "", "", open)
}

// TestASignalIsOneWordAndAStatus: whoever interrupts a command that is still
// opening its files reads no "context canceled", and a script sees which signal
// it was, as in a shell.
func TestASignalIsOneWordAndAStatus(t *testing.T) {
	as := func(format string) func(error) error {
		return func(err error) error { return fmt.Errorf(format, err) }
	}
	for _, c := range []struct {
		signal syscall.Signal
		format string
		want   string
		status int
	}{
		{syscall.SIGINT, "%w", "interrupted", 130},
		{syscall.SIGTERM, "%w", "interrupted", 143},
		{syscall.SIGINT, "look: interrupted: %w", "look: interrupted", 130},
		{syscall.SIGINT, "ask for a passphrase: %w", "ask for a passphrase: interrupted", 130},
	} {
		err := usage.Run(waiting(c.signal, as(c.format)), []string{"x", "open"})
		if err == nil || usage.Line(err) != c.want || usage.Status(err) != c.status {
			t.Errorf("%s: got %v and status %d, want %q and %d", c.signal, err, usage.Status(err), c.want, c.status)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v is no %v", err, context.Canceled)
		}
	}
}

// TestWhatStopsCleanlyWasNotInterrupted: a daemon that is told to stop, and
// does, has done what it was asked for.
func TestWhatStopsCleanlyWasNotInterrupted(t *testing.T) {
	clean := func(error) error { return nil }
	if err := usage.Run(waiting(syscall.SIGTERM, clean), []string{"x", "open"}); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	broken := errors.New("the disk is full")
	err := usage.Run(waiting(syscall.SIGTERM, func(error) error { return broken }), []string{"x", "open"})
	if !errors.Is(err, broken) || usage.Status(err) != 1 {
		t.Errorf("got %v and status %d, want %v and 1", err, usage.Status(err), broken)
	}
}

func TestStatusIsThatOfTheError(t *testing.T) {
	plain := errors.New("plain")
	two := usage.WithStatus(plain, 2)
	for _, c := range []struct {
		err  error
		want int
	}{{nil, 0}, {plain, 1}, {two, 2}, {fmt.Errorf("wrapped: %w", two), 2}, {usage.WithStatus(nil, 2), 0}} {
		if got := usage.Status(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
	if !errors.Is(two, plain) || two.Error() != "plain" {
		t.Errorf("got %v, want plain", two)
	}
}

// program has a command run with a flag and a group with two commands.
func program() *cli.App {
	nothing := func(*cli.Context) error { return nil }
	run := &cli.Command{Name: "run", Usage: "go", Action: nothing, Flags: []cli.Flag{&cli.BoolFlag{Name: "listen"}, &cli.BoolFlag{Name: "q"}}}
	return usage.Finish(&cli.App{
		Name: "x", Flags: []cli.Flag{&cli.StringFlag{Name: "home"}},
		Commands: append(usage.WithoutArguments([]*cli.Command{run}), &cli.Command{
			Name: "tx", Usage: "send",
			Subcommands: usage.WithoutArguments([]*cli.Command{
				{Name: "transfer", Usage: "move tokens", Action: nothing}, {Name: "register", Usage: "buy a seat", Action: nothing},
			}),
		}),
	})
}

// invoke runs a line and returns what it printed.
func invoke(line string) (string, error) {
	var out strings.Builder
	app := program()
	app.Writer, app.ErrWriter = &out, &out
	err := app.Run(strings.Split(line, " "))
	return out.String(), err
}

func TestMistakesInTheCommandLineAreOneLineWithAHint(t *testing.T) {
	for line, want := range map[string]string{
		"x rum":             `there is no command "rum"; did you mean x run? x --help lists the commands`,
		"x rnu":             `there is no command "rnu"; did you mean x run? x --help lists the commands`,
		"x ru":              `there is no command "ru"; did you mean x run? x --help lists the commands`,
		"x walk":            `there is no command "walk"; x --help lists the commands`,
		"x r":               `there is no command "r"; x --help lists the commands`,
		"x tx transfre":     `there is no command "transfre"; did you mean x tx transfer? x tx --help lists the commands`,
		"x tx reg":          `there is no command "reg"; did you mean x tx register? x tx --help lists the commands`,
		"x tx run":          `there is no command "run"; x tx --help lists the commands`,
		"x run --fast":      "flag provided but not defined: -fast; x run --help lists the flags",
		"x run --lisen":     "flag provided but not defined: -lisen; did you mean --listen? x run --help lists the flags",
		"x run --home y":    "flag provided but not defined: -home; x run --help lists the flags",
		"x run --listen=no": `invalid boolean value "no" for -listen: parse error; x run --help lists the flags`,
		"x run away":        `x run takes no argument "away"; flags begin with --`,
		"x --fast":          "flag provided but not defined: -fast; x --help lists the flags",
		"x --hom y":         "flag provided but not defined: -hom; did you mean --home? x --help lists the flags",
		"x run away\nnow":   `x run takes no argument "away\nnow"; flags begin with --`,
		"x help rum":        `there is no command "rum"; did you mean x run? x --help lists the commands`,
		"x help tx away":    `there is no command "away"; x tx --help lists the commands`,
		"x tx help trnsfer": `there is no command "trnsfer"; did you mean x tx transfer? x tx --help lists the commands`,
	} {
		out, err := invoke(line)
		if err == nil || usage.Line(err) != want || out != "" {
			t.Errorf("%q: got %v and printed %q, want %q", line, err, out, want)
		}
	}
	if _, err := invoke("x " + strings.Repeat("run", 1<<16)); err == nil {
		t.Error("a long word is a command")
	}
}

// TestAllWaysToAskForHelpAreEqual: "help tx" once left out what can be done
// with tx.
func TestAllWaysToAskForHelpAreEqual(t *testing.T) {
	for want, lines := range map[string][]string{
		"x --help":             {"x", "x help", "x h"},
		"x tx --help":          {"x tx", "x help tx", "x h tx", "x tx help", "x tx -h"},
		"x tx transfer --help": {"x help tx transfer", "x tx help transfer", "x tx transfer -h"},
	} {
		wanted, err := invoke(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if got, err := invoke(line); err != nil || got != wanted {
				t.Errorf("%q: got %v and\n%s\nwant\n%s", line, err, got, wanted)
			}
		}
	}
	if got, err := invoke("x help tx"); err != nil || !strings.Contains(got, "transfer  move tokens") || !strings.Contains(got, "register  buy a seat") {
		t.Errorf("got %v and %s, want both commands of the group", err, got)
	}
}

func TestErrorsSpeakToPeople(t *testing.T) {
	for text, want := range map[string]string{
		"two\n  lines":           "two lines",
		"keystore: wrong phrase": "wrong phrase",
		"open key a/b: keystore: no such key; make one":          "open key a/b: no such key; make one",
		"refused in block 46: ledger: ErrNoSeat: it has no seat": "refused in block 46: no seat: it has no seat",
		"ErrBadNonce":                    "bad nonce",
		"gossip: listen: gossip: in use": "listen: in use",
		"store: a: store: b":             "a: b",
		"read public key: damaged":       "read public key: damaged",
		"keystore.go and Error: kept":    "keystore.go and Error: kept",
	} {
		if got := usage.Line(errors.New(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestTheNamesOfAllPackagesAreKnown: an error of a new package must not come
// out with its name.
func TestTheNamesOfAllPackagesAreKnown(t *testing.T) {
	sentinel := regexp.MustCompile(`errors\.New\("([a-z0-9]+): `)
	var names []string
	for _, top := range []string{"protocol", "engine", "scoring", "miner", "validator", "cmd"} {
		err := filepath.WalkDir(filepath.Join("../../..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range sentinel.FindAllStringSubmatch(string(b), -1) {
				names = append(names, m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) < 20 {
		t.Fatalf("found only %v: is the source elsewhere?", names)
	}
	slices.Sort(names)
	tests := []string{"liar", "protocoltest", "storetest"} // whose errors no program prints
	for _, name := range slices.Compact(names) {
		if got := usage.Plain(name + ": x"); got != "x" && !slices.Contains(tests, name) {
			t.Errorf("%q is printed as it is; add the package to those in line.go", name+": x")
		}
	}
}

func TestAMistakeHasAStatusOfItsOwn(t *testing.T) {
	for line, want := range map[string]int{
		"x run": 0, "x run --fast": 2, "x run --lisen": 2, "x run --listen=no": 2, "x rum": 2, "x walk": 2, "x run away": 2, "x --fast": 2, "x tx transfre": 2,
	} {
		if _, err := invoke(line); usage.Status(err) != want {
			t.Errorf("%q: status %d of %v, want %d", line, usage.Status(err), err, want)
		}
	}
}

// TestADaemonsMistakeIsOneOfSettings: what a unit must not start again has the
// status of sysexits.h, and what the machine refused has another.
func TestADaemonsMistakeIsOneOfSettings(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{{usage.Mistake(errors.New("no home")), 78}, {errors.New("port taken"), 1}, {usage.WithStatus(errors.New("more"), 3), 3}, {nil, 0}} {
		app := usage.App("x", "", "", &cli.Command{Name: "run", Action: usage.Daemon(func(*cli.Context) error { return c.err })})
		if err := usage.Run(app, []string{"x", "run"}); usage.Status(err) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v: got %v with status %d, want %d", c.err, err, usage.Status(err), c.want)
		}
		if err := usage.Run(app, []string{"x", "run", "--none"}); usage.Status(err) != 2 {
			t.Errorf("a wrong flag: got %v with status %d, want 2", err, usage.Status(err))
		}
	}
}

func TestTroubleOfTheMachineIsNoMistake(t *testing.T) {
	file := func(no syscall.Errno) error {
		return fmt.Errorf("read settings: %w", &fs.PathError{Op: "open", Path: "x", Err: no})
	}
	for no, want := range map[syscall.Errno]int{
		syscall.ENOSPC: 1, syscall.EIO: 1, syscall.EMFILE: 1, syscall.ENOMEM: 1, syscall.EROFS: 1, syscall.ENOENT: 2, syscall.EACCES: 2, syscall.ENOTDIR: 2,
	} {
		if err := usage.Mistake(file(no)); usage.Status(err) != want || !errors.Is(err, no) {
			t.Errorf("status %d of %v, want %d", usage.Status(err), err, want)
		}
	}
	if err := usage.Mistake(nil); err != nil {
		t.Errorf("got %v of nothing", err)
	}
}
