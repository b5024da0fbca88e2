package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
)

// eachStep is an Observer that does something after each step.
type eachStep struct {
	steps int // of the model's goroutine, until the call has ended
	do    func(step int)
}

func (o *eachStep) First(time.Duration) {}
func (o *eachStep) Stepped(engine.Step) { o.steps++; o.do(o.steps) }

func TestEveryCallEndsWithItsContextWithinOneStep(t *testing.T) {
	path := ownFile(t)
	for _, cfg := range backends() {
		for _, q := range questions() {
			ctx, cancel := context.WithCancel(context.Background())
			o := &eachStep{do: func(int) { cancel() }}
			cfg.Observer = o
			m := open(t, path, cfg)
			answered, err := q.ask(ctx, m)
			if answered || !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s: answered %v, %v", cfg.ISA, q.name, answered, err)
			}
			if answered, err := q.ask(ctx, m); answered || !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s, begun too late: answered %v, %v", cfg.ISA, q.name, answered, err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			if o.steps != 1 {
				t.Errorf("%s, %s: %d steps, want one", cfg.ISA, q.name, o.steps)
			}
		}
	}
}

func TestEveryCallEndsWithTheModel(t *testing.T) {
	path := ownFile(t)
	for _, cfg := range backends() {
		for _, q := range questions() {
			begun := make(chan struct{})
			var once sync.Once
			cfg.Observer = &eachStep{do: func(int) { once.Do(func() { close(begun) }) }}
			m := open(t, path, cfg)
			ended := make(chan error, 1)
			go func() { // asks until the model is closed
				for {
					answered, err := q.ask(context.Background(), m)
					if err == nil && answered {
						continue
					}
					if answered {
						err = errors.Join(err, errors.New("answered all the same"))
					}
					ended <- err
					return
				}
			}()
			<-begun
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			if err := <-ended; !errors.Is(err, engine.ErrClosed) {
				t.Errorf("%s, %s: got %v", cfg.ISA, q.name, err)
			}
			if answered, err := q.ask(context.Background(), m); answered || !errors.Is(err, engine.ErrClosed) {
				t.Errorf("%s, %s, closed: answered %v, %v", cfg.ISA, q.name, answered, err)
			}
		}
	}
}
