package usage_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// TestASignalBeforeTheStartIsOneWord: whoever interrupts a command that is
// still opening its files reads no "context canceled".
func TestASignalBeforeTheStartIsOneWord(t *testing.T) {
	open := &cli.Command{Name: "open", Action: func(c *cli.Context) error {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			return err
		}
		<-c.Done()
		return c.Err()
	}}
	app := usage.App("x", "", "", open)
	if err := usage.Run(app, []string{"x", "open"}); err == nil || err.Error() != "interrupted" {
		t.Errorf("got %v, want interrupted", err)
	}
}

func TestMistakesInTheCommandLineAreOneLineWithAHint(t *testing.T) {
	run := &cli.Command{Name: "run", Action: func(*cli.Context) error { return nil }}
	for args, want := range map[string]string{
		"x rum":           `there is no command "rum"; x --help lists the commands`,
		"x run --fast":    "flag provided but not defined: -fast; x run --help lists the flags",
		"x run away":      `x run takes no argument "away"; flags begin with --`,
		"x --fast":        "flag provided but not defined: -fast; x --help lists the flags",
		"x run away\nnow": `x run takes no argument "away\nnow"; flags begin with --`,
	} {
		var out strings.Builder
		app := usage.App("x", "", "", run)
		app.Writer, app.ErrWriter = &out, &out
		err := app.Run(strings.SplitN(args, " ", 3))
		if err == nil || usage.Line(err) != want || out.Len() > 0 {
			t.Errorf("%q: got %q and printed %q, want %q", args, err, out.String(), want)
		}
	}
	if got := usage.Line(errors.New("two\n  lines")); got != "two lines" {
		t.Errorf("got %q", got)
	}
}
