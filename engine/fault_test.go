package engine_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// ownFile is a model of several pages of memory in a file of its own, which was
// written some time ago.
func ownFile(t *testing.T) string {
	t.Helper()
	return enginetest.Aged(t, enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0, Context: 2048}), time.Hour)
}

// question is one thing that a model can be asked, of at least two steps, and
// what it answers.
type question struct {
	name string
	ask  func(context.Context, *engine.Model) (answered bool, err error)
}

func questions() []question {
	greedy := request(tinyPrompt(40, 1), 60)
	greedy.Settings.Temperature = 0
	given := engine.Run{Prompt: tinyPrompt(1000, 1), Output: tinyPrompt(4, 2), Settings: engine.Settings{MaxTokens: 4}}
	other := given
	other.Prompt = tinyPrompt(700, 3)
	return []question{
		{"Generate", func(ctx context.Context, m *engine.Model) (bool, error) {
			run, err := m.Generate(ctx, greedy, nil)
			return run.Fingerprint != [32]byte{}, err
		}},
		{"Generate with a reader", func(ctx context.Context, m *engine.Model) (bool, error) {
			run, err := m.Generate(ctx, greedy, func(engine.Token) {})
			return run.Fingerprint != [32]byte{}, err
		}},
		{"Verify", func(ctx context.Context, m *engine.Model) (bool, error) {
			report, err := m.Verify(ctx, given)
			return report.Ran() || report.Kind != "", err
		}},
		{"VerifyMany", func(ctx context.Context, m *engine.Model) (bool, error) {
			reports, err := m.VerifyMany(ctx, []engine.Run{given, other, given})
			return reports != nil, err
		}},
		{"Score", func(ctx context.Context, m *engine.Model) (bool, error) {
			scores, err := m.Score(ctx, []engine.ScoreRequest{
				{Prompt: tinyPrompt(900, 4), Continuation: tinyPrompt(90, 5)},
				{Prompt: tinyPrompt(9, 4), Continuation: tinyPrompt(90, 6)},
			})
			return scores != nil, err
		}},
		{"Embed", func(ctx context.Context, m *engine.Model) (bool, error) {
			states, err := m.Embed(ctx, [][]engine.Token{tinyPrompt(600, 7), tinyPrompt(500, 8)})
			return states != nil, err
		}},
		{"Perplexity", func(ctx context.Context, m *engine.Model) (bool, error) {
			p, err := m.Perplexity(ctx, tinyPrompt(1500, 9), 1000, -1)
			return p.Scored > 0, err
		}},
	}
}

// afterStep is an Observer that does something once, after the first step and
// before the next.
type afterStep struct {
	once sync.Once
	do   func()
}

func (a *afterStep) First(time.Duration) {}
func (a *afterStep) Stepped(engine.Step) { a.once.Do(a.do) }

// damages are what can happen to a file whose pages are mapped.
func damages() map[string]func(path string) error {
	write := func(path string, flag int, at int64) error {
		f, err := os.OpenFile(path, os.O_WRONLY|flag, 0)
		if err != nil {
			return err
		}
		if at >= 0 {
			_, err = f.WriteAt([]byte{0x55}, at)
		} else {
			_, err = f.WriteString("more")
		}
		return errors.Join(err, f.Close())
	}
	return map[string]func(path string) error{
		"cut off":            func(path string) error { return os.Truncate(path, 4096) },
		"emptied":            func(path string) error { return os.Truncate(path, 0) },
		"cut by a byte":      func(path string) error { return cutBy(path, 1) },
		"written to":         func(path string) error { return write(path, 0, 1<<15) },
		"longer":             func(path string) error { return write(path, os.O_APPEND, -1) },
		"cut and full again": func(path string) error { return errors.Join(cutBy(path, 40000), cutBy(path, -40000)) },
	}
}

func cutBy(path string, n int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()-n)
}

func TestAFileThatIsCutOffEndsCallsNotTheProcess(t *testing.T) {
	for _, cfg := range backends() {
		for _, cfg.Threads = range []int{1, 3} {
			for _, q := range questions() {
				path := ownFile(t)
				cfg.Observer = &afterStep{do: func() {
					if err := os.Truncate(path, 4096); err != nil {
						t.Error(err)
					}
				}}
				m := open(t, path, cfg)
				if answered, err := q.ask(context.Background(), m); answered || !errors.Is(err, engine.ErrFile) {
					t.Errorf("%s with %d threads, %s: answered %v, %v", cfg.ISA, cfg.Threads, q.name, answered, err)
				}
				for _, later := range questions() {
					if answered, err := later.ask(context.Background(), m); answered || !errors.Is(err, engine.ErrFile) {
						t.Errorf("%s, %s after it: answered %v, %v", cfg.ISA, later.name, answered, err)
					}
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestAFileThatIsChangedInPlaceEndsTheModel(t *testing.T) {
	for name, damage := range damages() {
		for _, cfg := range backends() {
			for _, during := range []bool{false, true} {
				path := ownFile(t)
				hurt := func() {
					if err := damage(path); err != nil {
						t.Error(err)
					}
				}
				if cfg.Observer = nil; during {
					cfg.Observer = &afterStep{do: hurt}
				}
				m := open(t, path, cfg)
				if !during {
					hurt()
				}
				for range 2 {
					for _, q := range questions()[:3] {
						if answered, err := q.ask(context.Background(), m); answered || !errors.Is(err, engine.ErrFile) {
							t.Errorf("%s, %s, during a call %v, %s: answered %v, %v", name, cfg.ISA, during, q.name, answered, err)
						}
					}
				}
			}
		}
	}
}

func TestAFileThatIsReplacedByRenamingStays(t *testing.T) {
	for _, cfg := range backends() {
		path := ownFile(t)
		r := request(tinyPrompt(40, 1), 20)
		want := generate(t, open(t, path, cfg), r)
		cfg.PrefixCache = -1
		cfg.Observer = &afterStep{do: func() {
			if err := enginetest.Write(path, enginetest.Options{Seed: 1, Type: gguf.Q8_0, Context: 2048}); err != nil {
				t.Error(err)
			}
		}}
		m := open(t, path, cfg)
		for range 2 {
			if run := generate(t, m, r); run.Fingerprint != want.Fingerprint || !slices.Equal(run.Output, want.Output) {
				t.Errorf("%s: other bits", cfg.ISA)
			}
		}
		if run := generate(t, open(t, path, engine.Config{}), r); run.Fingerprint == want.Fingerprint {
			t.Errorf("%s: the file was not replaced", cfg.ISA)
		}
	}
}

// hurtingContext does something when it is asked whether it has ended, which
// Open does between reading the numbers and the weights.
type hurtingContext struct {
	context.Context //nolint:containedctx // it is a context
	hurt            func()
}

func (c hurtingContext) Err() error {
	c.hurt()
	return c.Context.Err()
}

func TestAFileThatIsChangedWhileItIsOpenedIsRefused(t *testing.T) {
	for name, damage := range damages() {
		for _, cfg := range backends() {
			path := ownFile(t)
			cfg.Threads = 3
			ctx := hurtingContext{context.Background(), func() {
				if err := damage(path); err != nil {
					t.Error(err)
				}
			}}
			if m, err := engine.Open(ctx, path, cfg); !errors.Is(err, engine.ErrFile) || m != nil {
				t.Errorf("%s, %s: got %v, %v", name, cfg.ISA, m, err)
			}
		}
	}
}
