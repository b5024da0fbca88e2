package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/scripts/adversary/network"
)

// mayLose is the most that an honest miner may lose of its pay, in per cent: less
// is chance, for which answers are judged is drawn.
const mayLose = 5

// table is what attacks did to a network.
type table struct {
	net   *network.Network
	watch *watch
	began time.Time
	rows  []*row
	quiet row // what the quiet epochs were
}

// row is what one attack did.
type row struct {
	Attack string `json:"attack"`
	Does   string `json:"does"`
	// Cost is what the attacker burned or locked, in base units; nothing where more
	// came back of what an earlier attack had locked.
	Cost protocol.Amount `json:"cost"`
	// Taken and Refused count transactions that were handed over by HTTP; Refusal is
	// why the first was refused.
	Taken   int64  `json:"taken"`
	Refused int64  `json:"refused"`
	Refusal string `json:"refusal"`
	// Hosts is how many identities it had in gossip, HostsCutOff how many of them
	// nobody was connected with at the end.
	Hosts       int `json:"hosts"`
	HostsCutOff int `json:"hosts_cut_off"`
	// LongestBlock and MeanBlock are those of its epoch, in milliseconds.
	LongestBlock int64 `json:"longest_block_ms"`
	MeanBlock    int64 `json:"mean_block_ms"`
	// Slowed is how many times as long as quiet ones the last ten blocks of its epoch
	// took on average, when the attack had long begun.
	Slowed float64 `json:"slowed"`
	// Lost is what the honest miner lost that lost most, in per cent of its pay in
	// quiet epochs; negative where all got more.
	Lost float64 `json:"lost_percent"`
	// Missed counts answers of honest miners that were asked and not given in time.
	Missed uint32 `json:"missed"`
	// Broke says in words what the network did that it must not, or why the attack
	// was none; "" for nothing.
	Broke string `json:"broke"`

	epoch protocol.Epoch
	slows float64
}

// settle waits until the work of all epochs before one is paid, and fills the rows.
func (t *table) settle(ctx context.Context, end protocol.Epoch, say func(string, ...any)) error {
	lag, err := t.firstPaid(ctx)
	if err != nil {
		return err
	}
	sched := t.net.Genesis.Params.Schedule
	say("block %d: the last work is paid at block %d", t.watch.height(), sched.EpochEnd(end-1+lag))
	if err := t.watch.until(ctx, sched.EpochEnd(end-1+lag)+1, t.net.Failed); err != nil {
		return err
	}
	pay, err := t.pay(ctx, end-1+lag)
	if err != nil {
		return err
	}
	missed, err := t.missed(ctx, end-1)
	if err != nil {
		return err
	}
	quiet := mean(pay, quietFrom+lag, quietTo+lag, t.net.Miners)
	if slices.Contains(quiet, 0) { // nothing to compare with
		return errNoPay
	}
	fill := func(r *row, from, to protocol.Epoch) {
		longest, mean := t.watch.longest(sched.EpochStart(from), sched.EpochEnd(from)+1)
		r.LongestBlock, r.MeanBlock = longest.Milliseconds(), mean.Milliseconds()
		for e := from; e <= to; e++ {
			r.Missed += missed[e]
			for i, m := range t.net.Miners {
				lost := 100 - 100*pay[e+lag][m.Hotkey.PublicKey()]/quiet[i]
				if (e == from && i == 0) || lost > r.Lost {
					r.Lost = lost
				}
			}
		}
	}
	t.quiet.Attack, t.quiet.Does = "none", "the quiet epochs that the others are compared with"
	fill(&t.quiet, quietFrom, quietTo)
	longest, block := t.watch.longest(sched.EpochStart(quietFrom), sched.EpochEnd(quietTo)+1)
	t.quiet.LongestBlock, t.quiet.MeanBlock = longest.Milliseconds(), block.Milliseconds()
	for _, r := range t.rows {
		fill(r, r.epoch, r.epoch+stride-1)
		_, late := t.watch.longest(sched.EpochEnd(r.epoch)-10, sched.EpochEnd(r.epoch))
		r.Slowed = float64(late.Milliseconds()) / float64(t.quiet.MeanBlock)
	}
	t.quiet.Slowed = 1
	say("done")
	return nil
}

// byEpoch is what each hotkey was paid for answers, as a part of what there was to
// pay: at the beginning that is more, for what nobody was paid in the first epochs.
type byEpoch map[protocol.Epoch]map[protocol.PublicKey]float64

var errNoPay = errors.New("a miner was paid nothing in quiet epochs")

