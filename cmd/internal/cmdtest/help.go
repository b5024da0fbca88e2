package cmdtest

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// CheckHelp looks at the help of all commands of a program: each says what it
// is for, and each flag what it means and, at most once, what it is by default.
func CheckHelp(t *testing.T, app *cli.App) {
	t.Helper()
	checkFlags(t, app.Name, app.Flags)
	checkCommands(t, app.Name, app.Commands)
}

func checkCommands(t *testing.T, path string, commands []*cli.Command) {
	t.Helper()
	for _, c := range commands {
		name := path + " " + c.Name
		if c.Usage == "" {
			t.Errorf("%s does not say what it is for", name)
		}
		checkFlags(t, name, c.Flags)
		checkCommands(t, name, c.Subcommands)
	}
}

func checkFlags(t *testing.T, command string, flags []cli.Flag) {
	t.Helper()
	for _, f := range flags {
		text := f.String()
		_, usage, _ := strings.Cut(text, "\t")
		if strings.HasPrefix(strings.TrimSpace(usage), "(") || usage == "" {
			t.Errorf("%s: %q has no text", command, text)
		}
		if strings.Count(text, "(default") > 1 {
			t.Errorf("%s: %q gives two defaults", command, text)
		}
		if _, def, ok := strings.Cut(text, "(default:"); ok && strings.TrimSpace(strings.SplitN(def, ")", 2)[0]) == "" {
			t.Errorf("%s: %q gives an empty default", command, text)
		}
	}
}
