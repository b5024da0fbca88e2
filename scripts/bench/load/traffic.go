package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/server/shelf"
)

// The traffic's shape.
const (
	rounds    = 10   // after each all is still, and memory is looked at
	receipts  = 1024 // that a server keeps
	settled   = 3    // rounds after which memory is to stay as it is
	mostGrows = 1.05 // of it
	restWait  = 10 * time.Second
)

// traffic is who meets the server, and how long.
type traffic struct {
	assay   string
	threads int
	seed    uint64
	length  time.Duration
	slow    int // clients that read slowly
	quick   int // clients that do all the rest

	server *server
	models []*opened
	mu     sync.Mutex
	did    map[string]int // guarded by mu: what happened, how often
	failed []error        // guarded by mu
}

// opened is a model that is served, open here as well, to verify receipts.
type opened struct {
	name    string
	model   *engine.Model
	need    int64
	prompts *prompts // only used where mu of traffic is held
}

func (t *traffic) run(ctx context.Context, out io.Writer, paths []string) (err error) {
	if len(paths) < 2 || t.length < rounds*time.Second || t.quick < 1 || t.slow < 0 {
		return errors.New("traffic needs two models at least, ten seconds, and a client")
	}
	t.did = map[string]int{}
	defer func() {
		for _, m := range t.models {
			err = errors.Join(err, m.model.Close())
		}
	}()
	var most, least int64
	for i, path := range paths {
		m, err := t.open(ctx, path)
		if err != nil {
			return err
		}
		if most = max(most, m.need); i == 0 || m.need < least {
			least = m.need
		}
	}
	// Room for the largest, and for no two.
	room := strconv.FormatFloat(float64(most+least/2)/(1<<30), 'f', -1, 64)
	if t.server, err = startOurs(ctx, t.assay, t.threads, paths, "--memory", room); err != nil {
		return err
	}
	memory, fresh, err := t.rounds(ctx, out)
	err = errors.Join(err, t.server.stop())
	if said := t.server.said.String(); strings.Contains(said, "panic") {
		err = errors.Join(err, fmt.Errorf("the server panicked:\n%s", said))
	}
	if err := t.print(out); err != nil {
		return err
	}
	return errors.Join(append(t.failed, err, leaks(out, memory, fresh))...)
}

func (t *traffic) open(ctx context.Context, path string) (*opened, error) {
	about, err := shelf.Describe(path)
	if err != nil {
		return nil, err
	}
	p, err := newPrompts(path, t.seed)
	if err != nil {
		return nil, err
	}
	m, err := engine.Open(ctx, path, engine.Config{Threads: t.threads})
	if err != nil {
		return nil, err
	}
	o := &opened{nameOf(path), m, about.Need, p}
	t.models = append(t.models, o)
	return o, nil
}

// rounds lets the traffic run, and returns the memory after each round once the
// server has as many receipts as it keeps, for until then it has to grow: as it is
// then, and once all models were closed, and the first is open anew. The latter
// holds no keys and values of past sequences, so what was lost shows sooner.
func (t *traffic) rounds(ctx context.Context, out io.Writer) (memory, fresh []int64, err error) {
	for first, i := 0, 0; i < first+rounds; i++ {
		t.round(ctx, uint64(i))
		if t.broken() || ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		n, err := t.memoryAtRest(ctx, t.models[0])
		if err != nil {
			return nil, nil, err
		}
		anew, err := t.memoryAtRest(ctx, t.models[1], t.models[0])
		if err != nil {
			return nil, nil, err
		}
		what := fmt.Sprintf("round %d of %d", i+1-first, rounds)
		if made := t.made(); made < receipts {
			first, what = i+1, fmt.Sprintf("with %d receipts of %d", made, receipts)
		} else {
			memory, fresh = append(memory, n), append(fresh, anew)
		}
		if _, err := fmt.Fprintf(out, "%s: %.1f MB in use, %.1f MB with the model opened anew\n", what, float64(n)/1e6, float64(anew)/1e6); err != nil {
			return nil, nil, err
		}
	}
	return memory, fresh, nil
}

