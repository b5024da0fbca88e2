package backup

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/usage"
)

// Command returns the command backup of a role.
func Command(role config.Role) *cli.Command {
	return &cli.Command{
		Name:      "backup",
		Usage:     "copy the database, also while the daemon runs",
		ArgsUsage: "DIR",
		Description: fmt.Sprintf(`Copies the database of the home as it is at one moment, with the settings and the
network's genesis, to DIR, which is not to be there yet and appears whole or not at
all. The %[1]s may run. On one file system files are linked, so it takes seconds
and little room; a copy elsewhere is a copy of DIR.

%[2]s

Put it back with: %[1]s restore DIR`, role, leftOutText(role)),
		Flags: []cli.Flag{config.HomeFlag(role), jsonFlag()},
		Action: func(c *cli.Context) error {
			to, err := directory(c)
			if err != nil {
				return err
			}
			home, err := config.HomeOf(c, role)
			if err != nil {
				return err
			}
			if _, err := home.Read(); err != nil {
				return usage.Mistake(err)
			}
			began := time.Now()
			stop := progress.Start(c.App.ErrWriter, func() string { return "copying, " + time.Since(began).Round(time.Second).String() })
			m, err := Make(c.Context, home, role, to)
			stop()
			if err != nil {
				return err
			}
			return report(c, m, fmt.Sprintf("%s: backup of %s", to, home), "keep it where others cannot read it: answers that are sealed lie in it")
		},
	}
}

// RestoreCommand returns the command restore of a role.
func RestoreCommand(role config.Role) *cli.Command {
	text := fmt.Sprintf(`Puts a backup into a home that has no database: a new one, or one whose data/ was
moved away. Each file is compared with its hash first. Settings that are there
stay.

%s`, leftOutText(role))
	if role == config.Validator {
		text += `

Make sure that no other node signs with the hotkey. The node fetches the blocks that
came since; and where it has no record of what it signed last, or blocks carry a
later signature, it signs nothing at the first height that it is asked for, nor while
blocks show that a copy signs.`
	}
	return &cli.Command{
		Name:        "restore",
		Usage:       "put a backup of the database back",
		ArgsUsage:   "DIR",
		Description: text,
		Flags:       []cli.Flag{config.HomeFlag(role), jsonFlag()},
		Action: func(c *cli.Context) error {
			from, err := directory(c)
			if err != nil {
				return err
			}
			home, err := config.HomeOf(c, role)
			if err != nil {
				return err
			}
			var done, of atomic.Int64
			stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("copying, %d of %d MB", done.Load()>>20, of.Load()>>20) })
			m, err := Restore(c.Context, from, home, role, func(bytes, all int64) { done.Store(bytes); of.Store(all) })
			stop()
			if err != nil {
				return err
			}
			return report(c, m, fmt.Sprintf("%s: put back from %s", home, from), fmt.Sprintf("look at it with: %s doctor --home %s", role, home))
		},
	}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print the manifest, one JSON object", DisableDefaultText: true}
}

// directory is the one argument.
func directory(c *cli.Context) (string, error) {
	if c.NArg() != 1 || c.Args().First() == "" {
		return "", usage.Mistake(fmt.Errorf("%s wants one directory, behind its flags; see --help", usage.Name(c)))
	}
	return c.Args().First(), nil
}

func leftOutText(role config.Role) string {
	return "Not in it:\n   " + strings.Join(LeftOut(role), "\n   ")
}

// report says what was done, or prints the manifest.
func report(c *cli.Context, m *Manifest, what, next string) error {
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(m)
	}
	return m.print(c.App.Writer, what, next)
}

func (m *Manifest) print(w io.Writer, what, next string) error {
	height := ""
	if m.Height > 0 {
		height = fmt.Sprintf(" at block %d", m.Height)
	}
	_, err := fmt.Fprintf(w, "%s\n%s%s, made %s, %d files, %.1f MB\nnot in it:\n", what, m.ChainID, height, m.Made.Format(time.RFC3339), len(m.Files), float64(m.Bytes())/1e6)
	for _, left := range m.LeftOut {
		if err == nil {
			_, err = fmt.Fprintf(w, "- %s\n", left)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w, next)
	}
	return err
}
