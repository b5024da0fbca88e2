package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/runfile"
)

// What happens to the server.
const (
	didWhole   = "answers read whole, whose receipts verify"
	didStream  = "streams read to the end, whose receipts verify"
	didSchema  = "answers held to a schema, whose receipts verify"
	didAbort   = "clients that went away in a stream"
	didLong    = "prompts beyond the context, refused with both numbers"
	didBroken  = "requests that are no JSON or ask what is not done, refused"
	didSlow    = "answers read slowly, whose receipts verify"
	didRefused = "answers refused for want of room, with the time to come again"
	didSwitch  = "of all these by a model that had to be opened"
)

var deeds = []string{didWhole, didStream, didSchema, didAbort, didLong, didBroken, didSlow, didRefused, didSwitch}

// errRoom says that the server has no room now.
var errRoom = errors.New("no room")

func nameOf(path string) string { return strings.TrimSuffix(filepath.Base(path), ".gguf") }

// asks are requests for a whole answer; %q is the model.
var asks = []struct{ path, body string }{
	{"/v1/completions", `{"model":%q,"prompt":"The river is","max_tokens":24,"stop":["\n\n"]}`},
	{"/v1/completions", `{"model":%q,"prompt":"Once upon a time","max_tokens":12,"n":2,"logprobs":2,"echo":true}`},
	{"/v1/completions", `{"model":%q,"prompt":"one two one two one two","max_tokens":32,"temperature":0,"frequency_penalty":0.5}`},
}

// act does one thing that a client does.
func (t *traffic) act(ctx context.Context, rng *rand.Rand) {
	m := t.models[0]
	if rng.IntN(24) == 0 {
		m = t.models[1+rng.IntN(len(t.models)-1)]
		t.happened(didSwitch, nil)
	}
	var what string
	var err error
	switch n := rng.IntN(100); {
	case n < 30:
		a := asks[rng.IntN(len(asks))]
		what = didWhole
		err = t.verified(ctx, m, a.path, a.body)
	case n < 50:
		what = didStream
		err = t.streamed(ctx, m, 16+rng.IntN(400), 1+rng.IntN(48))
	case n < 60:
		what = didSchema
		err = t.verified(ctx, m, "/v1/completions", `{"model":%q,"prompt":"A city as JSON: ","max_tokens":64,"response_format":`+
			`{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"n":{"type":"integer"},"big":{"type":"boolean"}},"required":["n","big"],"additionalProperties":false}}}}`)
	case n < 75:
		what = didAbort
		err = t.aborted(ctx, m, 16+rng.IntN(400), time.Duration(rng.IntN(400))*time.Millisecond)
	case n < 85:
		what = didLong
		err = t.tooLong(ctx, m)
	default:
		what = didBroken
		err = t.brokenJSON(ctx, rng)
	}
	if errors.Is(err, errRoom) {
		what, err = didRefused, nil
		time.Sleep(100 * time.Millisecond) // a client that comes again
	}
	t.happened(what, err)
}

// whole asks and returns the answer's id.
func (t *traffic) whole(ctx context.Context, m *opened, path, body string) (id string, err error) {
	status, text, err := t.server.do(ctx, http.MethodPost, path, fmt.Sprintf(body, m.name))
	switch {
	case err != nil:
		return "", err
	case status == http.StatusTooManyRequests:
		return "", errRoom
	case status != http.StatusOK:
		return "", fmt.Errorf("status %d: %.300s", status, text)
	}
	var a struct {
		ID string `json:"id"`
	}
	err = json.Unmarshal(text, &a)
	return a.ID, err
}

func (t *traffic) verified(ctx context.Context, m *opened, path, body string) error {
	id, err := t.whole(ctx, m, path, body)
	if err != nil {
		return err
	}
	return t.verify(ctx, m, id)
}

// verify computes an answer again, in this process.
func (t *traffic) verify(ctx context.Context, m *opened, id string) error {
	_, id, _ = strings.Cut(id, "-")
	status, text, err := t.server.get(ctx, "/v1/receipts/"+id)
	if err != nil || status != http.StatusOK {
		return errors.Join(fmt.Errorf("the receipt %q has status %d", id, status), err)
	}
	file, run, err := runfile.Parse(text)
	if err != nil {
		return err
	}
	if own := m.model.ID(); file.ModelID != fmt.Sprintf("%x", own) {
		return fmt.Errorf("the receipt is of model %s", file.ModelID)
	}
	report, err := m.model.Verify(ctx, run)
	if err == nil && !report.Equal {
		err = fmt.Errorf("the receipt %s does not verify: %s at %d", id, report.Kind, report.Position)
	}
	return err
}

