package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	sim "github.com/assaynet/assay/cmd/internal/simulation"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

func plotCommand() *cli.Command {
	return &cli.Command{
		Name: "plot", ArgsUsage: "emissions|weights|scores",
		Usage: "draw what seats were paid, or thought worth, over epochs",
		Description: `Draws a curve for each of the seats with the largest sums, on the terminal, and with
--svg into a file:

   emissions   what each epoch paid, tokens
   weights     the mean of the validators' opened weights, of 1
   scores      the weight that the asked validator gives, of 1

   assay plot emissions --epoch -50.. --svg paid.svg
   assay plot weights --seat 3

Below the curves stands the same as a table of the newest epochs. JSON fields: title,
epochs, and seats (uid, values: one an epoch, zero where it had none).`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "epoch", Value: "-30..", DefaultText: "-30.., of scores -15..", Usage: "A..B, latest, -30.. for the last thirty"},
			&cli.StringFlag{Name: "seat", Usage: filterUsage["seat"]},
			&cli.UintFlag{Name: "top", Value: 6, Usage: "draw `N` seats, 14 at most"},
			&cli.StringFlag{Name: "svg", Usage: "write the curves to `FILE`, too"},
		),
		Action: plotHistory,
	}
}

// point is the value of a seat in an epoch.
type point struct {
	epoch protocol.Epoch
	uid   protocol.UID
	value float64
}

// drawn are the curves of some seats.
type drawn struct {
	sim.Curves
	Epochs []protocol.Epoch
	Seats  []protocol.UID
}

func plotHistory(c *cli.Context) error {
	args, err := arguments(c, 1, "one of emissions, weights and scores")
	if err != nil {
		return err
	}
	read := map[string]func(context.Context, *client, url.Values) ([]point, error){"emissions": paidPoints, "weights": weightPoints, "scores": scorePoints}[args[0]]
	top := int(c.Uint("top"))
	switch {
	case read == nil:
		return usage.Mistake(withHint(fmt.Errorf("there is no plot of %q", abridge(args[0])), "give emissions, weights or scores"))
	case top < 1 || top > 14:
		return usage.Mistake(errors.New("--top is 1 to 14"))
	}
	title := map[string]string{"emissions": "tokens paid an epoch", "weights": "mean weight", "scores": "weight by the asked validator"}[args[0]]
	return withNode(c, func(n *client) error {
		q := url.Values{"epoch": {c.String("epoch")}}
		if args[0] == "scores" && !c.IsSet("epoch") { // of each much more is read
			q.Set("epoch", "-15..")
		}
		if who := c.String("seat"); c.IsSet("seat") {
			name := "seat"
			if args[0] == "scores" {
				name = "miner"
			}
			q.Set(name, who)
		}
		points, err := read(c.Context, n, q)
		if err != nil {
			return err
		}
		p := newCurves(title, points, top)
		if len(p.Names) == 0 {
			note(c, "there is nothing to draw")
			return nil
		}
		return showCurves(c, p)
	})
}

func paidPoints(ctx context.Context, n *client, q url.Values) (out []point, err error) {
	err = everyPage(ctx, n, "/v1/emissions", q, func(m *api.Emission) {
		out = append(out, point{m.Epoch, m.UID, float64(m.Total) / float64(protocol.Unit)})
	})
	return out, err
}

// weightPoints are the means over the validators that opened a row.
func weightPoints(ctx context.Context, n *client, q url.Values) ([]point, error) {
	type at struct {
		epoch protocol.Epoch
		uid   protocol.UID
	}
	sums, rows := map[at]float64{}, map[protocol.Epoch]map[protocol.UID]bool{}
	err := everyPage(ctx, n, "/v1/weights", q, func(w *api.Weight) {
		if rows[w.Epoch] == nil {
			rows[w.Epoch] = map[protocol.UID]bool{}
		}
		rows[w.Epoch][w.Validator] = true
		if w.UID != protocol.Nobody {
			sums[at{w.Epoch, w.UID}] += float64(w.Value) / 65535
		}
	})
	var out []point
	for k, sum := range sums {
		out = append(out, point{k.epoch, k.uid, sum / float64(len(rows[k.epoch]))})
	}
	return out, err
}

func scorePoints(ctx context.Context, n *client, q url.Values) (out []point, err error) {
	seen := map[point]bool{} // the weight is of all kinds, and stands in the score of each
	// Most of an api.Score is not read.
	type weighed struct {
		Epoch  protocol.Epoch `json:"epoch"`
		UID    protocol.UID   `json:"uid"`
		Weight uint16         `json:"weight"`
	}
	err = everyPage(ctx, n, "/v1/scores", q, func(s *weighed) {
		p := point{s.Epoch, s.UID, float64(s.Weight) / 65535}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	})
	return out, err
}

// newCurves picks the seats with the largest sums. An epoch in which a seat has no
// value is zero.
func newCurves(title string, points []point, top int) *drawn {
	sums := map[protocol.UID]float64{}
	d := &drawn{}
	for _, p := range points {
		sums[p.uid] += p.value
		d.Epochs = append(d.Epochs, p.epoch)
	}
	slices.Sort(d.Epochs)
	d.Epochs = slices.Compact(d.Epochs)
	for uid, sum := range sums {
		if sum > 0 {
			d.Seats = append(d.Seats, uid)
		}
	}
	slices.SortFunc(d.Seats, func(a, b protocol.UID) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	d.Seats = d.Seats[:min(len(d.Seats), top)]
	if len(d.Epochs) == 0 {
		return d
	}
	d.Title, d.First, d.Last = title, "epochs "+num(d.Epochs[0]), num(d.Epochs[len(d.Epochs)-1])
	for _, e := range d.Epochs {
		d.X = append(d.X, num(e))
	}
	for _, uid := range d.Seats {
		values := make([]float64, len(d.Epochs))
		for _, p := range points {
			if p.uid == uid {
				i, _ := slices.BinarySearch(d.Epochs, p.epoch)
				values[i] = p.value
			}
		}
		d.Names, d.Values = append(d.Names, "seat "+num(uid)), append(d.Values, values)
	}
	return d
}

func showCurves(c *cli.Context, p *drawn) error {
	if path := c.String("svg"); path != "" {
		b, err := p.SVG()
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			return withHint(err, "--svg names a file that can be written")
		}
	}
	if c.Bool("json") {
		type seat struct {
			UID    protocol.UID `json:"uid"`
			Values []float64    `json:"values"`
		}
		var seats []seat
		for i, uid := range p.Seats {
			seats = append(seats, seat{uid, p.Values[i]})
		}
		return printJSON(c, struct {
			Title  string           `json:"title"`
			Epochs []protocol.Epoch `json:"epochs"`
			Seats  []seat           `json:"seats"`
		}{p.Title, p.Epochs, seats})
	}
	r, ok := c.App.Writer.(*os.File)
	rows := [][]string{append([]string{"epoch"}, p.Names...)}
	const newest = 10
	for i := max(0, len(p.Epochs)-newest); i < len(p.Epochs); i++ {
		row := []string{num(p.Epochs[i])}
		for _, v := range p.Values {
			row = append(row, fmt.Sprintf("%.4f", v[i]))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	if err := printTable(&b, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "%s\n\n%s", p.Text(60, ok && input.Terminal(r) != nil), b.String())
	return err
}
