package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
)

func earningsCommand() *cli.Command {
	return &cli.Command{
		Name:  "earnings",
		Usage: "show what a seat was paid, by epoch and day, and why that changed",
		Description: `Shows the pay of one seat: for work, for judging, and together, with the time at
which each epoch paid; the sums of days; and, of each change, its cause:

   asked          it was asked more, or less
   late           rounds had no commitment in time
   false          judges found answers false
   not-given      judges of half of the stake did not get answers in time
   speed, bound, availability
                  factors of the weight, which validators give
   others         other seats were paid more, or less, for the same work of this seat
   duties, stake  of judging: duties left undone, and the share of the dividends
   pot            a share of all was worth more, or less

Payments are the ledger's, and the blocks' where the ledger has forgotten them. What
was counted of the work is the asked node's opinion, and is left out where it keeps
none. Days are those of UTC. The trend compares the mean pay of an epoch in the later
half with that in the earlier one.

   assay earnings --seat 3 --since 7d
   assay earnings --hotkey …k3xw9a2q --epoch -20..

JSON fields: seat (uid, registered, hotkey, coldkey), from, to, epochs (epoch, height,
time, work, judging, total, change, causes of reason and text), days (day, epochs,
work, judging, total), sum, mean (of an epoch), earlier and later (means of the two
halves), trend_percent (empty where the earlier half paid nothing). Amounts are
tokens; change has its sign.`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "seat", Usage: "`UID` of the seat (default: that of the asked node's hotkey)"},
			&cli.StringFlag{Name: "hotkey", Usage: "`ADDRESS` of the seat's hotkey, or six of its last letters or more"},
			&cli.StringFlag{Name: "since", Usage: "how `LONG` back: 7d, 12h, 2w", DefaultText: "7d"},
			&cli.StringFlag{Name: "epoch", Usage: "instead: one epoch `E`, or A..B, latest, -20.. for the last twenty"},
			&cli.UintFlag{Name: "limit", Value: 20, Usage: "of the epochs, show the newest `N`; sums are of all"},
			&cli.BoolFlag{Name: "wide", Usage: "show all columns, also where they do not fit the terminal", DisableDefaultText: true},
		),
		Action: earningsOf,
	}
}

func earningsOf(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if c.IsSet("since") && c.IsSet("epoch") {
		return usage.Mistake(errors.New("--since and --epoch both say which epochs; give one"))
	}
	if c.IsSet("seat") && c.IsSet("hotkey") {
		return usage.Mistake(errors.New("--seat and --hotkey both say which seat; give one"))
	}
	return withNode(c, func(n *client) error {
		who, err := whose(c, n)
		if err != nil {
			return err
		}
		epochs, err := earningEpochs(c, n)
		if err != nil {
			return err
		}
		e, err := gatherEarnings(c.Context, n, who, epochs)
		if err != nil {
			return err
		}
		if len(e.Epochs) == 0 {
			return withHint(fmt.Errorf("no epoch of these paid to the seat %s", abridge(who)), "assay emissions --seat "+abridge(who)+" shows what it was paid")
		}
		if e.noScores != "" && !c.Bool("json") {
			note(c, "causes are named without scores: %s", e.noScores)
		}
		if c.Bool("json") {
			return printJSON(c, e)
		}
		columns := terminalColumns(c.App.Writer)
		if c.Bool("wide") {
			columns = 0
		}
		return e.tell(c.App.Writer, int(c.Uint("limit")), columns)
	})
}

// whose is the seat that the command line means, as the node takes it.
func whose(c *cli.Context, n *client) (string, error) {
	for _, name := range []string{"seat", "hotkey"} {
		if c.IsSet(name) { // also empty, as of a variable without a value: that is no seat
			return c.String(name), nil
		}
	}
	var s api.Status
	if err := n.get(c.Context, "/v1/status", &s); err != nil {
		return "", err
	}
	if s.Hotkey == "" || !s.Registered {
		return "", usage.Mistake(withHint(errors.New("the asked node has no seat of its own"), "say whose earnings: --seat UID or --hotkey ADDRESS; assay miners and assay validators list them"))
	}
	return s.Hotkey, nil
}

// defaultSince is how far back earnings go unless it is said.
const defaultSince = 7 * 24 * time.Hour

// earningEpochs returns the epochs that --epoch or --since means, oldest first.
func earningEpochs(c *cli.Context, n *client) ([]api.Epoch, error) {
	var out []api.Epoch
	if c.IsSet("epoch") {
		text := c.String("epoch")
		err := everyPage(c.Context, n, "/v1/epochs", url.Values{"epoch": {text}}, func(e *api.Epoch) { out = append(out, *e) })
		return out, err
	}
	since, err := parseSince(c.String("since"))
	if err != nil {
		return nil, usage.Mistake(err)
	}
	var s api.Status
	if err := n.get(c.Context, "/v1/status", &s); err != nil {
		return nil, err
	}
	out, unknown, err := epochsSince(c.Context, n, s.BlockTime.Add(-since))
	if unknown > 0 {
		note(c, "%d older epochs, or more, are left out: the node does not know yet when they ended; ask it again, or give --epoch", unknown)
	}
	return out, err
}

