package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/scoring/yuma/scenario"
)

// maxEpochScenario bounds a scenario's file: a network of 4,096 seats with the
// weights of 64 validators for a dozen epochs.
const maxEpochScenario = 64 << 20

func simulateCommand() *cli.Command {
	return &cli.Command{
		Name:      "simulate",
		Usage:     "run epochs of a scenario with the code that pays the network",
		ArgsUsage: "FILE|NAME",
		Description: `Runs what validators run at the end of an epoch on a state that a file
describes, and shows for every epoch what each seat would get. FILE is JSON of the
schema yuma-epoch/1: setup, the state, and ops, operations in order; "-" is
standard input. Or it is the NAME of a scenario that ships:

` + scenarioLines() + `
Where an epoch of the file has a model, what it should decide, the exit status is
1 if it decides something else, and the first field that differs is named.

   assay simulate cabal-60
   assay simulate --print cabal-60 > mine.json
   assay simulate mine.json --json | jq .emission

With --json each epoch is a line with the fields active, stake_weight, consensus,
incentive, dividends, validator_trust, trust, server_emission, validator_emission,
emission, validator_permit, bonds and pruning_score: lists with an element a seat,
proportions in 65535ths, emission in units of 10^-9 tokens.

With --from-network an epoch of the network that has ended is computed twice: as it
was, and with what --set says. Its state comes from the network's own blocks, which
are carried out again for it (see assay audit). What is shown is before the cut that
missed duties make in a dividend. Settings:

` + settingLines() + `

   assay simulate --from-network 12 --set kappa=0.6 --set yuma3=false

Its JSON is one object: chain_id, epoch, block, emission, set, and seats, with uid,
hotkey, miner and validator as they were, miner_set and validator_set as they would
be, and difference, all in tokens.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from-network", Usage: "begin with the state of the network in `EPOCH`, not with a file"},
			&cli.StringSliceFlag{Name: "set", Usage: "with --from-network: `NAME=VALUE` of a setting"},
			&cli.StringFlag{Name: "file", Usage: "with --from-network: a `FILE` that assay audit export wrote"},
			nodeFlags()[0],
			&cli.StringFlag{Name: "home", Usage: "with --from-network: the home `DIR` of a node, which need not run"},
			&cli.BoolFlag{Name: "print", Usage: "print the scenario's file, and do nothing else", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object an epoch", DisableDefaultText: true},
		},
		Action: simulateEpochs,
	}
}

func scenarioLines() string {
	var b strings.Builder
	for _, name := range scenario.Names() {
		fmt.Fprintf(&b, "   %s\n", scenario.Choice(name))
	}
	return b.String()
}

var errNotAsModel = errors.New("an epoch decides something else than its model")

func simulateEpochs(c *cli.Context) error {
	if c.String("from-network") != "" {
		return simulateNetwork(c)
	}
	for _, flag := range []string{"set", "file"} {
		if c.IsSet(flag) {
			return withHint(fmt.Errorf("--%s changes no scenario", flag), "it goes with --from-network EPOCH")
		}
	}
	args, err := arguments(c, 1, "one FILE, or the name of a scenario that ships")
	if err != nil {
		return err
	}
	s, err := readScenario(c, args[0])
	if err != nil {
		return err
	}
	if c.Bool("print") {
		return printJSON(c, s)
	}
	if s.Shows != "" && !c.Bool("json") {
		if _, err := fmt.Fprintln(c.App.Writer, s.Shows); err != nil {
			return err
		}
	}
	differs := ""
	err = s.Run(func(r scenario.Ran) error {
		if r.Differs != "" && differs == "" {
			differs = fmt.Sprintf("epoch %d: %s", r.Number, r.Differs)
		}
		if c.Bool("json") {
			return printJSON(c, r.Result)
		}
		return showEpoch(c, &r)
	})
	if err == nil && differs != "" {
		err = fmt.Errorf("%w: %s", errNotAsModel, differs)
	}
	return err
}

func readScenario(c *cli.Context, name string) (*scenario.Scenario, error) {
	if s := scenario.Shipped(name); s != nil {
		return s, nil
	}
	text, err := readText(c, name, "a scenario", maxEpochScenario)
	if err != nil {
		return nil, readHint(err, "give a JSON file, or one of "+strings.Join(scenario.Names(), ", "))
	}
	s, err := scenario.Read(text)
	if err != nil {
		return nil, withHint(fmt.Errorf("read %s: %w", inputName(name), err), "assay simulate --print honest shows the form of a scenario")
	}
	return s, nil
}

// barWidth is the width of the bar of a seat that earns all of an epoch.
const barWidth = 32

func showEpoch(c *cli.Context, r *scenario.Ran) error {
	table := [][]string{{"seat", "permit", "incentive", "dividends", "miner", "validator", "of emission"}}
	for uid := range r.Result.Emission {
		permit := ""
		if r.Result.ValidatorPermit[uid] {
			permit = "yes"
		}
		miner, validator := r.Result.ServerEmission[uid], r.Result.ValidatorEmission[uid]
		table = append(table, []string{
			strconv.Itoa(uid), permit, part(r.Result.Incentive[uid]), part(r.Result.Dividends[uid]),
			protocol.Amount(miner).String(), protocol.Amount(validator).String(), bar(miner+validator, r.Emission),
		})
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "\nepoch %d, block %d, emission %s\n", r.Number, r.Block, protocol.Amount(r.Emission))
	leftTable(&b, table)
	_, err := c.App.Writer.Write(b.Bytes())
	return err
}

// part writes a proportion in 65535ths.
func part(p uint16) string { return strconv.FormatFloat(float64(p)/math.MaxUint16, 'f', 4, 64) }

// bar is a line as long as a seat's part of an epoch's emission.
func bar(units, all uint64) string {
	if all == 0 {
		return ""
	}
	return strings.Repeat("█", int(float64(units)/float64(all)*barWidth+0.5))
}