// question asks a model about a piece of the text.
func (t *traffic) question(m *opened, prompt, most int) ([]byte, error) {
	t.mu.Lock()
	ids := m.prompts.next(prompt)
	t.mu.Unlock()
	return json.Marshal(map[string]any{"model": m.name, "prompt": ids, "max_tokens": most, "stream": true})
}

func (t *traffic) streamed(ctx context.Context, m *opened, prompt, most int) error {
	ask, err := t.question(m, prompt, most)
	if err != nil {
		return err
	}
	h, err := t.server.stream(ctx, ask)
	if err != nil {
		return roomOf(err)
	}
	return t.verify(ctx, m, h.id)
}

// roomOf tells a server without room from a failure.
func roomOf(err error) error {
	if err == nil {
		return nil
	}
	if strings.HasPrefix(err.Error(), "status 429") || strings.Contains(err.Error(), "rate_limit_error") {
		return errRoom
	}
	return err
}

// aborted goes away after a while, wherever the answer is then.
func (t *traffic) aborted(ctx context.Context, m *opened, prompt int, after time.Duration) error {
	ask, err := t.question(m, prompt, 512)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	_, err = t.server.stream(ctx, ask)
	if ctx.Err() != nil {
		return nil // it went away, as it was to
	}
	return roomOf(err)
}

func (t *traffic) tooLong(ctx context.Context, m *opened) error {
	most := m.model.Info().Context
	ids := make([]engine.Token, most+1)
	ask, err := json.Marshal(map[string]any{"model": m.name, "prompt": ids, "max_tokens": 1})
	if err != nil {
		return err
	}
	status, text, err := t.server.do(ctx, http.MethodPost, "/v1/completions", string(ask))
	switch {
	case err != nil:
		return err
	case status == http.StatusTooManyRequests:
		return errRoom
	case status != http.StatusBadRequest || !strings.Contains(string(text), "context_length_exceeded") ||
		!strings.Contains(string(text), fmt.Sprint(most)) || !strings.Contains(string(text), fmt.Sprint(most+1)):
		return fmt.Errorf("status %d: %.300s", status, text)
	}
	return nil
}

// broken are requests that mean nothing, or what is not done.
var broken = []struct{ path, body string }{
	{"/v1/completions", `{"prompt":"a"`},
	{"/v1/chat/completions", `[]`},
	{"/v1/chat/completions", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"a"}}]}]}`},
	{"/v1/completions", `{"prompt":[-1],"max_tokens":1}`},
	{"/v1/completions", `{"prompt":"a","max_tokens":-5}`},
	{"/v1/messages", `{"messages":3}`},
	{"/api/chat", "\x00\xff"},
	{"/v1/embeddings", `{"input":[]}`},
	{"/v1/completions", `{"prompt":"a","response_format":{"type":"json_schema","json_schema":{"schema":{"no":"such keyword"}}}}`},
	{"/v1/completions", strings.Repeat("[", 1<<16)},
}

func (t *traffic) brokenJSON(ctx context.Context, rng *rand.Rand) error {
	b := broken[rng.IntN(len(broken))]
	status, text, err := t.server.do(ctx, http.MethodPost, b.path, b.body)
	switch {
	case err != nil:
		return err
	case status == http.StatusTooManyRequests:
		return errRoom
	case status != http.StatusBadRequest:
		return fmt.Errorf("%s %.80q has status %d: %.300s", b.path, b.body, status, text)
	}
	return nil
}

// readSlowly sends a request in pieces, reads the answer in small ones, and takes
// its time between.
func (t *traffic) readSlowly(ctx context.Context) {
	what, err := didSlow, t.slowly(ctx)
	if errors.Is(err, errRoom) {
		what, err = didRefused, nil
	}
	t.happened(what, err)
}

func (t *traffic) slowly(ctx context.Context) (err error) {
	const piece, pause = 64, 50 * time.Millisecond
	c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(t.server.url, "http://"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	body := fmt.Sprintf(`{"model":%q,"prompt":"A river","max_tokens":8,"stream":true}`, t.models[0].name)
	ask := fmt.Sprintf("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for ; ask != ""; ask = ask[min(piece, len(ask)):] {
		if _, err := c.Write([]byte(ask[:min(piece, len(ask))])); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	var answer []byte
	for b := make([]byte, piece); ; time.Sleep(pause) {
		n, err := c.Read(b)
		if answer = append(answer, b[:n]...); err != nil {
			break
		}
	}
	text := string(answer)
	_, id, _ := strings.Cut(text, "\r\nX-Assay-Receipt: ")
	id, _, found := strings.Cut(id, "\r\n")
	switch {
	case strings.Contains(text, "rate_limit_error"):
		return errRoom
	case !found || !strings.Contains(text, "data: [DONE]"):
		return fmt.Errorf("a slow client heard %.300q", text)
	}
	return t.verify(ctx, t.models[0], "cmpl-"+id)
}