// firstEpochs is how many of the newest epochs are asked for first, and twice as
// many each time after: a miner's node has validators prove when each was.
const firstEpochs = 32

// epochsSince returns the epochs that ended after a time, oldest first. One whose
// time the node does not know is there if it knows that of an older one that is,
// and not if the next newer one of which it knows ended no later than that time:
// of others it cannot be said, and they are counted. It asks for twice as many as
// ended after that time, and a few: where the node knows no time of as many as it
// was last asked for, it is not asked for older ones, which are not counted.
func epochsSince(ctx context.Context, n *client, from time.Time) (out []api.Epoch, unknown int, err error) {
	l := list{name: "epochs", path: "/v1/epochs"}
	q := url.Values{"order": {"newest"}, "limit": {strconv.Itoa(firstEpochs)}}
	var empty emptyPages
	for most, blind := firstEpochs, 0; ; most = min(2*most, api.MaxLimit) {
		q.Set("limit", strconv.Itoa(most))
		page, err := l.page(ctx, n, q)
		if err != nil {
			return nil, 0, err
		}
		if err := empty.count(n, l.name, len(page.Items)); err != nil {
			return nil, 0, err
		}
		items, err := readItems[api.Epoch](page.Items)
		if err != nil {
			return nil, 0, err
		}
		if len(out)+len(items) > maxItems {
			return nil, 0, tooMany(n, l.path)
		}
		for i := range items {
			e := &items[i]
			if !e.Ended.IsZero() && e.Ended.Before(from) {
				page.Next = ""
				break
			}
			out = append(out, *e)
			if blind++; !e.Ended.IsZero() {
				blind = 0
			}
		}
		if page.Next == "" || blind >= most {
			for len(out) > 0 && out[len(out)-1].Paid && out[len(out)-1].Ended.IsZero() {
				out = out[:len(out)-1]
				unknown++
			}
			if len(out) > 0 && out[len(out)-1].Paid && !out[len(out)-1].Ended.After(from) {
				unknown = 0
			}
			slices.Reverse(out)
			return out, unknown, nil
		}
		q.Set("cursor", page.Next)
	}
}

// parseSince reads a time back: Go's durations, and days and weeks.
func parseSince(text string) (time.Duration, error) {
	if text == "" {
		return defaultSince, nil
	}
	unit := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[len(text)-1]]
	var d time.Duration
	var err error
	if unit > 0 {
		var n uint64
		n, err = strconv.ParseUint(text[:len(text)-1], 10, 12)
		d = time.Duration(n) * unit
	} else {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d <= 0 {
		return 0, withHint(fmt.Errorf("--since %q is no time", abridge(text)), "give 7d, 2w or 12h")
	}
	return d, nil
}

// gatherEarnings asks for payments and scores of the epochs, and of the one before
// them, which the first is compared with.
func gatherEarnings(ctx context.Context, n *client, who string, epochs []api.Epoch) (*earnings, error) {
	if len(epochs) == 0 {
		return &earnings{}, nil
	}
	first, last := epochs[0].Epoch, epochs[len(epochs)-1].Epoch
	from := first - min(first, 1)
	var paid []api.Emission
	q := url.Values{"seat": {who}, "epoch": {span(from, last)}}
	if err := everyPage(ctx, n, "/v1/emissions", q, func(m *api.Emission) { paid = append(paid, *m) }); err != nil {
		return nil, err
	}
	if len(paid) == 0 {
		return &earnings{}, nil
	}
	if from < first {
		err := everyPage(ctx, n, "/v1/epochs", inEpoch(from), func(e *api.Epoch) { epochs = append([]api.Epoch{*e}, epochs...) })
		if _, isProblem := errors.AsType[*api.Problem](err); err != nil && !isProblem { // it is not kept any more
			return nil, err
		}
	}
	seat := paid[len(paid)-1].Holder
	var scores []api.Score
	missing := ""
	q = url.Values{"miner": {num(seat.UID)}, "epoch": {span(from-min(from, earning.Lag), last)}}
	err := everyPage(ctx, n, "/v1/scores", q, func(s *api.Score) { scores = append(scores, *s) })
	if p, ok := errors.AsType[*api.Problem](err); ok {
		missing = p.Error()
	} else if err != nil {
		return nil, err
	}
	e := newEarnings(seat, first, paid, epochs, scores)
	e.noScores = missing
	return e, nil
}

// span is a range of epochs as a query has it.
func span(from, to protocol.Epoch) string {
	return strings.Join([]string{num(from), num(to)}, "..")
}
