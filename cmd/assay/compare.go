package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

func compareCommand() *cli.Command {
	return &cli.Command{
		Name: "compare", ArgsUsage: "VALIDATOR OTHER",
		Usage: "compare what two validators thought of each miner, and why they differ",
		Description: `Shows the weights that two validators opened for an epoch, by miner, and beside them
what each found of the answers that it was drawn to run again: how many it judged,
found equal, and found false. Weights are the ledger's, and findings are signed
cards, which every full node has when the epoch is over: so any node tells of all
validators, also one without a seat (validator run --observe). VALIDATOR and OTHER
are uids of seats.

   assay compare 0 2 --epoch 7

Weights of an epoch are made of the answers of the epoch before. Rows of which
nothing differs are left out unless --all is given.
JSON Lines: uid; weight_a and weight_b, in 65535ths; judged_a, equal_a, false_a, and
the same of b; differ, ids of tasks about which the two disagree; why, in words.`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "epoch", Usage: "of the weights of the epoch `E`, or latest", DefaultText: "the newest whose weights both opened"},
			&cli.BoolFlag{Name: "all", Usage: "show miners, too, about whom the two agree", DisableDefaultText: true},
		),
		Action: compare,
	}
}

// opinion is what two validators thought of a miner.
type opinion struct {
	UID     protocol.UID      `json:"uid"`
	WeightA uint16            `json:"weight_a"`
	WeightB uint16            `json:"weight_b"`
	JudgedA int               `json:"judged_a"`
	EqualA  int               `json:"equal_a"`
	FalseA  int               `json:"false_a"`
	JudgedB int               `json:"judged_b"`
	EqualB  int               `json:"equal_b"`
	FalseB  int               `json:"false_b"`
	Differ  []protocol.TaskID `json:"differ"`
	Why     string            `json:"why"`
}

func compare(c *cli.Context) error {
	args, err := arguments(c, 2, "two validators, by their uids")
	if err != nil {
		return err
	}
	a, err := seatNumber(args[0])
	if err != nil {
		return err
	}
	b, err := seatNumber(args[1])
	if err != nil {
		return err
	}
	if a == b {
		return usage.Mistake(errors.New("a validator is compared with another one; give two"))
	}
	return withNode(c, func(n *client) error {
		e, list, err := opinions(c.Context, n, c.String("epoch"), a, b)
		if err != nil {
			return err
		}
		if !c.Bool("all") {
			list = slices.DeleteFunc(list, func(o opinion) bool { return o.WeightA == o.WeightB && len(o.Differ) == 0 })
		}
		if c.Bool("json") {
			for i := range list {
				if err := printJSON(c, &list[i]); err != nil {
					return err
				}
			}
			return nil
		}
		if len(list) == 0 {
			note(c, "validators %d and %d gave every miner the same weight in epoch %d", a, b, e)
			return nil
		}
		rows := [][]string{{"miner", fmt.Sprintf("weight of %d", a), fmt.Sprintf("of %d", b), "equal", "false", "equal", "false", "why"}}
		for i := range list {
			o := &list[i]
			rows = append(rows, []string{
				num(o.UID), part(o.WeightA), part(o.WeightB), ofJudged(o.EqualA, o.JudgedA), ofJudged(o.FalseA, o.JudgedA), ofJudged(o.EqualB, o.JudgedB), ofJudged(o.FalseB, o.JudgedB), o.Why,
			})
		}
		note(c, "weights of epoch %d", e)
		var out bytes.Buffer
		leftTable(&out, rows)
		_, err = c.App.Writer.Write(out.Bytes())
		return err
	})
}

// seatNumber reads the uid of a seat.
func seatNumber(text string) (protocol.UID, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, usage.Mistake(withHint(fmt.Errorf("%q is no uid", abridge(text)), "assay validators lists them"))
	}
	return protocol.UID(n), nil
}

func ofJudged(n, judged int) string { return fmt.Sprintf("%d of %d", n, judged) }

