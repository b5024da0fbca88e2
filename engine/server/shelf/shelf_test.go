package shelf_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server/shelf"
)

// patience is how long a test waits for what comes in milliseconds, or never.
const patience = 2 * time.Minute

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a shelf of tiny models, each of which counts as one byte, and how
// often each was opened and closed.
type world struct {
	shelf          *shelf.Shelf
	opened, closed map[string]*atomic.Int32
}

func newWorld(t *testing.T, cfg shelf.Config, names ...string) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	check(t, enginetest.Write(path, enginetest.Options{}))
	w := &world{opened: map[string]*atomic.Int32{}, closed: map[string]*atomic.Int32{}}
	for _, name := range names {
		w.opened[name], w.closed[name] = new(atomic.Int32), new(atomic.Int32)
		cfg.Specs = append(cfg.Specs, shelf.Spec{
			Name: name, About: shelf.About{Need: 1}, Pinned: name == "pinned",
			Open: func(ctx context.Context) (*engine.Model, error) {
				if w.opened[name].Add(1); name == "broken" {
					return nil, errors.New("it is broken")
				}
				return engine.Open(ctx, path, engine.Config{Threads: 1})
			},
			Closed: func() { w.closed[name].Add(1) },
		})
	}
	var err error
	w.shelf, err = shelf.New(t.Context(), cfg)
	check(t, err)
	t.Cleanup(func() { check(t, w.shelf.Close()) })
	return w
}

// answer uses a model.
func answer(t *testing.T, m *shelf.Lent) {
	t.Helper()
	_, err := m.Engine.Generate(t.Context(), engine.Request{Prompt: []engine.Token{40, 41}, Settings: engine.Settings{MaxTokens: 2}}, nil)
	check(t, err)
}

// TestManyFirstRequestsLoadOnce, and all of them are answered.
func TestManyFirstRequestsLoadOnce(t *testing.T) {
	w := newWorld(t, shelf.Config{}, "a")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			m, back, err := w.shelf.Take(context.Background(), "a")
			if err != nil {
				t.Error(err)
				return
			}
			defer back()
			answer(t, m)
		})
	}
	all.Wait()
	if n := w.opened["a"].Load(); n != 1 {
		t.Errorf("opened %d times", n)
	}
}

// TestALoadWaitsForAnAnswer that runs, and takes the room of what nobody uses,
// the longest unused first; what is pinned stays.
func TestALoadWaitsForAnAnswer(t *testing.T) {
	w := newWorld(t, shelf.Config{Limit: 3}, "a", "b", "c", "pinned")
	take := func(name string) (*shelf.Lent, func()) {
		m, back, err := w.shelf.Take(t.Context(), name)
		check(t, err)
		return m, back
	}
	_, unpin := take("pinned")
	unpin()
	a, backA := take("a")
	b, backB := take("b")
	waits := make(chan func())
	go func() {
		_, back, err := w.shelf.Take(context.Background(), "c")
		if err != nil {
			t.Error(err)
		}
		waits <- back
	}()
	answer(t, a)
	answer(t, b)
	if w.opened["c"].Load() != 0 {
		t.Errorf("there was no room, and c was opened")
	}
	backB()
	(<-waits)()
	if w.closed["b"].Load() != 1 || w.closed["a"].Load() != 0 || w.closed["pinned"].Load() != 0 {
		t.Errorf("closed: a %d, b %d, pinned %d times", w.closed["a"].Load(), w.closed["b"].Load(), w.closed["pinned"].Load())
	}
	answer(t, a)
	backA()
	_, back := take("b") // c was given back before a, so c goes
	back()
	if w.closed["a"].Load() != 0 || w.closed["c"].Load() != 1 {
		t.Errorf("closed: a %d, c %d times", w.closed["a"].Load(), w.closed["c"].Load())
	}
}

// untilLentNoMore returns when a model is lent to nobody, as another's load waits
// for its room.
func (w *world) untilLentNoMore(t *testing.T, name string) {
	t.Helper()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		_, back, err := w.shelf.Take(gone, name)
		if err != nil {
			return
		}
		back()
		runtime.Gosched()
	}
}

// TestALoadDoesNotWaitForEver: what is in its way is lent to nobody else meanwhile.
func TestALoadDoesNotWaitForEver(t *testing.T) {
	w := newWorld(t, shelf.Config{Limit: 1}, "a", "b")
	_, first, err := w.shelf.Take(t.Context(), "a")
	check(t, err)
	got := make(chan error, 1)
	go func() {
		_, back, err := w.shelf.Take(context.Background(), "b")
		if err == nil {
			back()
		}
		got <- err
	}()
	w.untilLentNoMore(t, "a")
	first()
	check(t, <-got)
	_, back, err := w.shelf.Take(t.Context(), "a")
	check(t, err)
	back()
	if w.opened["a"].Load() != 2 || w.opened["b"].Load() != 1 {
		t.Errorf("opened: a %d, b %d times", w.opened["a"].Load(), w.opened["b"].Load())
	}
}

