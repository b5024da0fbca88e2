package devnet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// startPatience is how long nodes may take from start to first block.
const startPatience = 90 * time.Second

// launch starts everybody but the late miner and waits for the first block.
func (n *network) launch(ctx context.Context, sup *process.Group, say *teller) error {
	if n.resumed {
		say.plain("the network of " + n.dir + " goes on")
	}
	say.plain(fmt.Sprintf("chain %s: %d validators, %d miners, each a process with its own keys and database in %s", protocol.ShortChainID(n.genesis.ChainID()), len(n.validators), len(n.miners), n.dir))
	for _, a := range n.actors() {
		if !a.role.answers() || a.hasHome() {
			continue
		}
		if err := n.initHome(ctx, a); err != nil {
			return err
		}
	}
	tell := &narrator{net: n, say: say}
	for i, a := range n.validators {
		log := filepath.Join(n.dir, "log", a.name+".log")
		from := written(log) // what ran here before has told that
		if err := n.startValidator(sup, a); err != nil {
			return err
		}
		go follow(ctx, log, from, func(m map[string]any) { tell.line(i, m) })
	}
	for _, a := range n.miners {
		if a.role != roleLate && !a.role.rates() {
			if err := n.startMiner(sup, a); err != nil {
				return err
			}
		}
	}
	if err := n.startReaders(sup); err != nil {
		return err
	}
	deadline := time.After(startPatience)
	for {
		var s api.Status
		if err := n.validators[0].api.get(ctx, "/v1/status", &s); err == nil && s.Height >= 1 {
			say.restart()
			say.printf("block %-4d the validators agree; an epoch is %d blocks of about %d s", s.Height, n.params.Schedule.Tempo, (n.params.Block.CommitMillis+999)/1000)
			return nil
		}
		if err := sup.Failed(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return errors.New("no block within " + startPatience.String() + "; see the logs in " + filepath.Join(n.dir, "log"))
		case <-time.After(pollEvery):
		}
	}
}

// initHome writes a node's home as an operator would.
func (n *network) initHome(ctx context.Context, a *actor) error {
	program := n.bin.miner
	if a.role == roleValidator {
		program = n.bin.validator
	}
	boot, err := n.bootstraps()
	if err != nil {
		return err
	}
	args := []string{"init", "--home", a.home, "--genesis", n.genesisPath()}
	for _, b := range boot {
		args = append(args, "--bootstrap", b)
	}
	_, err = process.Call(ctx, program, args...)
	return err
}

// runArgs are the flags that both daemons take.
func (n *network) runArgs(a *actor) []string {
	return []string{
		"run", "--home", a.home, "--model", n.model, "--insecure-no-passphrase",
		"--listen", a.listen(), "--http-listen", fmt.Sprintf("127.0.0.1:%d", a.http),
		"--threads", "1", "--nice", "10", "--log-format", "json",
	}
}

func (n *network) startValidator(sup *process.Group, a *actor) error {
	args := append(n.runArgs(a), "--consensus-listen", fmt.Sprintf("127.0.0.1:%d", a.consensus))
	if a == n.validators[0] {
		args = append(args, "--log-level", "debug") // it tells of all seats
	}
	p, err := sup.Start(a.name, n.bin.validator, args...)
	a.proc = p
	return err
}

func (n *network) startMiner(sup *process.Group, a *actor) error {
	program, args := n.bin.miner, n.runArgs(a)
	if a.role.cheats() {
		program = n.bin.liar
		var err error
		if args, err = n.cheatArgs(a); err != nil {
			return err
		}
	}
	p, err := sup.Start(a.name, program, args...)
	a.proc = p
	return err
}

// startReaders starts the process of all that rate pairs, where there are any.
func (n *network) startReaders(sup *process.Group) error {
	homes := map[role][]string{}
	var all []*actor
	for _, a := range n.miners {
		if a.role.rates() {
			all = append(all, a)
			homes[a.role] = append(homes[a.role], a.home)
		}
	}
	if len(all) == 0 {
		return nil
	}
	boot, err := n.bootstraps()
	if err != nil {
		return err
	}
	p, err := sup.Start("readers", n.bin.readers,
		"-honest", strings.Join(homes[roleReader], ","), "-longer", strings.Join(homes[roleLonger], ","),
		"-genesis", n.genesisPath(), "-bootstrap", strings.Join(boot, ","))
	for _, a := range all {
		a.proc = p
	}
	return err
}

// cheatArgs are the flags of scripts/adversary/liar.
func (n *network) cheatArgs(a *actor) ([]string, error) {
	boot, err := n.bootstraps()
	if err != nil {
		return nil, err
	}
	lie := "copier"
	if a.role == roleAltered {
		lie = "altered"
	}
	return []string{
		"-lie", lie, "-home", a.home, "-genesis", n.genesisPath(), "-model", n.model,
		"-listen", a.listen(), "-bootstrap", strings.Join(boot, ","),
	}, nil
}

// bootstraps are the addresses of all validators.
func (n *network) bootstraps() ([]string, error) {
	var all []string
	for _, v := range n.validators {
		b, err := v.bootstrap(n.genesis)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// joinLate registers the late miner on the ledger and starts it.
func (n *network) joinLate(ctx context.Context, sup *process.Group, say *teller) error {
	for _, a := range n.miners {
		if a.role != roleLate {
			continue
		}
		_, err := process.Call(ctx, n.bin.assay, "tx", "register", "--node", n.validators[0].api.url,
			"--keys", filepath.Join(a.home, "keys"), "--insecure-no-passphrase", "--hotkey", a.hotkey.PublicKey().String(), "--no-wait", "--yes")
		if err != nil {
			return err
		}
		if err := n.putUp(ctx, a); err != nil {
			return err
		}
		say.printf("register   %s asks for a seat with a transaction on the ledger", a.name)
		if err := n.startMiner(sup, a); err != nil {
			return err
		}
	}
	return nil
}

// putUp has the collateral of an actor's seat follow its registration.
func (n *network) putUp(ctx context.Context, a *actor) error {
	_, err := process.Call(ctx, n.bin.assay, "tx", "collateral", "--node", n.validators[0].api.url, "--keys", filepath.Join(a.home, "keys"),
		"--insecure-no-passphrase", "--hotkey", a.hotkey.PublicKey().String(), "--amount", collateral.String(), "--no-wait", "--yes")
	return err
}
