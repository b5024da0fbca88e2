package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
)

const (
	// againFirst is the pause before a stream that ended is asked for anew, which
	// doubles up to againMost.
	againFirst = time.Second
	againMost  = 30 * time.Second
	// maxEventLine bounds a line of a stream: an event has some hundred bytes.
	maxEventLine = 1 << 20
	// eventSilence is after how long without a byte a stream is asked for anew: a node
	// sends something every fifteen seconds.
	eventSilence = time.Minute
)

func watchCommand() *cli.Command {
	return &cli.Command{
		Name:  "watch",
		Usage: "print what blocks do, as it happens",
		Description: `Follows the events of a node, one line each, until Ctrl-C: blocks, what epochs paid and
to whom (pay), seats that are registered and pruned, weights and findings that are
sealed and opened, permits, verdicts, who is slashed or jailed. When the node stops it
waits for it, and goes on where it was; what a node does not know is told as missed.

   assay watch --type pay --seat 3
   assay watch --type slashed,jailed,permit-lost,guilty --json | alert
   assay watch --after 1200.3 --json         behind the id of the last one that came

--json prints JSON Lines. Its fields, with their units:

` + fields("Event"),
		Flags: append(nodeFlags(),
			&cli.StringFlag{Name: "type", Usage: "only these `TYPES`, with commas between", DefaultText: "all"},
			&cli.StringFlag{Name: "seat", Usage: filterUsage["seat"]},
			&cli.StringFlag{Name: "after", Usage: "begin behind the `ID` of an event, or behind a height", DefaultText: "now"},
			&cli.IntFlag{Name: "count", Usage: "end after `N` events", DefaultText: "never"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON Lines", DisableDefaultText: true},
		),
		Action: watch,
	}
}

func watch(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	n, err := nodeOf(c)
	if err != nil {
		return err
	}
	q := url.Values{}
	for _, name := range []string{"type", "seat", "after"} {
		if v := c.String(name); v != "" {
			q.Set(name, v)
		}
	}
	w := &watcher{c: c, n: n, query: q, silence: eventSilence, left: c.Int("count")}
	for again := againFirst; ; again = min(2*again, againMost) {
		last := w.last
		err := w.follow(c.Context)
		if w.last != last { // it was there
			again = againFirst
		}
		var p *api.Problem
		switch {
		case c.Err() != nil:
			return c.Err()
		case w.done:
			return nil
		case errors.As(err, &p) && p.Status < http.StatusInternalServerError:
			return fmt.Errorf("watch: %w", err)
		case w.last == "" && err != nil: // there never was a node
			return n.explain(c.Context, err)
		}
		if err != nil {
			note(c, "the node is gone; waiting for it: %s", printable(err.Error()))
		} else {
			note(c, "the node is gone; waiting for it")
		}
		if !pause(c.Context, again) {
			return c.Err()
		}
	}
}

// watcher prints events.
type watcher struct {
	c     *cli.Context
	n     *client
	query url.Values
	last  string // id of the last event that came
	left  int    // events until the end; 0 and less for never
	done  bool
	// silence is after how long without a byte a stream has ended.
	silence time.Duration
}

// follow prints the events of one stream, until it ends.
func (w *watcher) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(w.silence, func() { cancel(fmt.Errorf("%s has said nothing for %s", w.n.url, w.silence)) })
	defer quiet.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.n.url+"/v1/events?"+w.query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", w.n.url, err)
	}
	req.Header.Set("Accept", "text/event-stream")
	if w.last != "" {
		req.Header.Set("Last-Event-ID", w.last)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		p := &api.Problem{}
		if err != nil || json.Unmarshal(b, p) != nil || p.Status == 0 {
			return fmt.Errorf("%s answers %s, and not as a node does", w.n.url, resp.Status)
		}
		return p
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEventLine)
	for lines.Scan() {
		quiet.Reset(w.silence)
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := w.print([]byte(data)); err != nil || w.done {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	return nil
}

// print prints one event.
func (w *watcher) print(data []byte) error {
	var e api.Event
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%s sends an event that is none: %w", w.n.url, err)
	}
	w.last = e.ID
	text := string(data)
	if !w.c.Bool("json") {
		text = eventText(&e)
	}
	if _, err := fmt.Fprintln(w.c.App.Writer, text); err != nil {
		w.done = true
		return err
	}
	w.left--
	w.done = w.left == 0
	return nil
}

// eventText is an event as a line.
func eventText(e *api.Event) string {
	out := []string{stamp(e.Time), num(e.Height), printable(e.Type)}
	add := func(name, value string) { out = append(out, name+" "+value) }
	if e.Type == api.EventMissed {
		add("to block", num(e.To))
	}
	if e.UID != nil {
		add("seat", num(*e.UID))
	}
	if e.Hotkey != nil {
		out = append(out, end(*e.Hotkey))
	}
	if e.Epoch != nil {
		add("epoch", num(*e.Epoch))
	}
	if e.Round != nil {
		add("round", num(*e.Round))
	}
	if e.Amount != nil {
		add("amount", e.Amount.String())
	}
	if e.Count > 0 {
		add("count", num(e.Count))
	}
	if e.Hash != nil {
		out = append(out, e.Hash.Short())
	}
	return strings.Join(out, "  ")
}
