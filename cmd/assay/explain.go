package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name: "explain", ArgsUsage: "HOTKEY",
		Usage: "say why a seat was paid what it was paid in an epoch",
		Description: `Walks from what an epoch paid to a seat back to where it comes from: the weights
that validators gave it for its work two epochs before, the scores that the asked
node made of that work, and the tasks, answers and cards that it counted; and says
why it is more or less than in the epoch before. HOTKEY is an address, or the uid of
a seat. Weights are the ledger's, and everybody's; scores are the asked node's own.

   assay explain 3 --epoch 12

JSON fields: paid and before (items of /v1/emissions; before is null for the first
epoch), all and all_before (what the epochs paid to all), worked (the epoch of the
work), weights and weights_before (items of /v1/weights), scores and scores_before
(items of /v1/scores), challenges (items of /v1/challenges since the epoch of the work
that accuse the seat, that its owner posted, or on which it votes), tasks (as
/v1/tasks/ID has them), tasks_in_all, and why (the sentences).`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "epoch", Usage: "the `EPOCH` that paid: its number, latest, or -2 for the one before (needed)"},
			&cli.IntFlag{Name: "tasks", Value: 3, Usage: "show `N` tasks of each kind"},
		),
		Action: explain,
	}
}

// explanation is everything that is known of one payment.
type explanation struct {
	Paid          api.Emission    `json:"paid"`
	Before        *api.Emission   `json:"before"`
	All           protocol.Amount `json:"all"`
	AllBefore     protocol.Amount `json:"all_before"`
	Worked        *protocol.Epoch `json:"worked"` // null before the third epoch
	Weights       []api.Weight    `json:"weights"`
	WeightsBefore []api.Weight    `json:"weights_before"`
	Scores        []api.Score     `json:"scores"`
	ScoresBefore  []api.Score     `json:"scores_before"`
	Challenges    []api.Challenge `json:"challenges"`
	Tasks         []api.Task      `json:"tasks"`
	TasksInAll    int             `json:"tasks_in_all"`
	Why           []string        `json:"why"`
	missing       []string        // what the node does not have any more, for people
}

func explain(c *cli.Context) error {
	args, err := arguments(c, 1, "one HOTKEY, or the uid of a seat")
	if err != nil {
		return err
	}
	switch {
	case c.String("epoch") == "":
		return usage.Mistake(withHint(errors.New("no epoch is given"), "give --epoch 7, or latest; assay emissions shows those that there are"))
	case c.Int("tasks") < 0:
		return usage.Mistake(errors.New("--tasks is 0 or more"))
	}
	return withNode(c, func(n *client) error {
		e, err := oneEpoch(c, n)
		if err != nil {
			return err
		}
		x, err := gather(c.Context, n, args[0], e, c.Int("tasks"))
		if err != nil {
			return err
		}
		x.Why = x.reasons()
		if c.Bool("json") {
			return printJSON(c, x)
		}
		for _, what := range x.missing {
			note(c, "%s", what)
		}
		return x.tell(c)
	})
}

// oneEpoch is the epoch that --epoch names, as lists take it, where it is one
// alone.
func oneEpoch(c *cli.Context, n *client) (protocol.Epoch, error) {
	text := c.String("epoch")
	if e, err := strconv.ParseUint(text, 10, 62); err == nil {
		return protocol.Epoch(e), nil // also one of which the node does not know
	}
	var page api.Page[api.Epoch]
	if err := n.get(c.Context, "/v1/epochs?"+url.Values{"epoch": {text}, "limit": {"1"}}.Encode(), &page); err != nil {
		return 0, err
	}
	if strings.Contains(text, "..") || len(page.Items) != 1 {
		return 0, usage.Mistake(withHint(fmt.Errorf("--epoch %q is not one epoch", abridge(text)), "give a number such as 7, latest, or -2 for the one before"))
	}
	return page.Items[0].Epoch, nil
}

// gather asks for all that the payment follows from.
func gather(ctx context.Context, n *client, who string, e protocol.Epoch, tasks int) (*explanation, error) {
	x := &explanation{
		Weights: []api.Weight{}, WeightsBefore: []api.Weight{}, Scores: []api.Score{}, ScoresBefore: []api.Score{}, Tasks: []api.Task{},
		Challenges: []api.Challenge{},
	}
	paid, all, err := emissionOf(ctx, n, who, e)
	if err != nil {
		return nil, err
	}
	if paid == nil {
		return nil, withHint(fmt.Errorf("epoch %d paid to no seat %s", e, abridge(who)), "assay emissions --epoch "+strconv.FormatUint(uint64(e), 10)+" shows whom it paid")
	}
	x.Paid, x.All = *paid, all
	if e > 0 {
		if x.Before, x.AllBefore, err = emissionOf(ctx, n, strconv.Itoa(int(paid.UID)), e-1); err != nil && !x.lacks(err, "what epoch %d paid", e-1) {
			return nil, err
		}
		x.Before = ofSeat(x.Before, paid)
	}
	if err := x.trials(ctx, n); err != nil {
		return nil, err
	}
	if e < earning.Lag {
		return x, nil
	}
	worked := e - earning.Lag
	x.Worked = &worked
	if err := x.work(ctx, n, worked, &x.Weights, &x.Scores); err != nil {
		return nil, err
	}
	if worked > 0 {
		if err := x.work(ctx, n, worked-1, &x.WeightsBefore, &x.ScoresBefore); err != nil {
			return nil, err
		}
	}
	return x, x.evidence(ctx, n, tasks)
}

