package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// dataKind is one kind of data that the network makes: what is written, checked and
// looked at are rows of one type.
type dataKind struct {
	name   string
	help   string // of its rows, for export
	about  func() export.About
	write  func(ctx context.Context, cfg export.Config, a *asked) (*export.Summary, error)
	verify func(ctx context.Context, dir string, m *export.Manifest, a *asked, rows *atomic.Int64) (*export.Report, error) // a nil asks no node
	count  func(ctx context.Context, a *asked, e protocol.Epoch, rows *atomic.Int64) (found, dropped int64, err error)
	// request is that of the records of one request; nil of a kind of the network.
	request *oneRequest
	look    func(ctx context.Context, from reading, l *looking) (*export.Sight, []json.RawMessage, error)
}

// dataKinds are all kinds of data.
func dataKinds() []dataKind {
	return []dataKind{
		dataKindFor(dataKind{
			name: "inference", about: export.AboutInference, help: `inference: system, prompt, response, tokens, finish, passed (judges who found the
same, bit for bit), provenance. The network keeps tokens; --model gives their text.`,
		}, func(a *asked) export.Source[export.Run] {
			return export.Inference(a.chain, a.tasks, a.decode)
		}),
		dataKindFor(dataKind{
			name: "preference", about: export.AboutPreference, help: `preference: prompt, chosen, rejected, agreement, confidence (posterior by the model
of Dawid and Skene), raters, lane (people), provenance. Nobody attests that a person
answered. Pairs are of the texts that their setter put on the ledger. What models
prefer is the kind judgement: the lanes are apart in their data, too.`,
		}, func(a *asked) export.Source[export.Preference] {
			return export.Preferences(export.People(a.pairs))
		}),
		dataKindFor(dataKind{
			name: "judgement", about: export.AboutJudgement, help: `judgement: prompt, chosen, rejected, margin (by how much the model prefers chosen),
logits (of chosen and rejected, in both orders), lane (engine), passed, provenance.
Pairs of which the model prefers neither side are left out.`,
		}, func(a *asked) export.Source[export.Judgement] {
			return export.Judgements(a.chain, a.tasks)
		}),
		dataKindFor(dataKind{
			name: "synthetic", about: export.AboutSynthetic, help: `synthetic: prompt, response, family, checks (what each found), failed (none, or
checks), novelty, alike and diversity (against the rows before it in its epoch, in
integers), passed, provenance. Records that do not pass the other gates are left out.`,
		}, func(a *asked) export.Source[export.Record] {
			return export.Compared(a.sure(export.Synthetic(a.chain, a.tasks, a.box.run)))
		}),
	}
}

// dataKindFor fills in what a kind with rows of type T can do.
func dataKindFor[T any, P export.Row[T]](k dataKind, source func(*asked) export.Source[T]) dataKind {
	k.write = func(ctx context.Context, cfg export.Config, a *asked) (*export.Summary, error) {
		return export.Write(ctx, cfg, source(a))
	}
	k.verify = func(ctx context.Context, dir string, m *export.Manifest, a *asked, rows *atomic.Int64) (*export.Report, error) {
		var s export.Source[T]
		if a != nil {
			s = source(a)
		}
		return export.Verify[T, P](ctx, dir, m, s, rows)
	}
	k.count = func(ctx context.Context, a *asked, e protocol.Epoch, rows *atomic.Int64) (found, dropped int64, err error) {
		dropped, err = source(a)(ctx, e, func(*T) error {
			rows.Add(1)
			found++
			return ctx.Err()
		})
		return found, dropped, err
	}
	k.look = func(ctx context.Context, from reading, l *looking) (*export.Sight, []json.RawMessage, error) {
		looker := export.NewLooker[T](l.seed)
		each := func(row *T) error {
			export.Look[T, P](looker, row)
			return nil
		}
		err := readRows(ctx, from, source, l.rows, each)
		if err != nil {
			return nil, nil, err
		}
		sight, sample := export.See[T, P](looker, l.samples)
		out := make([]json.RawMessage, 0, len(sample))
		for i := range sample {
			b, err := export.Line(&sample[i])
			if err != nil {
				return nil, nil, err
			}
			out = append(out, b)
		}
		return sight, out, nil
	}
	return k
}

