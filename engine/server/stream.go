package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// pingEvery is how long a stream may be silent while a prompt is read.
const pingEvery = 5 * time.Second

// dialect is how an API answers a request.
type dialect interface {
	// whole is the answer in one object.
	whole(h head, answers []*answer, u usage) any
	// open begins a stream.
	open(h head, e *events) writer
	// lines tells that a stream is lines of JSON, and no server-sent events.
	lines() bool
	// problem is an error as the API says it.
	problem(p *problem) any
}

// writer writes a stream. Parts of several choices may come at the same time.
type writer interface {
	begin()
	part(choice int, d delta)
	end(answers []*answer, u usage)
}

// failer is a writer whose API has an end of its own for what goes wrong.
type failer interface{ fail(p *problem) }

// head is what all parts of one answer have.
type head struct {
	id      string // of the answer and its receipt
	created time.Time
	asked   *asked
}

// run answers a request in a dialect.
func (s *Server) run(w http.ResponseWriter, r *http.Request, a *asked, d dialect) error {
	h := head{newID(), time.Now(), a}
	if a.stream {
		if !a.none {
			w.Header().Set(receiptHeader, h.id)
		}
		return s.streamed(w, r, a, h, d)
	}
	answers, err := a.all(r.Context(), h.id, func(int, delta) {})
	if err != nil {
		return err
	}
	kept, err := s.keep(h, answers)
	if err != nil {
		return err
	}
	if kept {
		w.Header().Set(receiptHeader, h.id)
	}
	reply(w, http.StatusOK, d.whole(h, answers, a.usageOf(answers)))
	return nil
}

// keep keeps receipts, where there are any.
func (s *Server) keep(h head, answers []*answer) (bool, error) {
	list, err := s.files(h.asked.model, answers)
	if err != nil || len(list) == 0 {
		return false, err
	}
	s.receipts.keep(h.id, h.asked.name, list)
	return true, nil
}

// all runs all choices; part is told of theirs, from several goroutines.
func (a *asked) all(ctx context.Context, id string, part func(choice int, d delta)) ([]*answer, error) {
	echoes := make([]delta, a.many)
	for i := range echoes {
		if !a.echo {
			break
		}
		var err error
		if echoes[i], err = a.echoed(ctx, a.promptOf(i*a.choices)); err != nil {
			return nil, err
		}
	}
	answers := make([]*answer, a.answers())
	g, ctx := errgroup.WithContext(ctx)
	for i := range answers {
		echo := echoes[i/a.choices]
		g.Go(func() (err error) {
			if a.echo {
				part(i, echo)
			}
			answers[i] = &answer{finish: finishLength}
			if !a.none {
				answers[i], err = a.generate(ctx, id, i, func(d delta) { part(i, d) })
			}
			if err == nil && a.echo {
				answers[i].text = echo.text + answers[i].text
				answers[i].tokens = append(slices.Clip(echo.tokens), answers[i].tokens...)
			}
			return err
		})
	}
	return answers, g.Wait()
}

// tally counts tokens for the parts of a stream, where a client asks for that.
type tally struct {
	asked *asked
	mu    sync.Mutex
	each  []int // guarded by mu: of each choice
}

func newTally(a *asked) *tally { return &tally{asked: a, each: make([]int, a.answers())} }

// at is the usage when a choice has so many tokens; nil where nobody asks.
func (t *tally) at(choice, count int) *usage {
	if !t.asked.running {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each[choice] = max(t.each[choice], count)
	u := t.asked.usageOf(nil)
	for _, n := range t.each {
		u.Completion += n
	}
	u.Total = u.Prompt + u.Completion
	return &u
}

// events is a stream. Its methods may run at the same time.
type events struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	lines bool

	mu  sync.Mutex
	err error // guarded by mu: the client is gone
}

// send writes one event's lines, or a comment, and sees that it leaves.
func (e *events) send(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = e.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := io.WriteString(e.w, text); err != nil {
		e.err = err
	}
	if err := e.rc.Flush(); err != nil {
		e.err = err
	}
}

// data sends an object, as an event of a name where there is one.
func (e *events) data(name string, v any) {
	b := marshal(v)
	switch {
	case e.lines:
		e.send(string(b) + "\n")
	case name != "":
		e.send("event: " + name + "\ndata: " + string(b) + "\n\n")
	default:
		e.send("data: " + string(b) + "\n\n")
	}
}

// marshal is JSON in one line, of what is always JSON.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// streamed answers as the text comes. Headers leave at once, so that a client
// knows that it is heard; what goes wrong later is an event.
func (s *Server) streamed(w http.ResponseWriter, r *http.Request, a *asked, h head, d dialect) error {
	e := &events{w: w, rc: http.NewResponseController(w), lines: d.lines()}
	kind := "text/event-stream"
	if e.lines {
		kind = "application/x-ndjson"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	e.send("") // the headers, for some streams begin with the first token
	out := d.open(h, e)
	out.begin()
	quiet, stop := context.WithCancel(r.Context())
	var pings sync.WaitGroup
	if !e.lines {
		pings.Go(func() { e.ping(quiet) })
	}
	answers, err := a.all(r.Context(), h.id, out.part)
	if err == nil {
		_, err = s.keep(h, answers)
	}
	stop()
	pings.Wait() // nobody writes to a response whose handler has ended
	if err != nil {
		p := problemOf(err)
		if p.status == http.StatusInternalServerError {
			s.cfg.Logger.Error().Err(err).Msg("a stream failed")
		}
		e.fail(d, out, p)
		return nil
	}
	out.end(answers, a.usageOf(answers))
	return nil
}

// fail ends a stream with an error.
func (e *events) fail(d dialect, out writer, p *problem) {
	if own, ok := out.(failer); ok {
		own.fail(p)
		return
	}
	name := ""
	if _, named := d.(messagesDialect); named {
		name = "error"
	}
	e.data(name, d.problem(p))
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
			e.send(": still here\n\n")
		}
	}
}
