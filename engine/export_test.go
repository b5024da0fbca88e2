package engine

import (
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/weights"
)

// OnGPUs is a Config on the devices of a driver.
func OnGPUs(cfg Config, d cuda.Driver) Config {
	cfg.gpus = d
	return cfg
}

// Drafter guesses the next tokens of one sequence.
type Drafter = drafter

// WithDrafter is a Config whose answers are guessed by what f makes for each.
func WithDrafter(cfg Config, f func(prompt []Token) Drafter) Config {
	cfg.drafter = func(prompt []Token, _ int) drafter { return f(prompt) }
	return cfg
}

// DevicesOf lists the devices of a driver.
var DevicesOf = devices

// CacheBytes is the memory of all keys and values that the native backend has,
// in use or not; 0 of another backend.
func (m *Model) CacheBytes() int64 {
	if b, ok := m.backend.Backend.(*native.Backend); ok {
		return b.CacheBytes()
	}
	return 0
}

// OpenReference makes the reference's backend alone.
func OpenReference(f *gguf.File, w *weights.Model, threads int) (backend.Backend, error) {
	b, _, err := openReference(f, w, Config{Threads: threads})
	return b, err
}

// Spy has look see the pieces of each step before the backend does; it is
// called before any other.
func (m *Model) Spy(look func([]*backend.Piece) error) {
	m.backend.Backend = spy{m.backend.Backend, look}
}

type spy struct {
	backend.Backend
	look func([]*backend.Piece) error
}

func (s spy) Step(pieces []*backend.Piece) error {
	if err := s.look(pieces); err != nil {
		return err
	}
	return s.Backend.Step(pieces)
}

// SecondsWorth is how many tokens a second model is asked for that has been right
// in right of tried guesses and takes so many seconds for one, where a Lookup's are
// likely so, and left tokens may come.
func SecondsWorth(right, tried, step float64, likely []float64, left int, t sched.Terms) int {
	s := &second{context: 1 << 20, step: step}
	d := &seconded{s: s, right: right, tried: tried, left: left, tokens: make([]Token, 100), rest: firstRest}
	return d.worth(maxSecond, likely, t)
}

// SecondTimes is what a second model is thought to take for one token, and for each
// of many, after steps of so many tokens that took so many seconds, and so often
// being too slow; it has a tenth of the first model's bytes, a step of which takes
// a second.
func SecondTimes(tokens []int, seconds []float64, slow int) (step, read float64) {
	s := &second{share: 0.1}
	for i, n := range tokens {
		s.learn(n, seconds[i])
	}
	for range slow {
		s.fade()
	}
	return s.times(1)
}

// SecondChunk is how many tokens of a prompt a second model of that budget reads in
// a step that continues so many sequences.
func SecondChunk(budget, sequences int) int {
	return (&second{backend: &faithful{Backend: budgeted{budget: budget}}}).chunk(sequences)
}

type budgeted struct {
	backend.Backend
	budget int
}

func (b budgeted) Budget() int { return b.budget }
