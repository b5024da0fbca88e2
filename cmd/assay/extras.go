package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/dashboard"
	"github.com/assaynet/assay/cmd/internal/usage"
)

func extrasCommand() *cli.Command {
	return &cli.Command{
		Name:      "extras",
		Usage:     "write the man page, shell completion, a systemd unit, Grafana dashboards and alerts",
		ArgsUsage: "DIR",
		Description: `Writes into DIR, which is made where it is not there; what has these names is
replaced:

   assay.1                 the man page:       man ./assay.1
   assay.bash              completion of bash: source assay.bash
                           of zsh:             autoload -U bashcompinit && bashcompinit && source assay.bash
   assay.fish              of fish:            copy it to ~/.config/fish/completions
   assay-serve.service     a systemd unit of assay serve, for /etc/systemd/system
   assay-serve.json        a dashboard of what assay serve tells Prometheus, for
                           Grafana's Dashboards, New, Import
   assay-validator.json    the same of validators
   assay-miner.json        the same of miners
   assay-alerts.yml        rules that wake an operator, for Prometheus' rule_files`,
		Action: writeExtras,
	}
}

// bashCompletion asks the program itself what can come next.
const bashCompletion = `# Completion of assay in bash.
_assay() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  local -a words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  [[ $cur == -* ]] && words+=("$cur")
  mapfile -t COMPREPLY < <(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$cur")
}
complete -o bashdefault -o default -F _assay assay
`

// serveUnit runs assay serve as a user of its own that can write nothing but its
// state. GPUs stay in reach.
const serveUnit = `[Unit]
Description=Assay's model server
Documentation=man:assay(1)
After=network.target

[Service]
# Models are the GGUF files in /var/lib/assay/models.
ExecStart=/usr/local/bin/assay serve --model /var/lib/assay/models --log-format json
DynamicUser=yes
StateDirectory=assay
CacheDirectory=assay
Environment=XDG_CACHE_HOME=%C/assay
KillSignal=SIGINT
TimeoutStopSec=15
Restart=on-failure
RestartSec=2
LimitNOFILE=8192
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateTmp=yes
RestrictSUIDSGID=yes
LockPersonality=yes

[Install]
WantedBy=multi-user.target
`

func writeExtras(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage.Mistake(withHint(fmt.Errorf("extras takes one directory, not %d", c.NArg()), "give one, such as: assay extras out"))
	}
	dir := c.Args().First()
	man, err := c.App.ToManWithSection(1)
	if err != nil {
		return fmt.Errorf("write the man page: %w", err)
	}
	fish, err := c.App.ToFishCompletion()
	if err != nil {
		return fmt.Errorf("write fish's completion: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{
		"assay.1": []byte(man), "assay.bash": []byte(bashCompletion), "assay.fish": []byte(fish),
		"assay-serve.service": []byte(serveUnit), "assay-serve.json": dashboard.JSON(),
		"assay-validator.json": dashboard.Validator(), "assay-miner.json": dashboard.Miner(), "assay-alerts.yml": dashboard.Alerts(),
	}
	var failed error
	for name, text := range files {
		failed = errors.Join(failed, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	if failed != nil {
		return failed
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, filepath.Join(dir, name))
	}
	slices.Sort(names)
	for _, name := range names {
		if _, err := fmt.Fprintln(c.App.Writer, name); err != nil {
			return err
		}
	}
	return nil
}
