package extras

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// units has a unit of systemd for each daemon.
//
//go:embed units/*.service
var units embed.FS

// usualBin is where a program is that a person installed.
const usualBin = "/usr/local/bin"

// BinFlag is the flag that says where the unit's program is.
func BinFlag() cli.Flag {
	return &cli.StringFlag{Name: "bin", Value: usualBin, Usage: "`DIR` in which the units find the programs"}
}

// Command is the command extras of a daemon.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "extras",
		Usage:     "write the man page, shell completion and a systemd unit",
		ArgsUsage: "DIR",
		Description: `Writes into DIR, which is made where it is not there; what has these names is
replaced:

   NAME.1                  the man page:       man ./NAME.1
   NAME.bash               completion of bash: source NAME.bash
   _NAME                   of zsh:             copy it to a directory of $fpath
   NAME.fish               of fish:            copy it to ~/.config/fish/completions
   assay-NAME.service      a systemd unit, for /etc/systemd/system; its head says
                           what the machine needs first

NAME is the program's. assay extras writes dashboards and alerts.`,
		Flags:  []cli.Flag{BinFlag()},
		Action: func(c *cli.Context) error { return Write(c, "assay-"+c.App.Name+".service", nil) },
	}
}

// Write writes into the directory that is the command's only argument, and prints
// what it wrote. unit names a unit of units; more are further files by name.
func Write(c *cli.Context, unit string, more map[string][]byte) error {
	if c.NArg() != 1 {
		return usage.Mistake(fmt.Errorf("extras takes one directory, not %d; give one, such as: %s extras out", c.NArg(), c.App.Name))
	}
	bin := c.String("bin")
	if !filepath.IsAbs(bin) || strings.ContainsAny(bin, " \t\n%\\\"'") {
		return usage.Mistake(fmt.Errorf("--bin %q is no absolute path of plain letters, as systemd wants; give one such as %s", bin, usualBin))
	}
	files, err := pages(c.App)
	if err != nil {
		return err
	}
	text, err := units.ReadFile("units/" + unit)
	if err != nil {
		return err
	}
	files[unit] = []byte(strings.ReplaceAll(string(text), usualBin+"/", filepath.Clean(bin)+"/"))
	maps.Copy(files, more)
	dir := c.Args().First()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var failed error
	paths := make([]string, 0, len(files))
	for name, text := range files {
		path := filepath.Join(dir, name)
		failed = errors.Join(failed, os.WriteFile(path, text, 0o644))
		paths = append(paths, path)
	}
	if failed != nil {
		return failed
	}
	slices.Sort(paths)
	_, err = fmt.Fprintln(c.App.Writer, strings.Join(paths, "\n"))
	return err
}

// pages returns the man page and the completions of a program.
func pages(app *cli.App) (map[string][]byte, error) {
	man, err := app.ToManWithSection(1)
	if err != nil {
		return nil, fmt.Errorf("write the man page: %w", err)
	}
	fish, err := app.ToFishCompletion()
	if err != nil {
		return nil, fmt.Errorf("write fish's completion: %w", err)
	}
	name := app.Name
	return map[string][]byte{
		name + ".1":    []byte(man),
		name + ".fish": []byte(fish),
		name + ".bash": []byte(strings.ReplaceAll(bash, "NAME", name)),
		"_" + name:     []byte(strings.ReplaceAll(zsh, "NAME", name)),
	}, nil
}

// Both ask the program itself what can come next: it prints one word a line.
const (
	bash = `# Completion of NAME in bash.
_NAME() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  local -a words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  [[ $cur == -* ]] && words+=("$cur")
  mapfile -t COMPREPLY < <(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$cur")
}
complete -o bashdefault -o default -F _NAME NAME
`
	zsh = `#compdef NAME
# Completion of NAME in zsh.
local -a line next
line=("${(@)words[1,CURRENT-1]}")
[[ $PREFIX == -* ]] && line+=("$PREFIX")
next=("${(@f)$("${line[@]}" --generate-bash-completion 2>/dev/null)}")
next=("${(@)next%%:*}")
if [[ -n ${next[1]} ]]; then compadd -a next; else _files; fi
`
)