// trials reads what the seat was accused of since the epoch of the work, what its
// owner challenged, and on what it votes.
func (x *explanation) trials(ctx context.Context, n *client) error {
	var net api.Network
	if err := n.get(ctx, "/v1/network", &net); err != nil {
		return err
	}
	first := uint64(x.Paid.Epoch-min(x.Paid.Epoch, earning.Lag)) * net.Tempo
	end := uint64(x.Paid.Epoch+1) * net.Tempo
	return everyPage(ctx, n, "/v1/challenges", url.Values{}, func(c *api.Challenge) {
		if uint64(c.Posted) >= first && uint64(c.Posted) < end && trial(&x.Paid, c) != "" {
			x.Challenges = append(x.Challenges, *c)
		}
	})
}

// ofSeat returns what an epoch before paid, if that was to the same seat: nil where
// somebody else had it. A seat whose hotkey was swapped is the same.
func ofSeat(before, paid *api.Emission) *api.Emission {
	if before != nil && before.Registered != paid.Registered {
		return nil
	}
	return before
}

// lacks reports whether an error says that the node does not have something, and
// notes what.
func (x *explanation) lacks(err error, format string, args ...any) bool {
	p, ok := errors.AsType[*api.Problem](err)
	if !ok || p.Name() != "gone" && p.Name() != api.ProblemNotKept && p.Name() != api.ProblemNotFound {
		return false
	}
	x.missing = append(x.missing, fmt.Sprintf(format, args...)+": "+p.Error())
	return true
}

// maxItems bounds the items of a list that are held at a time: twenty thousand
// weights of each of a hundred epochs. A node may give pages for ever.
const maxItems = 1 << 21

// everyPage calls fn with each item of a list, of [maxItems] at most.
func everyPage[T any](ctx context.Context, n *client, path string, q url.Values, fn func(*T)) error {
	q.Set("limit", strconv.Itoa(api.MaxLimit))
	var empty emptyPages
	for seen := 0; ; {
		page, err := pageOf[T](ctx, n, path, path, q)
		if err != nil {
			return err
		}
		if err := empty.count(n, path, len(page.Items)); err != nil {
			return err
		}
		if seen += len(page.Items); seen > maxItems {
			return tooMany(n, path)
		}
		for i := range page.Items {
			fn(&page.Items[i])
		}
		if page.Next == "" {
			return nil
		}
		q.Set("cursor", page.Next)
	}
}

func tooMany(n *client, path string) error {
	return withHint(fmt.Errorf("%s gives more than %d items of %s", n.url, maxItems, path), "ask for fewer epochs, or another node")
}

func inEpoch(e protocol.Epoch) url.Values {
	return url.Values{"epoch": {strconv.FormatUint(uint64(e), 10)}}
}

// emissionOf returns what an epoch paid to a seat, nil where that is none of its
// seats, and to all.
func emissionOf(ctx context.Context, n *client, who string, e protocol.Epoch) (found *api.Emission, all protocol.Amount, err error) {
	err = everyPage(ctx, n, "/v1/emissions", inEpoch(e), func(m *api.Emission) {
		all += m.Total // parts of what was issued
		if m.Hotkey.String() == who || strconv.Itoa(int(m.UID)) == who {
			found = m
		}
	})
	return found, all, err
}

// work reads what validators thought of an epoch's work of the seat: those that it
// got, and those that it gave.
func (x *explanation) work(ctx context.Context, n *client, e protocol.Epoch, weights *[]api.Weight, scores *[]api.Score) error {
	err := everyPage(ctx, n, "/v1/weights", inEpoch(e), func(w *api.Weight) {
		if w.UID == x.Paid.UID {
			*weights = append(*weights, *w)
		}
	})
	if err != nil && !x.lacks(err, "weights of epoch %d", e) {
		return err
	}
	q := inEpoch(e)
	q.Set("miner", strconv.Itoa(int(x.Paid.UID)))
	err = everyPage(ctx, n, "/v1/scores", q, func(s *api.Score) { *scores = append(*scores, *s) })
	if err != nil && !x.lacks(err, "scores of epoch %d", e) {
		return err
	}
	return nil
}

// evidence reads some tasks of each score.
func (x *explanation) evidence(ctx context.Context, n *client, tasks int) error {
	for i := range x.Scores {
		ids := x.Scores[i].Tasks
		x.TasksInAll += len(ids)
		for _, id := range ids[:min(tasks, len(ids))] {
			var t api.Task
			err := n.get(ctx, "/v1/tasks/"+id.String(), &t)
			if err != nil && x.lacks(err, "task %s", id) {
				continue
			}
			if err != nil {
				return err
			}
			x.Tasks = append(x.Tasks, t)
		}
	}
	return nil
}
