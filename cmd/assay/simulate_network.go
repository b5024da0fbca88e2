package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/whatif"
	"github.com/assaynet/assay/scoring/yuma"
)

func settingLines() string {
	var b strings.Builder
	for _, s := range whatif.Settings() {
		fmt.Fprintf(&b, "   %-22s%s\n", s.Name, s.About)
	}
	return strings.TrimRight(b.String(), "\n")
}

// change applies the flags --set, and returns what they say by name.
func change(p *yuma.Params, flags []string) (map[string]string, error) {
	said := map[string]string{}
	for _, flag := range flags {
		name, value, _ := strings.Cut(flag, "=")
		if err := whatif.Change(p, name, value); err != nil {
			return nil, fmt.Errorf("--set %s: %w", abridge(flag), err)
		}
		said[name] = value
	}
	if len(said) == 0 {
		return nil, withHint(errors.New("nothing is set"), "give --set kappa=0.6")
	}
	return said, nil
}

// otherwise is an epoch of the network with other settings.
type otherwise struct {
	Chain    string            `json:"chain_id"`
	Epoch    protocol.Epoch    `json:"epoch"`
	Block    protocol.Height   `json:"block"`
	Emission protocol.Amount   `json:"emission"`
	Set      map[string]string `json:"set"`
	Seats    []seatOtherwise   `json:"seats"`
}

// seatOtherwise is what one seat would get.
type seatOtherwise struct {
	UID          protocol.UID       `json:"uid"`
	Hotkey       protocol.PublicKey `json:"hotkey"`
	Miner        protocol.Amount    `json:"miner"`
	Validator    protocol.Amount    `json:"validator"`
	MinerSet     protocol.Amount    `json:"miner_set"`
	ValidatorSet protocol.Amount    `json:"validator_set"`
	Difference   string             `json:"difference"` // in tokens, with its sign
}

// simulateNetwork shows what an epoch of a network pays with other settings.
func simulateNetwork(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument beside --from-network EPOCH"); err != nil {
		return err
	}
	e, _, err := epochFlag(c, "from-network")
	if err != nil {
		return err
	}
	if _, err := change(&yuma.Params{}, c.StringSlice("set")); err != nil { // before anything long
		return err
	}
	return withBlocks(c, func(from *chain) error {
		in, paid, err := epochInput(c.Context, from, e)
		if err != nil {
			return err
		}
		out := otherwise{Chain: protocol.ShortChainID(from.genesis.ChainID()), Epoch: e, Block: protocol.Height(in.Block), Emission: protocol.Amount(in.Emission)}
		set := in.Params
		if out.Set, err = change(&set, c.StringSlice("set")); err != nil {
			return err
		}
		seats, err := whatif.Run(in, &set)
		if err != nil {
			return err
		}
		for i := range paid.Payments {
			p, s := &paid.Payments[i], &seats[i]
			out.Seats = append(out.Seats, seatOtherwise{p.Seat.UID, p.Hotkey, s.Miner, s.Validator, s.MinerSet, s.ValidatorSet, s.Difference()})
		}
		if c.Bool("json") {
			return printJSON(c, &out)
		}
		return showOtherwise(c, &out)
	})
}

// withBlocks calls f with the blocks of a file, a home or a node.
func withBlocks(c *cli.Context, f func(*chain) error) error {
	path := c.String("file")
	if path == "" {
		return withChain(c, f)
	}
	file, closer, err := openAudit(c, "file", path)
	if err != nil {
		return err
	}
	return errors.Join(f(&chain{genesis: file.Genesis(), Source: file}), closer())
}

// epochInput carries the blocks out, and returns what an epoch was computed from
// and what it paid.
func epochInput(ctx context.Context, from *chain, e protocol.Epoch) (in *yuma.Input, paid *audit.Outcome, err error) {
	p := audit.Replay{
		Genesis: from.genesis, From: e, To: e, Believe: true, Threads: runtime.GOMAXPROCS(0),
		Block: func(_ *audit.Record, res *ledger.Result) {
			if res.Yuma != nil {
				in = res.Yuma
			}
		},
		Epoch: func(o *audit.Outcome) { paid = o },
	}
	report, err := p.Run(ctx, from)
	if err != nil {
		return nil, nil, explainReplay(err)
	}
	if report.Difference != nil {
		return nil, nil, fmt.Errorf("%w: %s", errNotPaidSo, report.Difference)
	}
	return in, paid, nil
}

func showOtherwise(c *cli.Context, o *otherwise) error {
	table := [][]string{{"seat", "hotkey", "miner", "set", "validator", "set", "difference", "of emission, then set"}}
	for i := range o.Seats {
		s := &o.Seats[i]
		table = append(table, []string{
			num(s.UID), end(s.Hotkey), s.Miner.String(), s.MinerSet.String(), s.Validator.String(), s.ValidatorSet.String(), s.Difference,
			bar(uint64(s.Miner+s.Validator), uint64(o.Emission)) + " | " + bar(uint64(s.MinerSet+s.ValidatorSet), uint64(o.Emission)),
		})
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "epoch %d, block %d, emission %s\n", o.Epoch, o.Block, o.Emission)
	leftTable(&b, table)
	_, err := c.App.Writer.Write(b.Bytes())
	return err
}
