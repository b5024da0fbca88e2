package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// eachRequest calls yield with the requests that a node has, by height.
func eachRequest(ctx context.Context, n *client, yield func(*api.Request) error) error {
	return allPages(ctx, n, "/v1/requests", url.Values{}, yield)
}

// eachRecord calls yield with the opened records of a request, by number.
func eachRecord(ctx context.Context, n *client, request protocol.Hash, yield func(*api.MadeRecord) error) error {
	return allPages(ctx, n, "/v1/requests/"+request.String()+"/records", url.Values{}, yield)
}

// listedRequest is a line of list --json.
type listedRequest struct {
	Request    protocol.Hash   `json:"request"`
	Topic      string          `json:"topic"`
	Count      uint32          `json:"count"`
	Accepted   uint32          `json:"accepted"`
	Sealed     uint32          `json:"sealed"`
	Opened     uint32          `json:"opened"`
	Spent      protocol.Amount `json:"spent"`
	Maximum    protocol.Amount `json:"maximum"`
	Deadline   protocol.Height `json:"deadline"`
	State      string          `json:"state"`
	BlocksLeft protocol.Height `json:"blocks_left"`
}

// listRequests lists the requests of a node, and returns how many there are.
func listRequests(c *cli.Context, a *asked) (n int, err error) {
	var st api.Status
	if err := a.n.get(c.Context, "/v1/status", &st); err != nil {
		return 0, err
	}
	table := [][]string{{"request", "topic", "accepted", "wanted", "spent", "maximum", "deadline", "state", "blocks left"}}
	err = eachRequest(c.Context, a.n, func(r *api.Request) error {
		n++
		s := stageOf(r, st.Height)
		row := listedRequest{
			Request: r.ID, Topic: topicOf(r.Specification), Count: r.Count, Accepted: r.PaidRecords, Sealed: r.Sealed, Opened: r.Opened,
			Spent: r.Paid, Maximum: r.Maximum, Deadline: r.Deadline, State: s.name, BlocksLeft: s.left,
		}
		if c.Bool("json") {
			return printJSON(c, row)
		}
		table = append(table, []string{
			row.Request.String(), shortTopic(row.Topic), num(row.Accepted), num(row.Count), row.Spent.String(), row.Maximum.String(), num(row.Deadline), row.State, num(row.BlocksLeft),
		})
		return nil
	})
	if err != nil || c.Bool("json") || n == 0 {
		return n, err
	}
	if _, err := fmt.Fprintln(c.App.Writer); err != nil {
		return n, err
	}
	return n, printTable(c.App.Writer, table)
}

// shortTopic fits a topic into a line of a table.
func shortTopic(s string) string {
	const most = 32
	r := []rune(strings.Join(strings.Fields(printable(s)), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// requestKind begins the name of the kind of data that one request paid.
const requestKind = "request:"

// oneRequest is a request whose records are looked at.
type oneRequest struct {
	id  protocol.Hash
	all bool // those that were not paid, too
	// What the node says of it, once it was asked.
	r     *api.Request
	ended protocol.Epoch
}

// ask asks the node what the request is.
func (q *oneRequest) ask(ctx context.Context, n *client) error {
	var net api.Network
	q.r = new(api.Request)
	if err := errors.Join(n.get(ctx, "/v1/requests/"+q.id.String(), q.r), n.get(ctx, "/v1/network", &net)); err != nil {
		return err
	}
	q.ended = protocol.Epoch(uint64(q.r.Ended) / max(net.Tempo, 1))
	return nil
}

// kind returns the kind of data of the request.
func (q *oneRequest) kind() dataKind {
	k := dataKindFor(dataKind{name: requestKind + q.id.String(), request: q, about: func() export.About { return export.AboutRequest(q.id, "", "") }}, func(a *asked) export.Source[export.Made] {
		return func(ctx context.Context, e protocol.Epoch, yield func(*export.Made) error) (int64, error) {
			if err := q.ask(ctx, a.n); err != nil {
				if p := (*api.Problem)(nil); errors.As(err, &p) && p.Name() == api.ProblemNotFound {
					return 0, fmt.Errorf("%w: %w", export.ErrGone, err)
				}
				return 0, err
			}
			return export.Request(q.id, q.ended, q.all, func(ctx context.Context, yield func(*api.MadeRecord) error) error {
				return eachRecord(ctx, a.n, q.id, yield)
			})(ctx, e, yield)
		}
	})
	return k
}

// dir is what a directory of the kind's data is called.
func (k *dataKind) dir() string { return strings.ReplaceAll(k.name, ":", "-") }

// anyRequest returns the kind that a manifest names, where it is one of a request.
func anyRequest(name string) dataKind {
	hex, _ := strings.CutPrefix(name, requestKind)
	id, _ := protocol.ParseHash(hex) // else it has another name
	return (&oneRequest{id: id}).kind()
}

// dataKindOfRequest returns the kind that --request names.
func dataKindOfRequest(c *cli.Context, text string) (*dataKind, error) {
	id, err := protocol.ParseHash(text)
	if err != nil {
		return nil, usage.Mistake(withHint(fmt.Errorf("--request %q is no id", abridge(text)), "give 64 hex digits; assay dataset list shows requests"))
	}
	for _, other := range []string{"kind", "epochs"} {
		if c.String(other) != "" {
			return nil, usage.Mistake(withHint(fmt.Errorf("--request names all that is wanted"), "leave out --"+other))
		}
	}
	k := (&oneRequest{id: id}).kind()
	return &k, nil
}

// requestConfig is [exportConfig] of what one request paid: it is final when the
// request has ended.
func requestConfig(ctx context.Context, a *asked, q *oneRequest, cfg export.Config) (export.Config, error) {
	if err := q.ask(ctx, a.n); err != nil {
		return cfg, err
	}
	if q.r.Ended == 0 {
		return cfg, withHint(fmt.Errorf("request %s is not settled yet", q.id), fmt.Sprintf("it is at height %d at the latest; assay dataset inspect --request shows how far it is", q.r.SettleDeadline))
	}
	cfg.From, cfg.To = q.ended, q.ended
	cfg.Card = export.Card(export.AboutRequest(q.id, topicOf(q.r.Specification), q.r.Specification))
	return cfg, nil
}

// inspectRequest shows a request, and what was opened for it.
func inspectRequest(c *cli.Context, text string, l *looking) error {
	k, err := dataKindOfRequest(c, text)
	if err != nil {
		return err
	}
	k.request.all = true
	return withAsked(c, func(a *asked) error {
		var st api.Status
		if err := errors.Join(k.request.ask(c.Context, a.n), a.n.get(c.Context, "/v1/status", &st)); err != nil {
			return err
		}
		sight, sample, err := k.look(c.Context, reading{asked: a, from: k.request.ended, to: k.request.ended}, l)
		if err != nil {
			return err
		}
		r, s := k.request.r, stageOf(k.request.r, st.Height)
		if c.Bool("json") {
			return printJSON(c, struct {
				Request    *api.Request    `json:"request"`
				State      string          `json:"state"`
				BlocksLeft protocol.Height `json:"blocks_left"`
				*export.Sight
				Sample []json.RawMessage `json:"sample"`
			}{r, s.name, s.left, sight, sample})
		}
		if err := printPairs(c.App.Writer, requestText(r, st.Height)); err != nil {
			return err
		}
		return printSight(c, sight, sample)
	})
}
