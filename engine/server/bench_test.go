package server_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// What BenchmarkCost asks at once, and how much of each.
const (
	costClients = 16
	costTokens  = 160
)

// costWays are the ways in which clients ask.
var costWays = []struct{ name, path, body string }{
	{"stream", "/v1/completions", `"temperature":0`},
	{"sampled", "/v1/completions", `"temperature":0.8,"top_p":0.95,"seed":1`},
	{"schema", "/v1/completions", `"temperature":0.8,"seed":1,"response_format":{"type":"json_schema","json_schema":{"schema":` +
		`{"type":"object","properties":{"story":{"type":"string","minLength":1200}},"required":["story"]}}}`},
}

// BenchmarkCost is what a server takes of the time of decode: sixteen streams
// over HTTP on loopback, read by clients in this process. It is processor time, of
// which a profile tells who had it: so it does not matter what else the machine
// does. A cost is the share of the engine's samples; the clients' own are left
// out, and what nobody is known to have had (the collector, the scheduler of
// goroutines) counts as the server's. It needs the go command, which reads the
// profile.
func BenchmarkCost(b *testing.B) {
	ctx := b.Context()
	// One thread: what the kernels take shows in the stack of who called them.
	m, err := engine.Open(ctx, enginetest.Real(b), engine.Config{Threads: 1, PrefixCache: -1, Drafts: engine.DraftsOff})
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
	for _, way := range costWays {
		b.Run(way.name, func(b *testing.B) {
			check(b, costStream(ctx, l.Addr().String(), way.path, way.body, costPrompt(0))) // a grammar is compiled once
			path := filepath.Join(b.TempDir(), "cpu")
			f, err := os.Create(path)
			check(b, err)
			check(b, pprof.StartCPUProfile(f))
			for b.Loop() {
				var g errgroup.Group
				for i := range costClients {
					g.Go(func() error { return costStream(ctx, l.Addr().String(), way.path, way.body, costPrompt(i)) })
				}
				if err := g.Wait(); err != nil {
					pprof.StopCPUProfile()
					b.Fatal(err)
				}
			}
			pprof.StopCPUProfile()
			check(b, f.Close())
			of := samplesOf(b, path)
			decode := float64(of["engine"])
			for _, who := range []string{"server", "sampling", "runtime"} {
				b.ReportMetric(100*float64(of[who])/decode, "%-"+who)
			}
			all := float64(of["server"] + of["sampling"] + of["runtime"])
			b.ReportMetric(100*all/decode, "%-cost")
			b.ReportMetric(100*math.Sqrt(all)/decode, "±")
			b.ReportMetric(decode, "samples")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// costPrompt is one token, another for each client.
func costPrompt(i int) []engine.Token { return []engine.Token{engine.Token(1000 + 100*i)} }

// costStream reads streams to their ends until they have costTokens together, for
// a model ends some answers before. All that a client does is in its stack.
func costStream(ctx context.Context, address, path, ask string, prompt []engine.Token) error {
	for left := costTokens; left > 0; {
		body := fmt.Sprintf(`{"prompt":[%d],"max_tokens":%d,"stream":true,"stream_options":{"include_usage":true},%s}`, prompt[0], left, ask)
		text, err := costAsk(ctx, address, path, body)
		if err != nil {
			return err
		}
		_, counted, _ := strings.Cut(text, `"completion_tokens":`)
		var n int
		if _, err := fmt.Sscanf(counted, "%d", &n); err != nil || n < 1 || !strings.Contains(text, "data: [DONE]") {
			return fmt.Errorf("a stream ends with %.300q", text[max(0, len(text)-300):])
		}
		left -= n
	}
	return nil
}

func costAsk(ctx context.Context, address, path, body string) (string, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body); err != nil {
		return "", err
	}
	text, err := io.ReadAll(c)
	return string(text), err
}

// costOf says to whom the time of a function counts, by what its name holds; the
// first function of a stack that is listed decides, from the innermost on.
var costOf = []struct{ name, who string }{
	{"/engine/server_test.", "client"},
	{"/engine/server.", "server"},
	{"/engine/server/", "server"},
	{"engine.(*generation).follow", "server"}, // hands tokens to it
	{"/engine/grammar.", "sampling"},
	{"/engine/arith.", "sampling"},
	{"/engine/form.", "sampling"},
	{"engine.Settings.choose", "sampling"},
	{"engine.(*follower)", "sampling"},
	{"engine.follower", "sampling"},
	{"/assay/engine", "engine"},
	{"net/http.", "server"},
	{"net.", "server"},
}

// samplesOf counts the samples of a profile by who had them.
func samplesOf(b *testing.B, path string) map[string]int {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), "go", "tool", "pprof", "-traces", "-sample_index=samples", path).Output()
	check(b, err)
	of := map[string]int{}
	_, text, _ := strings.Cut(string(out), "-----------+")
	for stack := range strings.SplitSeq(text, "-----------+") {
		_, stack, _ = strings.Cut(stack, "\n") // the rest of the rule
		count, names, found := strings.Cut(strings.TrimSpace(stack), " ")
		if !found {
			continue
		}
		n, err := strconv.Atoi(count)
		check(b, err)
		of[whoseIs(names)] += n
	}
	return of
}

func whoseIs(names string) string {
	for name := range strings.Lines(names) {
		for _, x := range costOf {
			if strings.Contains(strings.TrimSpace(name), x.name) {
				return x.who
			}
		}
	}
	return "runtime"
}
