package devnet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// figures are what a node's engine did, from the metrics of its process.
type figures struct {
	backend, isa, threads string
	prompt, generated     rate
	first                 rate // first tokens, and the time that requests waited for them
}

// rate is how many there were and the seconds that they took.
type rate struct{ n, seconds float64 }

// perSecond is a dash where there was nothing.
func (r rate) perSecond() string {
	if r.n == 0 || r.seconds == 0 {
		return "–"
	}
	return strconv.FormatFloat(r.n/r.seconds, 'f', 1, 64)
}

// each is the mean time, a dash where there was nothing.
func (r rate) each() string {
	if r.n == 0 {
		return "–"
	}
	return time.Duration(r.seconds / r.n * float64(time.Second)).Round(time.Millisecond).String()
}

var errNoEngine = errors.New("its metrics have no assay_engine_info")

// A line of prometheus' text format, and one of its labels.
var (
	sample = regexp.MustCompile(`^assay_engine_(\w+?)(?:\{(.*)\})? (\S+)$`)
	label  = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// readFigures picks the engine's figures out of prometheus' text format.
func readFigures(text []byte) (*figures, error) {
	f := &figures{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		m := sample.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		x, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", m[1], err)
		}
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			labels[l[1]] = l[2]
		}
		f.add(m[1], labels, x)
	}
	if f.backend == "" {
		return nil, errors.Join(errNoEngine, lines.Err())
	}
	return f, lines.Err()
}

// add takes one value; those of several models add up.
func (f *figures) add(name string, labels map[string]string, x float64) {
	of := map[string]*rate{"prompt": &f.prompt, "generated": &f.generated}[labels["kind"]]
	switch {
	case name == "info":
		f.backend, f.isa, f.threads = labels["backend"], labels["isa"], labels["threads"]
	case name == "tokens_total" && of != nil:
		of.n += x
	case name == "compute_seconds_total" && of != nil:
		of.seconds += x
	case name == "time_to_first_token_seconds_count":
		f.first.n += x
	case name == "time_to_first_token_seconds_sum":
		f.first.seconds += x
	}
}

// speeds prints how fast each node computed, as its own process says.
func (n *network) speeds(ctx context.Context, say *teller) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\nengine\tbackend\tinstructions\tthreads\tread\ttokens/s\tgenerated\ttokens/s\tfirst token\t")
	for _, a := range n.actors() {
		if !a.role.answers() {
			continue // their programs have no metrics
		}
		text, err := a.api.read(ctx, "/metrics")
		if err != nil {
			return fmt.Errorf("speed of %s: %w", a.name, err)
		}
		f, err := readFigures(text)
		if err != nil {
			return fmt.Errorf("speed of %s: %w", a.name, err)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.0f\t%s\t%.0f\t%s\t%s\t\n",
			a.name, f.backend, f.isa, f.threads, f.prompt.n, f.prompt.perSecond(), f.generated.n, f.generated.perSecond(), f.first.each())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	say.plain(b.String() + "read: tokens of prompts, and for a validator of the answers that it judges; generated: decoded one by one; all beside each other, at low priority")
	return nil
}
