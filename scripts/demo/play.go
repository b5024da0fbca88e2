package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assaynet/assay/protocol"
)

// When things happen, by height: epochs have 20 blocks.
const (
	registerAt = 12 // in epoch 0: the late miner is asked from epoch 1 on
	killAt     = 50 // in the middle of epoch 2, while answers are judged
	restartAt  = 56
)

// startPatience is how long nodes may take from start to first block.
const startPatience = 90 * time.Second

// playDemo runs the whole story and decides how it ended.
func playDemo(ctx context.Context, o *options, net *network, sup *supervisor, say *teller) error {
	if err := net.launch(ctx, sup, say); err != nil {
		return err
	}
	d := &demo{o: o, net: net, sup: sup, say: say, judged: -1}
	for {
		done, err := d.tick(ctx)
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// demo is the state of the story.
type demo struct {
	o   *options
	net *network
	sup *supervisor
	say *teller

	registered bool
	killed     bool
	back       protocol.Height // height at which the victim was started again
	judged     int64           // last epoch that was judged
	held       int             // epochs in a row that held
	last       *verdictOf
}

// tick looks at the network once and does what is due.
func (d *demo) tick(ctx context.Context) (bool, error) {
	if p := d.sup.dead(); p != nil {
		return false, fmt.Errorf("%s ended by itself: %w; see %s", p.name, p.err, p.log)
	}
	var s status
	if err := d.net.validators[0].api.get(ctx, "/v1/status", &s); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, fmt.Errorf("%s: %w", d.net.validators[0].name, err)
	}
	if err := d.act(ctx, s.Height); err != nil {
		return false, err
	}
	if err := d.conclude(ctx, s.Height); err != nil {
		return false, err
	}
	over := d.say.since() > d.o.limit
	if d.held < holdFor && !over {
		return false, nil
	}
	return true, d.finish(ctx, over)
}

// act does what the story has at this height.
func (d *demo) act(ctx context.Context, h protocol.Height) error {
	if h >= registerAt && !d.registered {
		d.registered = true
		if err := d.net.joinLate(ctx, d.sup, d.say); err != nil {
			return err
		}
	}
	v := d.net.victim()
	if h >= killAt && !d.killed {
		d.killed = true
		d.sup.kill(v.proc)
		d.say.printf("crash      %s was killed with SIGKILL at block %d; three of four go on", v.name, h)
	}
	if h >= restartAt && d.killed && d.back == 0 {
		d.back = h
		d.say.printf("restart    %s starts again from its database at block %d", v.name, h)
		return d.net.startValidator(d.sup, v)
	}
	return nil
}

// conclude judges each epoch once, a block after its end.
func (d *demo) conclude(ctx context.Context, h protocol.Height) error {
	sched := d.net.params.Schedule
	e := int64(sched.EpochOf(h)) - 1
	if e <= d.judged || h < sched.EpochEnd(protocol.Epoch(e))+2 {
		return nil
	}
	v, err := d.net.judge(ctx, protocol.Epoch(e), d.back)
	if err != nil {
		if d.killed && d.back == 0 || ctx.Err() != nil {
			return ctx.Err() // the victim is down: judged when it is back
		}
		d.say.printf("check      epoch %d: cannot tell yet: %v", e, err)
		return nil
	}
	d.judged, d.last = e, v
	if len(v.fails) == 0 {
		d.held++
		d.say.printf("check      epoch %d: all conditions hold (%d of %d epochs); state %.16s… on all validators at block %d", e, d.held, holdFor, v.hash, v.height)
		return nil
	}
	d.held = 0
	d.say.printf("check      epoch %d: not yet: %s", e, v.fails[0])
	return nil
}

// finish prints the table, checks a receipt and says how it ended.
func (d *demo) finish(ctx context.Context, over bool) error {
	if err := d.net.table(ctx, d.say); err != nil {
		return err
	}
	if err := d.net.speeds(ctx, d.say); err != nil {
		return err
	}
	var fails []string
	if d.last == nil {
		fails = append(fails, "no epoch could be judged")
	} else {
		fails = append(fails, d.last.fails...)
	}
	if over && d.held < holdFor && len(fails) == 0 {
		fails = append(fails, fmt.Sprintf("the conditions held for %d epochs in a row, not %d, within %s", d.held, holdFor, d.o.limit))
	}
	if err := d.net.checkReceipt(ctx, d.say); err != nil {
		fails = append(fails, "receipt: "+err.Error())
	}
	took := d.say.since().Round(time.Second)
	d.sup.stopAll()
	if len(fails) > 0 {
		return fmt.Errorf("failed after %s:\n  %s\nlogs are in %s", took, strings.Join(fails, "\n  "), filepath.Join(d.net.dir, "log"))
	}
	d.say.plain(fmt.Sprintf("\nall conditions held for %d epochs, %s after the first block; keys, databases and logs are in %s", holdFor, took, d.net.dir))
	return nil
}

// launch starts everybody but the late miner and waits for the first block.
func (n *network) launch(ctx context.Context, sup *supervisor, say *teller) error {
	say.plain(fmt.Sprintf("chain %s: %d validators, %d miners, each a process with its own keys and database in %s", n.genesis.ChainID(), len(n.validators), len(n.miners), n.dir))
	if err := n.alterModel(); err != nil {
		return err
	}
	for _, a := range n.actors() {
		if a.role.cheats() {
			continue
		}
		if err := n.initHome(ctx, a); err != nil {
			return err
		}
	}
	tell := &narrator{net: n, say: say}
	for i, a := range n.validators {
		if err := n.startValidator(sup, a); err != nil {
			return err
		}
		go follow(ctx, filepath.Join(n.dir, "log", a.name+".log"), func(m map[string]any) { tell.line(i, m) })
	}
	for _, a := range n.miners {
		if a.role != roleLate {
			if err := n.startMiner(sup, a); err != nil {
				return err
			}
		}
	}
	deadline := time.After(startPatience)
	for {
		var s status
		if err := n.validators[0].api.get(ctx, "/v1/status", &s); err == nil && s.Height >= 1 {
			say.restart()
			say.printf("block 1    the validators agree; an epoch is %d blocks of about %d s", n.params.Schedule.Tempo, (n.params.Block.CommitMillis+999)/1000)
			return nil
		}
		if p := sup.dead(); p != nil {
			return fmt.Errorf("%s ended by itself: %w; see %s", p.name, p.err, p.log)
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
	program := "miner"
	if a.role == roleValidator {
		program = "validator"
	}
	args := []string{"init", "--home", a.home, "--genesis", n.genesisPath()}
	for _, v := range n.validators {
		b, err := v.bootstrap()
		if err != nil {
			return err
		}
		args = append(args, "--bootstrap", b)
	}
	_, err := call(ctx, filepath.Join(n.bin, program), args...)
	return err
}

// runArgs are the flags that both daemons take.
func (n *network) runArgs(a *actor, model string) []string {
	return []string{
		"run", "--home", a.home, "--model", model, "--insecure-no-passphrase",
		"--listen", a.listen(), "--http-listen", fmt.Sprintf("127.0.0.1:%d", a.http),
		"--threads", "1", "--nice", "10", "--log-format", "json",
	}
}

func (n *network) startValidator(sup *supervisor, a *actor) error {
	args := append(n.runArgs(a, n.model), "--consensus-listen", fmt.Sprintf("127.0.0.1:%d", a.consensus))
	p, err := sup.start(a.name, filepath.Join(n.bin, "validator"), args...)
	a.proc = p
	return err
}

func (n *network) startMiner(sup *supervisor, a *actor) error {
	program, args := "miner", n.runArgs(a, n.model)
	if a.role.cheats() {
		program = "adversary"
		var err error
		if args, err = n.cheatArgs(a); err != nil {
			return err
		}
	}
	p, err := sup.start(a.name, filepath.Join(n.bin, program), args...)
	a.proc = p
	return err
}

// cheatArgs are the flags of scripts/demo/adversary.
func (n *network) cheatArgs(a *actor) ([]string, error) {
	var boot []string
	for _, v := range n.validators {
		b, err := v.bootstrap()
		if err != nil {
			return nil, err
		}
		boot = append(boot, b)
	}
	lie, model := "copier", n.model
	if a.role == roleAltered {
		lie, model = "altered", n.alteredPath()
	}
	return []string{
		"-lie", lie, "-home", a.home, "-genesis", n.genesisPath(), "-model", model,
		"-listen", a.listen(), "-bootstrap", strings.Join(boot, ","),
	}, nil
}

// joinLate registers the late miner on the ledger and starts it.
func (n *network) joinLate(ctx context.Context, sup *supervisor, say *teller) error {
	for _, a := range n.miners {
		if a.role != roleLate {
			continue
		}
		_, err := call(ctx, filepath.Join(n.bin, "assay"), "tx", "register", "--node", n.validators[0].api.url,
			"--keys", filepath.Join(a.home, "keys"), "--insecure-no-passphrase", "--hotkey", a.hotkey.PublicKey().String(), "--no-wait")
		if err != nil {
			return err
		}
		say.printf("register   %s asks for a seat with a transaction on the ledger", a.name)
		if err := n.startMiner(sup, a); err != nil {
			return err
		}
	}
	return nil
}

func (n *network) alteredPath() string { return filepath.Join(n.dir, "altered.gguf") }

// writeReceipt stores a receipt for assay verify.
func (n *network) writeReceipt(b []byte) (string, error) {
	path := filepath.Join(n.dir, "receipt.json")
	return path, os.WriteFile(path, b, 0o600)
}
