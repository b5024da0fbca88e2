package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/sched"
)

// oracleDrafter guesses up to most tokens of one sequence, whose answer it knows.
type oracleDrafter struct {
	r      *rand.Rand
	kind   string
	most   int
	answer []engine.Token
	made   int
}

// The kinds of guesses.
var draftKinds = []string{"right", "wrong", "half", "ends", "fails", "outside"}

func (d *oracleDrafter) Add(engine.Token) { d.made++ }

func (d *oracleDrafter) Close() {}

func (d *oracleDrafter) Guess(most int, _ sched.Terms) (tokens []engine.Token, likely []float64) {
	for i := range min(most, d.most) {
		id, right := engine.Token(20+d.r.IntN(200)), engine.Token(2)
		if at := d.made + i; at < len(d.answer) {
			right = d.answer[at]
		}
		switch d.kind {
		case "right":
			id = right
		case "half":
			if d.r.IntN(2) == 0 {
				id = right
			}
		case "ends": // with a stop token, right or not
			if id = right; i == d.most/2 {
				id = 2
			}
		case "fails":
			if id = right; i == d.most/2 {
				id = 77
			}
		case "outside": // of the vocabulary
			if id = right; i == d.most-1 {
				id = 1 << 30
			}
		}
		tokens, likely = append(tokens, id), append(likely, 1)
	}
	return tokens, likely
}

// TestDraftsChangeNoBit answers the same requests without guesses and with up to
// eight of every kind, each alone and all together, with prompts that were seen
// and that were not, on all backends: equal runs, and as many tokens counted.
func TestDraftsChangeNoBit(t *testing.T) {
	const n = 24
	path := enginetest.Tiny(t, enginetest.Options{Type: gguf.Q4_1, FailToken: 77})
	r := rand.New(rand.NewPCG(15, 5))
	requests := companyRequests(r, n)
	for i := range requests { // what was chosen decides what is, guessed or not
		x := &requests[i]
		if i%3 == 0 {
			x.Settings.Shaping = engine.Shaping{Repetition: 1.25, Frequency: 0.5, Presence: 0.25, Biases: []engine.Bias{{Token: 30, Add: 2}}}
		}
		if x.LogProbs = i%4 == 1; x.LogProbs {
			x.TopLogProbs = 3
		}
	}
	plain := open(t, path, engine.Config{Threads: 1, PrefixCache: -1, Backend: engine.BackendReference, Drafts: engine.DraftsOff})
	want, fails := make([]engine.Run, n), make([]error, n)
	tokens := 0 // that are continued: all thrice for some, see below
	for i, x := range requests {
		before := plain.Stats().Continued
		want[i], fails[i] = plain.Generate(context.Background(), x, nil)
		if tokens += int(plain.Stats().Continued - before); i < n/4 {
			tokens += 2 * int(plain.Stats().Continued-before)
		}
	}
	all := append(backends(), engine.Config{Backend: engine.BackendNative})
	for k, cfg := range all {
		drafted := func(kind string, most int, seed uint64) *engine.Model {
			cfg := cfg
			cfg.Threads, cfg.Drafts = 1+k%3, engine.DraftsAlways
			return open(t, path, engine.WithDrafter(cfg, func(prompt []engine.Token) engine.Drafter {
				for i, x := range requests {
					if reflect.DeepEqual(x.Prompt, prompt) {
						return &oracleDrafter{r: rand.New(rand.NewPCG(seed, uint64(i))), kind: kind, most: most, answer: want[i].Output}
					}
				}
				t.Error("an answer to what nobody asked")
				return nil
			}))
		}
		for i, kind := range draftKinds {
			most := 1 + (k+3*i)%8
			if slow := k < 2; slow && i%2 != k%2 {
				continue
			}
			t.Run(cfg.Backend+" "+cfg.ISA+" "+kind, func(t *testing.T) {
				m := drafted(kind, most, uint64(k))
				for i, x := range requests[:n/4] { // alone, first with a cold cache and then with a warm one
					for range 2 {
						sameRun(t, m, x, want[i], fails[i])
					}
				}
				var wg sync.WaitGroup
				for i, x := range requests {
					wg.Go(func() { sameRun(t, m, x, want[i], fails[i]) })
				}
				wg.Wait()
				checkDraftStats(t, m, kind, most, tokens)
			})
		}
	}
}

