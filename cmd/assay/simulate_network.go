package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/scoring/yuma"
)

// setting is a rule of the epoch that --set changes.
type setting struct {
	name, about string
	set         func(p *yuma.Params, value string) error
}

// settings are in the order of their names.
func settings() []setting {
	return []setting{
		{"activity_cutoff", "blocks", func(p *yuma.Params, v string) (err error) {
			p.ActivityCutoff, err = strconv.ParseUint(v, 10, 32)
			return err
		}},
		{"alpha_high", "0 to 1", func(p *yuma.Params, v string) error { return ratio(&p.AlphaHigh, v) }},
		{"alpha_low", "0 to 1", func(p *yuma.Params, v string) error { return ratio(&p.AlphaLow, v) }},
		{"bonds_moving_average", "0 to 1", func(p *yuma.Params, v string) (err error) {
			p.BondsMovingAverage, err = portion(v, yuma.MovingAverageScale)
			return err
		}},
		{"bonds_penalty", "0 to 1", func(p *yuma.Params, v string) error { return ratio(&p.BondsPenalty, v) }},
		{"kappa", "0 to 1", func(p *yuma.Params, v string) error { return ratio(&p.Kappa, v) }},
		{"liquid_alpha", "true or false", func(p *yuma.Params, v string) (err error) { p.LiquidAlpha, err = strconv.ParseBool(v); return err }},
		{"stake_threshold", "tokens", func(p *yuma.Params, v string) error {
			a, err := protocol.ParseAmount(v)
			p.StakeThreshold = uint64(a)
			return err
		}},
		{"steepness", "a whole number, in hundredths", func(p *yuma.Params, v string) error {
			n, err := strconv.ParseInt(v, 10, 16)
			p.Steepness = int16(n)
			return err
		}},
		{"yuma3", "true or false", func(p *yuma.Params, v string) (err error) { p.Yuma3, err = strconv.ParseBool(v); return err }},
	}
}

// ratio reads a proportion into 65535ths.
func ratio(to *uint16, v string) error {
	n, err := portion(v, math.MaxUint16)
	*to = uint16(n)
	return err
}

var errNoRatio = errors.New("no proportion")

// portion reads a decimal from 0 to 1 as so many of a whole, rounded to the
// nearest.
func portion(v string, whole uint64) (uint64, error) {
	const longest = 20
	r, ok := new(big.Rat).SetString(v)
	if !ok || len(v) > longest || strings.ContainsAny(v, "/eEpPxX_") || r.Sign() < 0 || r.Cmp(big.NewRat(1, 1)) > 0 {
		return 0, errNoRatio
	}
	r.Mul(r, new(big.Rat).SetFrac64(int64(whole), 1))
	r.Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom()).Uint64(), nil
}

func settingLines() string {
	var b strings.Builder
	for _, s := range settings() {
		fmt.Fprintf(&b, "   %-22s%s\n", s.name, s.about)
	}
	return strings.TrimRight(b.String(), "\n")
}

// change applies the flags --set, and returns what they say by name.
func change(p *yuma.Params, flags []string) (map[string]string, error) {
	said := map[string]string{}
	all := settings()
	for _, flag := range flags {
		name, value, ok := strings.Cut(flag, "=")
		i := slices.IndexFunc(all, func(s setting) bool { return s.name == name })
		if !ok || i < 0 {
			var names []string
			for _, s := range all {
				names = append(names, s.name)
			}
			return nil, fmt.Errorf("there is no setting %q; there are %s", abridge(name), strings.Join(names, ", "))
		}
		if err := all[i].set(p, value); err != nil {
			return nil, fmt.Errorf("--set %s: %s is %s", abridge(flag), name, all[i].about)
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
		was, err := yuma.Run(*in)
		if err != nil {
			return err
		}
		set := *in
		if out.Set, err = change(&set.Params, c.StringSlice("set")); err != nil {
			return err
		}
		is, err := yuma.Run(set)
		if err != nil {
			return fmt.Errorf("with what is set: %w", err)
		}
		for i := range paid.Payments {
			out.Seats = append(out.Seats, seatOf(&paid.Payments[i], i, &was, &is))
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
	file, closer, err := openAudit(c, path)
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

func seatOf(p *ledger.Payment, i int, was, is *yuma.Output) seatOtherwise {
	s := seatOtherwise{
		UID: p.Seat.UID, Hotkey: p.Hotkey,
		Miner: protocol.Amount(was.ServerEmission[i]), Validator: protocol.Amount(was.ValidatorEmission[i]),
		MinerSet: protocol.Amount(is.ServerEmission[i]), ValidatorSet: protocol.Amount(is.ValidatorEmission[i]),
	}
	a, b := s.Miner+s.Validator, s.MinerSet+s.ValidatorSet // parts of one emission
	if s.Difference = "+" + (b - a).String(); b < a {
		s.Difference = "-" + (a - b).String()
	}
	return s
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
