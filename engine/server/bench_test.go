package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// What BenchmarkCost asks at once, and how much of each.
const (
	costClients = 16
	costTokens  = 64
)

// costWays are the ways in which clients ask, beside the engine alone, which
// takes the likeliest token.
var costWays = []struct{ name, path, body string }{
	{"stream", "/v1/completions", `"temperature":0`},
	{"sampled", "/v1/completions", `"temperature":0.8,"top_p":0.95,"seed":1`},
	{"schema", "/v1/completions", `"temperature":0.8,"seed":1,"response_format":{"type":"json_schema","json_schema":{"schema":` +
		`{"type":"object","properties":{"story":{"type":"string","minLength":400}},"required":["story"]}}}`},
}

// BenchmarkCost is what a server takes of the time of decode: sixteen streams of
// 64 tokens over HTTP on loopback, read by clients in this process, beside the
// same sixteen sequences by the engine alone, in turns. A cost is the share of the
// time of a token, of the quickest round of each, for others only slow a round
// down.
func BenchmarkCost(b *testing.B) {
	ctx := b.Context()
	m, err := engine.Open(ctx, enginetest.Real(b), engine.Config{Threads: 2, PrefixCache: -1, Drafts: engine.DraftsOff})
	check(b, err)
	defer func() { check(b, m.Close()) }()
	s, err := server.New(server.Config{Models: []server.Model{{Name: "real", Engine: m}}, Logger: zerolog.Nop()})
	check(b, err)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	check(b, err)
	served, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(served, l) }()
	defer func() { stop(); check(b, <-ended) }()
	url := "http://" + l.Addr().String()
	best := make([]float64, 1+len(costWays)) // tokens a second
	for b.Loop() {
		best[0] = max(best[0], costRate(func(i int) (int, error) {
			r := engine.Request{Prompt: costPrompt(i), Settings: engine.Settings{MaxTokens: costTokens}}
			run, err := m.Generate(ctx, r, nil)
			return len(run.Output), err
		}, b))
		for k, way := range costWays {
			best[1+k] = max(best[1+k], costRate(func(i int) (int, error) { return costStream(ctx, url+way.path, way.body, costPrompt(i)) }, b))
		}
	}
	b.ReportMetric(best[0], "tokens/s")
	for k, way := range costWays {
		b.ReportMetric(100*(best[0]/best[1+k]-1), "%-"+way.name)
	}
}

// costPrompt is one token, another for each client.
func costPrompt(i int) []engine.Token { return []engine.Token{engine.Token(1000 + 100*i)} }

// costRate has all clients ask at once, and returns the tokens a second.
func costRate(ask func(i int) (int, error), b *testing.B) float64 {
	b.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	tokens, failed := 0, error(nil)
	began := time.Now()
	for i := range costClients {
		wg.Go(func() {
			n, err := ask(i)
			mu.Lock()
			defer mu.Unlock()
			if tokens += n; err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	check(b, failed)
	return float64(tokens) / took.Seconds()
}

// costStream reads a stream and returns how many tokens it has, by its usage.
func costStream(ctx context.Context, url, ask string, prompt []engine.Token) (int, error) {
	body := fmt.Sprintf(`{"prompt":[%d],"max_tokens":%d,"stream":true,"stream_options":{"include_usage":true},%s}`, prompt[0], costTokens, ask)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	_, counted, found := strings.Cut(string(text), `"completion_tokens":`)
	var n int
	if _, err := fmt.Sscanf(counted, "%d", &n); err != nil || !found {
		return 0, fmt.Errorf("a stream ends with %.300q", text[max(0, len(text)-300):])
	}
	return n, nil
}