// asked is a node that is asked for data.
type asked struct {
	n      *client
	chain  string
	decode export.Decoder
	box    *programs
}

// withAsked calls f with the node that --node or --home names.
func withAsked(c *cli.Context, f func(*asked) error) error {
	decode, err := decoder(c)
	if err != nil {
		return err
	}
	return withNode(c, func(n *client) (err error) {
		box := &programs{ctx: c.Context}
		defer func() { err = errors.Join(err, box.close()) }()
		return f(&asked{n: n, decode: decode, box: box})
	})
}

// sure ends a source whose programs could not be run: what it gives then is wrong.
func (a *asked) sure(source export.Source[export.Record]) export.Source[export.Record] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*export.Record) error) (int64, error) {
		dropped, err := source(ctx, e, func(r *export.Record) error {
			if err := a.box.failed(); err != nil {
				return err
			}
			return yield(r)
		})
		return dropped, errors.Join(err, a.box.failed())
	}
}

// tasks implements [export.Tasks].
func (a *asked) tasks(ctx context.Context, kind protocol.Kind, e protocol.Epoch, yield func(*api.Task) error) error {
	return pages(ctx, a.n, "/v1/tasks", url.Values{"kind": {string(kind)}}, e, yield)
}

// pairs implements [export.Opened].
func (a *asked) pairs(ctx context.Context, e protocol.Epoch, yield func(*api.Pair) error) error {
	return pages(ctx, a.n, "/v1/pairs", url.Values{}, e, yield)
}

// pages calls yield with the items of a list of one epoch.
func pages[T any](ctx context.Context, n *client, path string, q url.Values, e protocol.Epoch, yield func(*T) error) error {
	q.Set("epoch", strconv.FormatUint(uint64(e), 10))
	return allPages(ctx, n, path, q, yield)
}

// allPages calls yield with the items of a list.
func allPages[T any](ctx context.Context, n *client, path string, q url.Values, yield func(*T) error) error {
	q.Set("limit", strconv.Itoa(api.MaxLimit))
	var empty emptyPages
	for {
		var page api.Page[T]
		err := n.get(ctx, path+"?"+q.Encode(), &page)
		var p *api.Problem
		if errors.As(err, &p) && p.Gone() {
			return fmt.Errorf("%w: %w", export.ErrGone, err)
		}
		if err != nil {
			return err
		}
		if err := empty.count(n, path, len(page.Items)); err != nil {
			return err
		}
		for i := range page.Items {
			if err := yield(&page.Items[i]); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		if page.Next == q.Get("cursor") {
			return fmt.Errorf("%s repeats a page", n.url)
		}
		q.Set("cursor", page.Next)
	}
}

// decoder returns what makes text of tokens, by the files of --model.
func decoder(c *cli.Context) (export.Decoder, error) {
	models := map[protocol.ModelID]*tokenizer.Tokenizer{}
	for _, path := range c.StringSlice("model") {
		f, err := gguf.Open(path)
		if err != nil {
			return nil, modelHint(err)
		}
		t, err := tokenizer.New(f)
		if err != nil {
			return nil, errors.Join(modelHint(err), f.Close())
		}
		models[protocol.ModelID(gguf.CachedModelID(f))] = t
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return func(model protocol.ModelID, tokens []int32) string {
		t := models[model]
		if t == nil {
			return ""
		}
		for _, id := range tokens {
			if id < 0 || int(id) >= t.VocabSize() {
				return "" // a judge finds it
			}
		}
		return string(t.Decode(tokens))
	}, nil
}