// pay reads what was paid up to an epoch.
func (t *table) pay(ctx context.Context, to protocol.Epoch) (byEpoch, error) {
	list, err := network.List[api.Emission](ctx, t.net.Validators[0], fmt.Sprintf("/v1/emissions?limit=1000&epoch=0..%d", to))
	if err != nil {
		return nil, err
	}
	pay := byEpoch{}
	for i := range list {
		if pay[list[i].Epoch] == nil {
			pay[list[i].Epoch] = map[protocol.PublicKey]float64{}
		}
		pay[list[i].Epoch][list[i].Hotkey] += float64(list[i].Miner)
	}
	for e, of := range pay {
		emission, err := t.emission(ctx, e)
		if err != nil {
			return nil, err
		}
		for k := range of {
			of[k] /= float64(emission)
		}
	}
	return pay, nil
}

var errNoOutcome = errors.New("a block that ends an epoch does not say what was paid")

// emission returns what there was to pay in an epoch, at least one unit.
func (t *table) emission(ctx context.Context, e protocol.Epoch) (protocol.Amount, error) {
	var page api.Blocks
	at := t.net.Genesis.Params.Schedule.EpochEnd(e)
	if err := t.net.Validators[0].Get(ctx, fmt.Sprintf("/v1/blocks?limit=1&height=%d", at), &page); err != nil {
		return 0, err
	}
	if len(page.Blocks) == 0 {
		return 0, errNoOutcome
	}
	r, err := audit.DecodeRecord(page.Blocks[0].Record)
	if err != nil {
		return 0, err
	}
	if r.Outcome == nil {
		return 0, errNoOutcome
	}
	return max(1, r.Outcome.Epoch.Emission), nil
}

// firstPaid returns the first epoch in which a miner was paid, which is for the
// work of epoch 0: all work is paid as much later.
func (t *table) firstPaid(ctx context.Context) (protocol.Epoch, error) {
	now := t.net.Genesis.Params.Schedule.EpochOf(t.watch.height())
	pay, err := t.pay(ctx, now)
	if err != nil {
		return 0, err
	}
	for e := range now {
		for _, m := range t.net.Miners {
			if pay[e][m.Hotkey.PublicKey()] > 0 {
				return e, nil
			}
		}
	}
	return 0, errNoPay
}

// mean is what each miner was paid on average.
func mean(pay byEpoch, from, to protocol.Epoch, miners []*network.Node) []float64 {
	out := make([]float64, len(miners))
	for i, m := range miners {
		for e := from; e <= to; e++ {
			out[i] += pay[e][m.Hotkey.PublicKey()]
		}
		out[i] /= float64(to - from + 1)
	}
	return out
}

// missed counts by epoch what honest miners were asked and did not give.
func (t *table) missed(ctx context.Context, to protocol.Epoch) (map[protocol.Epoch]uint32, error) {
	scores, err := network.List[api.Score](ctx, t.net.Validators[0], fmt.Sprintf("/v1/scores?limit=1000&epoch=0..%d", to))
	if err != nil {
		return nil, err
	}
	out := map[protocol.Epoch]uint32{}
	for i := range scores {
		for _, m := range t.net.Miners {
			if scores[i].Hotkey == m.Hotkey.PublicKey() {
				out[scores[i].Epoch] += scores[i].Asked - scores[i].Answered
			}
		}
	}
	return out, nil
}

// judge says what an honest miner lost that it must not.
func (t *table) judge() error {
	var errs []error
	for _, r := range append([]*row{&t.quiet}, t.rows...) {
		if r.Lost > mayLose {
			errs = append(errs, fmt.Errorf("%s: an honest miner lost %.1f %% of its pay, more than %d %%", r.Attack, r.Lost, mayLose))
		}
		if r.slows > 0 && r.Slowed > r.slows {
			errs = append(errs, fmt.Errorf("%s: blocks took %.1f times as long as quiet ones, more than %.0f", r.Attack, r.Slowed, r.slows))
		}
		if r.Broke != "" {
			errs = append(errs, fmt.Errorf("%s: %s", r.Attack, r.Broke))
		}
	}
	return errors.Join(errs...)
}

// print writes the table, or its rows as JSON.
func (t *table) print(out io.Writer, asJSON bool) error {
	rows := append([]*row{&t.quiet}, t.rows...)
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "attack\ttokens\ttaken\trefused\tcut off\tlongest block\tmean\tslowed\tlost\tmissed\twhat it does")
	for _, r := range rows {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d of %d\t%.2f s\t%.2f s\t%.2f\t%.1f %%\t%d\t%s\n",
			r.Attack, r.Cost, r.Taken, r.Refused, r.HostsCutOff, r.Hosts, float64(r.LongestBlock)/1000, float64(r.MeanBlock)/1000, r.Slowed, r.Lost, r.Missed, r.Does)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteString("tokens: burned and locked; taken, refused: transactions handed over; cut off: of its identities in gossip;\nslowed: its last ten blocks beside quiet ones; lost: by the honest\nminer that lost most, of its pay in quiet epochs; missed: answers asked of honest miners and not given\n")
	_, err := io.WriteString(out, b.String())
	return err
}