func sameRun(t *testing.T, m *engine.Model, r engine.Request, want engine.Run, fails error) {
	t.Helper()
	run, err := m.Generate(context.Background(), r, nil)
	var a, b *engine.FailedError
	if errors.As(fails, &a) != errors.As(err, &b) || a != nil && *a != *b || (err == nil) != (fails == nil) {
		t.Errorf("got %v, want %v", err, fails)
	}
	if !reflect.DeepEqual(run, want) {
		t.Errorf("got %v, want %v", run.Output, want.Output)
	}
}

// checkDraftStats compares what a model counted with what came of it.
func checkDraftStats(t *testing.T, m *engine.Model, kind string, most, tokens int) {
	t.Helper()
	x := m.Stats()
	if int(x.Continued) != tokens || x.Running+x.Queued != 0 || x.KVBytes != x.KVKept || x.Accepted > x.Drafted {
		t.Errorf("%d tokens: got %+v", tokens, x)
	}
	// The answers of two requests end with a failure, behind which nothing is right.
	if kind == "right" && (x.Drafted > x.Accepted+10 || most > 2 && int(x.Accepted) < tokens/2) || kind == "wrong" && x.Accepted > x.Drafted/20 {
		t.Errorf("%s guesses: got %+v", kind, x)
	}
}

// TestLookupChangesNoBit: greedy and drawn answers of prompts that repeat
// themselves, with the guesses that users have, tried always and where they pay.
func TestLookupChangesNoBit(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0})
	var requests []engine.Request
	for i := range 12 {
		one := tinyPrompt(15+i, i)
		x := request(append(append(one, one...), one[:5]...), 60)
		if i%3 > 0 {
			x.Settings.Temperature, x.Settings.TopK = 0.2, 3
		}
		if i%2 == 0 {
			x.Settings.Temperature = 0
		}
		requests = append(requests, x)
	}
	plain := open(t, path, engine.Config{Drafts: engine.DraftsOff})
	want := make([]engine.Run, len(requests))
	for i, x := range requests {
		want[i] = generate(t, plain, x)
	}
	if x := plain.Stats(); x.Drafted != 0 {
		t.Errorf("drafts are off, and %d were tried", x.Drafted)
	}
	for _, mode := range []string{engine.DraftsAlways, engine.DraftsAuto} {
		m := open(t, path, engine.Config{Drafts: mode})
		var wg sync.WaitGroup
		for i, x := range requests {
			sameRun(t, m, x, want[i], nil)
			wg.Go(func() { sameRun(t, m, x, want[i], nil) })
		}
		wg.Wait()
		if x := m.Stats(); mode == engine.DraftsAlways && (x.Drafted == 0 || x.Accepted == 0 || x.Accepted == x.Drafted) {
			t.Errorf("got %+v", x)
		}
	}
	if _, err := engine.Open(context.Background(), path, engine.Config{Drafts: "perhaps"}); !errors.Is(err, engine.ErrRequest) {
		t.Errorf("drafts that are neither on nor off: %v", err)
	}
}

// TestAnAnswerIsCutWhereItsReaderSays: a reader that ends its context in the
// middle of what one step has made gets that much and no token more.
func TestAnAnswerIsCutWhereItsReaderSays(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	x := request(tinyPrompt(30, 1), 40)
	want := generate(t, open(t, path, engine.Config{Drafts: engine.DraftsOff}), x)
	m := open(t, path, engine.WithDrafter(engine.Config{Drafts: engine.DraftsAlways}, func([]engine.Token) engine.Drafter {
		return &oracleDrafter{r: rand.New(rand.NewPCG(1, 1)), kind: "right", most: 8, answer: want.Output}
	}))
	for at := 1; at < len(want.Output); at++ {
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		run, err := m.Generate(ctx, x, func(engine.Token) {
			if seen++; seen == at {
				cancel()
			}
		})
		cancel()
		if seen != at || !errors.Is(err, context.Canceled) || !reflect.DeepEqual(run.Output, want.Output[:at]) || !reflect.DeepEqual(run.Leaves, want.Leaves[:at]) {
			t.Errorf("cut at %d: %d seen, %v, %d tokens, %d leaves", at, seen, err, len(run.Output), len(run.Leaves))
		}
	}
}