// TestWhoeverGivesUpWaitingLeavesNothing behind.
func TestWhoeverGivesUpWaitingLeavesNothing(t *testing.T) {
	w := newWorld(t, shelf.Config{Limit: 1}, "a", "b")
	_, back, err := w.shelf.Take(t.Context(), "a")
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.shelf.Take(ctx, "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	back()
	_, back, err = w.shelf.Take(t.Context(), "b")
	check(t, err)
	back()
}

// TestALoadEndsWithTheLastThatWantsIt: while it waited for room, nobody was lent
// what stood in its way; once nobody wants it, everybody is.
func TestALoadEndsWithTheLastThatWantsIt(t *testing.T) {
	w := newWorld(t, shelf.Config{Limit: 1}, "a", "b")
	_, first, err := w.shelf.Take(t.Context(), "a")
	check(t, err)
	wanting, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, _, err := w.shelf.Take(wanting, "b")
		ended <- err
	}()
	w.untilLentNoMore(t, "a")
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, second, err := w.shelf.Take(soon, "a")
	check(t, err)
	first()
	second()
	if w.opened["a"].Load() != 1 || w.closed["a"].Load() != 0 || w.opened["b"].Load() != 0 {
		t.Errorf("opened: a %d, b %d times; closed: a %d", w.opened["a"].Load(), w.opened["b"].Load(), w.closed["a"].Load())
	}
}

// TestTwoThatNeedOneRoomTakeTurns: whoever waited for a load gets the model,
// though another waits for its room.
func TestTwoThatNeedOneRoomTakeTurns(t *testing.T) {
	w := newWorld(t, shelf.Config{Limit: 1}, "a", "b")
	soon, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for round := range int32(8) {
		var both sync.WaitGroup
		for _, name := range []string{"a", "b"} {
			both.Go(func() {
				m, back, err := w.shelf.Take(soon, name)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				defer back()
				answer(t, m)
			})
		}
		both.Wait()
		if a, b := w.opened["a"].Load(), w.opened["b"].Load(); a > round+1 || b > round+1 {
			t.Fatalf("opened for %d rounds: a %d, b %d times", round+1, a, b)
		}
	}
}

// TestWhatFailsIsTriedAgain by the next one that asks, and each is told why.
func TestWhatFailsIsTriedAgain(t *testing.T) {
	w := newWorld(t, shelf.Config{}, "broken")
	for range 2 {
		if _, _, err := w.shelf.Take(t.Context(), "broken"); err == nil || err.Error() != "it is broken" {
			t.Errorf("got %v", err)
		}
	}
	if n := w.opened["broken"].Load(); n != 2 {
		t.Errorf("tried %d times", n)
	}
	if _, _, err := w.shelf.Take(t.Context(), "nothing"); !errors.Is(err, shelf.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

// TestWhatIsIdleIsClosed, and opened again when it is asked for: once for each
// that asks, for it waits for whoever waited for it, however short Idle is.
func TestWhatIsIdleIsClosed(t *testing.T) {
	w := newWorld(t, shelf.Config{Idle: 1}, "a")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.shelf.Run(ctx) }()
	for round := range int32(2) {
		m, back, err := w.shelf.Take(t.Context(), "a")
		check(t, err)
		answer(t, m)
		if opened, closed := w.opened["a"].Load(), w.closed["a"].Load(); opened != round+1 || closed != round {
			t.Errorf("opened %d times, closed %d while it is used", opened, closed)
		}
		back()
		for deadline := time.Now().Add(patience); w.closed["a"].Load() == round; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it is not closed")
			}
		}
	}
	stop()
	check(t, <-ended)
}

func TestModelsThatNeverFitAreRefused(t *testing.T) {
	open := func(context.Context) (*engine.Model, error) { return nil, errors.New("not reached") }
	specs := []shelf.Spec{{Name: "a", About: shelf.About{Need: 2}, Pinned: true, Open: open}, {Name: "b", About: shelf.About{Need: 2}, Open: open}}
	if _, err := shelf.New(t.Context(), shelf.Config{Specs: specs, Limit: 3}); !errors.Is(err, shelf.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := shelf.New(t.Context(), shelf.Config{Specs: append(specs, specs[0])}); !errors.Is(err, shelf.ErrConfig) {
		t.Errorf("two of a name: %v", err)
	}
	if _, err := shelf.New(t.Context(), shelf.Config{}); !errors.Is(err, shelf.ErrConfig) {
		t.Errorf("none: %v", err)
	}
}

// TestWhatIsClosedIsGivenBack, and not when the collector comes along: here it
// never does.
func TestWhatIsClosedIsGivenBack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	w := newWorld(t, shelf.Config{Limit: 1}, "a", "b")
	gone := make(chan struct{})
	take := func(name string, opened func(*engine.Model)) {
		m, back, err := w.shelf.Take(t.Context(), name)
		check(t, err)
		defer back()
		answer(t, m)
		opened(m.Engine)
	}
	take("a", func(m *engine.Model) { runtime.AddCleanup(m, func(c chan struct{}) { close(c) }, gone) })
	take("b", func(*engine.Model) {})
	select {
	case <-gone:
	case <-time.After(patience):
		t.Errorf("%v after another model took its room, one that was closed is in memory still", patience)
	}
}
