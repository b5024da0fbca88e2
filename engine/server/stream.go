package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/engine"
)

// pingEvery is how long a stream may be silent while a prompt is read.
const pingEvery = 5 * time.Second

// dialect writes what a kind of request is answered with.
type dialect interface {
	// whole is the answer in one object.
	whole(id string, created int64, model string, answers []*answer, u usage) any
	// chunk is a part of a stream: the first of a choice, text, or its end.
	chunk(id string, created int64, model string, choice int, first bool, text, finish string) any
	// last is the part that has the usage alone.
	last(id string, created int64, model string, u usage) any
}

// run answers a request in a dialect.
func (s *Server) run(w http.ResponseWriter, r *http.Request, a *asked, prompt []engine.Token, d dialect) error {
	id, created := newID(), time.Now().Unix()
	if a.stream {
		w.Header().Set(receiptHeader, id)
		return s.streamed(w, r, a, prompt, d, id, created)
	}
	answers, err := a.all(r.Context(), prompt, func(int, string) {})
	if err != nil {
		return err
	}
	s.receipts.keep(id, files(a.model.Engine, a.model.Engine.Tokenizer(), answers))
	w.Header().Set(receiptHeader, id)
	reply(w, http.StatusOK, d.whole(id, created, a.model.Name, answers, usageOf(prompt, answers)))
	return nil
}

// all runs all choices; piece is given their texts, from several goroutines.
func (a *asked) all(ctx context.Context, prompt []engine.Token, piece func(choice int, text string)) ([]*answer, error) {
	answers := make([]*answer, a.choices)
	g, ctx := errgroup.WithContext(ctx)
	for i := range answers {
		g.Go(func() (err error) {
			answers[i], err = a.generate(ctx, prompt, i, func(text string) { piece(i, text) })
			return err
		})
	}
	return answers, g.Wait()
}

// events is a stream of server-sent events. Its methods may run at the same time.
type events struct {
	w  http.ResponseWriter
	rc *http.ResponseController

	mu  sync.Mutex
	err error // guarded by mu: the client is gone
}

// send writes one event's data, or a comment, and sees that it leaves.
func (e *events) send(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = e.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := io.WriteString(e.w, line+"\n\n"); err != nil {
		e.err = err
	}
	if err := e.rc.Flush(); err != nil {
		e.err = err
	}
}

func (e *events) data(v any) {
	b, err := json.Marshal(v)
	if err == nil {
		e.send("data: " + string(b))
	}
}

// streamed answers as the text comes. Headers leave at once, so that a client knows
// that it is heard; what goes wrong later is an event.
func (s *Server) streamed(w http.ResponseWriter, r *http.Request, a *asked, prompt []engine.Token, d dialect, id string, created int64) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no")
	e := &events{w: w, rc: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	name := a.model.Name
	for i := range a.choices {
		e.data(d.chunk(id, created, name, i, true, "", ""))
	}
	quiet, stop := context.WithCancel(r.Context())
	var pings sync.WaitGroup
	pings.Go(func() { e.ping(quiet) })
	answers, err := a.all(r.Context(), prompt, func(choice int, text string) {
		e.data(d.chunk(id, created, name, choice, false, text, ""))
	})
	stop()
	pings.Wait() // nobody writes to a response whose handler has ended
	if err != nil {
		p := problemOf(err)
		if p.status == http.StatusInternalServerError {
			s.cfg.Logger.Error().Err(err).Msg("a stream failed")
		}
		e.data(envelope{p})
		return nil
	}
	s.receipts.keep(id, files(a.model.Engine, a.model.Engine.Tokenizer(), answers))
	for i, answer := range answers {
		e.data(d.chunk(id, created, name, i, false, "", answer.finish))
	}
	if a.usage {
		e.data(d.last(id, created, name, usageOf(prompt, answers)))
	}
	e.send("data: [DONE]")
	return nil
}

// ping keeps a silent stream alive, until ctx is done.
func (e *events) ping(ctx context.Context) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			e.send(": still here")
		}
	}
}