// round lets all clients ask for a while.
func (t *traffic) round(ctx context.Context, i uint64) {
	until, cancel := context.WithTimeout(ctx, t.length/rounds)
	defer cancel()
	var wg sync.WaitGroup
	for c := range t.quick {
		rng := rand.New(rand.NewPCG(t.seed, i*uint64(t.quick)+uint64(c)))
		wg.Go(func() {
			for until.Err() == nil && !t.broken() {
				t.act(ctx, rng)
			}
		})
	}
	for range t.slow {
		wg.Go(func() {
			for until.Err() == nil && !t.broken() {
				t.readSlowly(ctx)
			}
		})
	}
	wg.Wait()
}

// made is how many receipts were made, at least.
func (t *traffic) made() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, what := range []string{didWhole, didStream, didSchema, didSlow} {
		n += t.did[what]
	}
	return n
}

// memoryAtRest has models open, the last one at the end, and returns the memory
// when nothing is in the making.
func (t *traffic) memoryAtRest(ctx context.Context, models ...*opened) (int64, error) {
	for _, m := range models {
		if err := t.rest(ctx, m); err != nil {
			return 0, err
		}
	}
	return t.server.memory()
}

// rest waits until no answer is in the making, and has a model be the one that is
// open.
func (t *traffic) rest(ctx context.Context, m *opened) error {
	if _, err := t.whole(ctx, m, "/v1/completions", `{"model":%q,"prompt":"A river","max_tokens":1,"temperature":0}`); err != nil {
		return err
	}
	for end := time.Now().Add(restWait); ; time.Sleep(10 * time.Millisecond) {
		_, metrics, err := t.server.get(ctx, "/metrics")
		if err != nil {
			return err
		}
		_, slots, err := t.server.get(ctx, "/slots")
		if err != nil {
			return err
		}
		if strings.Contains(string(metrics), "\nassay_server_answers 0\n") && !strings.Contains(string(slots), `"is_processing":true`) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%v after the last client was answered or gone, answers are in the making still: %s", restWait, slots)
		}
	}
}

// grown tells of memory before and after, in bytes; it is an error where it grows.
func grown(out io.Writer, what string, before, after float64) error {
	if _, err := fmt.Fprintf(out, "%s: %.1f MB, at the end %.1f MB: %+.1f %%\n", what, before/1e6, after/1e6, 100*(after/before-1)); err != nil {
		return err
	}
	if after > before*mostGrows {
		return fmt.Errorf("%s grew from %.1f to %.1f MB", what, before/1e6, after/1e6)
	}
	return nil
}

// leaks looks whether memory grows. What is in use when a round ends depends on
// what the last sequences left and on when the collector last came, up to the
// bounds of both, so the most of some rounds is compared with the most of others;
// a model just opened has nothing of that, and means are.
func leaks(out io.Writer, memory, fresh []int64) error {
	if len(memory) < rounds {
		return nil
	}
	return errors.Join(
		grown(out, "the most memory in use", float64(slices.Max(memory[:rounds/2])), float64(slices.Max(memory[rounds/2:]))),
		grown(out, "memory of a model just opened", mean(fresh[settled:2*settled]), mean(fresh[rounds-settled:])))
}

func mean(list []int64) (sum float64) {
	for _, n := range list {
		sum += float64(n) / float64(len(list))
	}
	return sum
}

// happened counts, and keeps what went wrong.
func (t *traffic) happened(what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.did[what]++
	if err != nil {
		t.failed = append(t.failed, fmt.Errorf("%s: %w", what, err))
	}
}

func (t *traffic) broken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failed) > 0
}

func (t *traffic) print(out io.Writer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, what := range deeds {
		if _, err := fmt.Fprintf(out, "%6d  %s\n", t.did[what], what); err != nil {
			return err
		}
	}
	return nil
}
