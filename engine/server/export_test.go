package server

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// NewGate returns a gate for tests, whose time stands still until it is moved.
func NewGate(most int, keys ...Key) (g *gate, move func(time.Duration)) {
	g = newGate(most, keys)
	now := time.Unix(0, 0)
	g.now = func() time.Time { return now }
	return g, func(d time.Duration) { now = now.Add(d) }
}

// Enter is enter, with the status of what refuses.
func (g *gate) Enter(caller string, n int) (leave func(), status int) {
	leave, status, _ = g.EnterOrWait(caller, n)
	return leave, status
}

// EnterOrWait is Enter with the header Retry-After.
func (g *gate) EnterOrWait(caller string, n int) (leave func(), status int, retry string) {
	leave, err := g.enter(caller, n)
	if err != nil {
		return leave, problemOf(err).status, problemOf(err).retryAfter()
	}
	return leave, 0, ""
}

// paper is a recorder with deadlines that never come.
type paper struct{ *httptest.ResponseRecorder }

func (paper) SetWriteDeadline(time.Time) error { return nil }

// Told is what clients are told of an answer that a model would give after a
// conversation with tools: by one of the APIs, as a stream and whole.
func Told(m *engine.Model, api, text string, tools ...string) (stream string, whole []byte, err error) {
	return ToldUntil(m, api, text, nil, tools...)
}

// ToldUntil is Told with stop sequences.
func ToldUntil(m *engine.Model, api, text string, stops []string, tools ...string) (stream string, whole []byte, err error) {
	d := map[string]dialect{"chat": chatDialect{}, "messages": messagesDialect{}, "responses": responsesDialect{}, "ollama": ollamaDialect{chat: true}}[api]
	a := newAsked()
	a.stops = stops
	a.name, a.model, a.talk = "m", m, &talk{turns: []turn{{role: "user", text: "?"}}}
	for _, name := range tools {
		a.talk.tools = append(a.talk.tools, tool{name: name})
	}
	if err := a.converse(); err != nil {
		return "", nil, err
	}
	a.reader.Thinks = true
	ids, err := m.Tokenizer().Encode(text, tokenizer.Options{})
	if err != nil {
		return "", nil, err
	}
	h := head{"0123456789abcdef01234567", time.Unix(1, 0), a}
	w := paper{httptest.NewRecorder()}
	out := d.open(h, &events{w: w, rc: http.NewResponseController(w), lines: d.lines()})
	out.begin()
	l := a.listener(h.id, 0, func(x delta) { out.part(0, x) })
	for _, id := range ids {
		if l.token(id); l.cut {
			break
		}
	}
	l.end()
	l.answer.run.Output, l.answer.finish = ids, finishStop
	if len(l.answer.calls) > 0 {
		l.answer.finish = finishCalls
	}
	u := a.usageOf([]*answer{l.answer})
	out.end([]*answer{l.answer}, u)
	return w.Body.String(), marshal(d.whole(h, []*answer{l.answer}, u)), nil
}

// Routes are what can be asked.
func Routes() []string { return slices.Sorted(maps.Keys((&Server{}).routes())) }

// TakeBiases takes a logit_bias as the API of a path does.
func TakeBiases(path, raw string) error {
	b, a := body{"logit_bias": []byte(raw)}, newAsked()
	if path != "/completion" {
		return a.takeBiases(b)
	}
	if _, err := b.takeTextBiases(); err != nil {
		return err
	}
	return a.takeBiases(b)
}

// What bodies may hold.
const (
	MaxBody   = maxBody
	MaxBodies = maxBodies
)

// CostOf is costOf.
func CostOf(raw []byte) int { return costOf(raw) }

// Reading is what the requests cost that are read.
func (s *Server) Reading() int { return s.bodies.count() }

// ReadElsewhere has other requests cost so much until leave.
func (s *Server) ReadElsewhere(cost int) (leave func()) {
	s.bodies.enter("", cost)
	return func() { s.bodies.leave("", cost) }
}

// Ping keeps a silent stream alive until ctx is done.
func Ping(ctx context.Context, w http.ResponseWriter) {
	(&events{w: w, rc: http.NewResponseController(w)}).ping(ctx)
}

// Full is full.
func (m *Listed) Full() bool { return m.full() }