// opinions asks for the weights of both in an epoch, and for the cards that they
// are made of.
func opinions(ctx context.Context, n *client, epoch string, a, b protocol.UID) (protocol.Epoch, []opinion, error) {
	q := url.Values{"epoch": {epoch}}
	if epoch == "" {
		q.Set("epoch", "-3..")
	}
	by := map[protocol.Epoch]map[protocol.UID]map[protocol.UID]uint16{}
	err := everyPage(ctx, n, "/v1/weights", q, func(w *api.Weight) {
		if w.Validator != a && w.Validator != b {
			return
		}
		if by[w.Epoch] == nil {
			by[w.Epoch] = map[protocol.UID]map[protocol.UID]uint16{}
		}
		if by[w.Epoch][w.Validator] == nil {
			by[w.Epoch][w.Validator] = map[protocol.UID]uint16{}
		}
		by[w.Epoch][w.Validator][w.UID] = w.Value
	})
	if err != nil {
		return 0, nil, err
	}
	var e protocol.Epoch
	found := false
	both := 2
	if a == b {
		both = 1
	}
	for at, rows := range by {
		if len(rows) == both && (!found || at > e) {
			e, found = at, true
		}
	}
	if !found && a == b {
		return 0, nil, withHint(fmt.Errorf("validator %d has opened no weights there", a), "assay validators lists them, assay weights --validator "+num(a)+" what it opened")
	}
	if !found {
		return 0, nil, withHint(fmt.Errorf("validators %d and %d have not both opened weights there", a, b), "assay weights --validator "+num(a)+" shows those of one")
	}
	seats := map[protocol.UID]*opinion{}
	of := func(uid protocol.UID) *opinion {
		if seats[uid] == nil {
			seats[uid] = &opinion{UID: uid, Differ: []protocol.TaskID{}}
		}
		return seats[uid]
	}
	for uid, v := range by[e][a] {
		of(uid).WeightA = v
	}
	for uid, v := range by[e][b] {
		of(uid).WeightB = v
	}
	delete(seats, protocol.Nobody)
	err = everyPage(ctx, n, "/v1/tasks", inEpoch(e-min(e, 1)), func(t *api.Task) { of(t.UID).count(t, a, b) })
	if err != nil {
		return 0, nil, err
	}
	out := make([]opinion, 0, len(seats))
	for _, o := range seats {
		o.Why = o.why(a, b)
		out = append(out, *o)
	}
	slices.SortFunc(out, func(x, y opinion) int { return int(x.UID) - int(y.UID) })
	return e, out, nil
}

// count adds what the two found of a task.
func (o *opinion) count(t *api.Task, a, b protocol.UID) {
	said := map[protocol.UID]wire.Finding{}
	for i := range t.Cards {
		if j := t.Cards[i].Judge; j == a || j == b {
			said[j] = t.Cards[i].Finding
		}
	}
	for _, x := range []struct { // of one alone both are the same
		judge                protocol.UID
		judged, equal, wrong *int
	}{{a, &o.JudgedA, &o.EqualA, &o.FalseA}, {b, &o.JudgedB, &o.EqualB, &o.FalseB}} {
		f, ok := said[x.judge]
		if !ok {
			continue
		}
		*x.judged++
		if f == wire.FindingPassed {
			*x.equal++
		} else {
			*x.wrong++
		}
	}
	if fa, ok := said[a]; ok {
		if fb, also := said[b]; also && fa != fb {
			o.Differ = append(o.Differ, t.ID)
		}
	}
}

// why says in words what of this can explain that the weights differ.
func (o *opinion) why(a, b protocol.UID) string {
	switch {
	case len(o.Differ) > 0:
		return fmt.Sprintf("they disagree about %d answers: one of the two is wrong, see assay task %s", len(o.Differ), o.Differ[0].String()[:12])
	case o.WeightA == o.WeightB:
		return "alike"
	case o.FalseA > 0 && o.FalseB == 0:
		return fmt.Sprintf("%d drew a false answer, and %d did not", a, b)
	case o.FalseB > 0 && o.FalseA == 0:
		return fmt.Sprintf("%d drew a false answer, and %d did not", b, a)
	case o.JudgedA == 0 || o.JudgedB == 0:
		return "one of the two judged nothing of it: what it knows is from earlier epochs"
	}
	return "each has run other answers, so each is sure to another degree"
}

// scoresCommand lists the scores of the asked node, or what is public of another
// validator's.
func scoresCommand() *cli.Command {
	cmd := scoresList.command()
	own := cmd.Action
	cmd.Flags = append(cmd.Flags, &cli.StringFlag{Name: "validator", Usage: "show what the validator with this `UID` thought, by its weights and its cards, and not the asked node's own scores"})
	cmd.Action = func(c *cli.Context) error {
		text := c.String("validator")
		if text == "" {
			return own(c)
		}
		for _, flag := range append([]string{"limit", "csv", "kind"}, scoresList.filters...) {
			if c.IsSet(flag) {
				return usage.Mistake(fmt.Errorf("--%s is of the asked node's own scores, and does not go with --validator", flag))
			}
		}
		v, err := seatNumber(text)
		if err != nil {
			return err
		}
		return withNode(c, func(n *client) error { return showScoresOf(c, n, v) })
	}
	return cmd
}

// scoreOf is what is public of one validator's score of a miner.
type scoreOf struct {
	Epoch  protocol.Epoch `json:"epoch"`
	UID    protocol.UID   `json:"uid"`
	Weight uint16         `json:"weight"`
	Judged int            `json:"judged"`
	Equal  int            `json:"equal"`
	False  int            `json:"false"`
}

func showScoresOf(c *cli.Context, n *client, v protocol.UID) error {
	e, list, err := opinions(c.Context, n, c.String("epoch"), v, v)
	if err != nil {
		return err
	}
	rows := [][]string{{"epoch", "uid", "weight", "judged", "equal", "false"}}
	for i := range list {
		o := &list[i]
		if c.Bool("json") {
			if err := printJSON(c, &scoreOf{e, o.UID, o.WeightA, o.JudgedA, o.EqualA, o.FalseA}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{num(e), num(o.UID), part(o.WeightA), strconv.Itoa(o.JudgedA), strconv.Itoa(o.EqualA), strconv.Itoa(o.FalseA)})
	}
	if c.Bool("json") {
		return nil
	}
	return printTable(c.App.Writer, rows)
}
