package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/draft"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/engine/weights"
)

// A second, smaller model guesses what the first will answer (Leviathan et al.,
// arXiv:2211.17192; here the first one's choices alone count, so that no bit
// changes). It is asked step by step, each for its likeliest token, while the
// first one waits. So it must be right often enough and much quicker, which
// depends on machine, models, text and company; what it takes is measured, what
// is right is counted, sequence by sequence, and it is asked for as many tokens
// as give the most for the time: none, where that is slower than what a Lookup
// foresees for nothing. A sequence that does without it asks anew now and then.

const (
	// maxDrafted is of how many sequences at once the second model keeps keys and
	// values: with more of them a step has enough rows without guesses.
	maxDrafted = 4
	// maxSecond is how many tokens it guesses before they are tried.
	maxSecond = 8
	// hoped is how many guesses of it are thought right before any was tried, and
	// hopedWeight how many tried ones that counts for.
	hoped, hopedWeight = 0.75, 4
	// secondMemory is how many guesses are remembered, about.
	secondMemory = 32
	// chunkShare is the part of a step's tokens that it reads of prompts while
	// sequences wait for their next token, all of them together: as the first
	// model does (package sched).
	chunkShare = 4
	// forget is the part of what it is thought to take that fades each time that
	// it is too slow to be asked: the machine may have had other work.
	forget = 1.0 / 4096
	// readShare is what reading one of many tokens takes, in steps of one, until
	// it is measured.
	readShare = 0.25
	// firstRest and mostRest are how many tokens pass before it is asked anew
	// after it was of no use, at first and after many times.
	firstRest, mostRest = 32, 512
)

// second is the model that guesses. Its methods are safe for concurrent use.
type second struct {
	file    *gguf.File
	backend *faithful
	context int
	vocab   int
	share   float64 // of the first model's bytes

	mu   sync.Mutex // held while it runs
	used int        // sequences that have keys and values
	warm bool       // it has run: what a first step takes is to fetch weights from the disk
	step float64    // seconds that a step of one token takes, of late; 0: not measured
	read float64    // seconds that each of many tokens takes
}

// newDrafter makes what guesses the answer to a prompt, of so many tokens at most.
type newDrafter func(prompt []Token, most int) drafter

// openSecond opens the model of cfg.DraftModel and has it guess.
func (m *Model) openSecond(ctx context.Context, cfg Config) error {
	s, err := newSecond(ctx, cfg, m.tokenizer)
	if err != nil {
		return fmt.Errorf("draft model %q: %w", cfg.DraftModel, err)
	}
	s.share = float64(s.file.Size()) / float64(m.file.Size())
	m.second = s
	if cfg.drafter == nil {
		m.drafter = s.drafter
	}
	return nil
}

// newSecond opens the file. Errors: those of Open.
func newSecond(ctx context.Context, cfg Config, first *tokenizer.Tokenizer) (_ *second, err error) {
	f, err := gguf.Open(cfg.DraftModel)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	w, err := weights.Load(f)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.New(f)
	if err != nil {
		return nil, err
	}
	if differs := first.Differs(tok); differs != "" {
		return nil, fmt.Errorf("%w: %s", ErrVocabulary, differs)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	computes, err := openBackend(backends, f, w, cfg)
	if err != nil {
		return nil, err
	}
	return &second{file: f, backend: &faithful{Backend: computes.Backend, file: f}, context: w.Context, vocab: tok.VocabSize()}, nil
}

func (s *second) close() error {
	s.backend.Close()
	return s.file.Close()
}

func (s *second) drafter(prompt []Token, most int) drafter {
	return &seconded{
		s: s, lookup: draft.New(prompt), tokens: append([]Token(nil), prompt...), left: most,
		right: hoped * hopedWeight, tried: hopedWeight, rest: firstRest,
	}
}

// times tells what a step of one token takes, and what each of many, where one
// of the first model takes so long.
func (s *second) times(first float64) (step, read float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if step = s.step; step == 0 {
		step = s.share * first
	}
	if read = s.read; read == 0 {
		read = readShare * step
	}
	return step, read
}

// hold sets keys and values aside for a sequence, if there is room.
func (s *second) hold() (backend.Cache, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == maxDrafted {
		return nil, false
	}
	s.used++
	return s.backend.NewCache(), true
}

func (s *second) release(c backend.Cache) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Release()
	s.used--
}

// run goes through tokens, at most a step's, and returns the likeliest next one.
func (s *second) run(c backend.Cache, tokens []Token) (next Token, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &backend.Piece{Cache: c, Tokens: tokens, Keep: 1, Want: backend.Likeliest, Each: func(_ int, r backend.Result) { next = r.Likeliest }}
	began := time.Now()
	if err = s.backend.Step([]*backend.Piece{p}); err == nil {
		err = p.Err
	}
	s.learn(len(tokens), time.Since(began).Seconds())
	return next, err
}

// learn takes how many seconds a step of so many tokens took.
func (s *second) learn(tokens int, seconds float64) {
	if !s.warm {
		s.warm = true
		return
	}
	to, took := &s.step, seconds/float64(tokens)
	if tokens > maxSecond {
		to = &s.read
	}
	if *to == 0 {
		*to = took
	}
	if tokens == 1 || tokens > maxSecond {
		*to += 0.15 * (min(took, 2**to) - *to)
	}
}

// fade takes it for a little quicker than it was.
func (s *second) fade() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step -= forget * s.step
	s.read -= forget * s.read
}

// chunk is how many tokens of one prompt it reads in a step that continues so many
// sequences: of all of them together a share of the budget.
func (s *second) chunk(sequences int) int {
	return max(2*maxSecond, s.backend.Budget()/chunkShare/max(1, min(sequences, maxDrafted)))
}

// seconded guesses the tokens of one sequence by the second model and by a Lookup.
type seconded struct {
	s      *second
	lookup *draft.Lookup
	tokens []Token // of the sequence
	left   int     // tokens that may still come

	made         []Token // what the second model has guessed, from position at on
	at           int
	cache        backend.Cache // or nil
	right, tried float64       // guesses of the second model, of late
	rest, pause  int           // tokens until it is asked anew, next time and now
	gone         bool          // it is not asked any more
}

// Add says which token follows.
func (d *seconded) Add(id Token) {
	d.lookup.Add(id)
	if i := len(d.tokens) - d.at; i < len(d.made) {
		right := d.made[i] == id
		d.count(right)
		if !right {
			d.made = nil
		}
	}
	d.tokens = append(d.tokens, id)
	d.left--
	d.pause--
}

func (d *seconded) count(right bool) {
	if d.tried >= secondMemory {
		d.right *= (secondMemory - 1) / d.tried
		d.tried = secondMemory - 1
	}
	d.tried++
	if right {
		d.right++
	}
}

// Guess returns what is likelier to save time: what the sequence holds already,
// or what the second model says.
func (d *seconded) Guess(most int, t sched.Terms) ([]Token, []float64) {
	tokens, likely := d.lookup.Guess(most)
	n := d.worth(min(most, maxSecond), likely, t)
	if n == 0 || !d.make(n, d.s.chunk(t.Sequences)) {
		return tokens, likely
	}
	made := d.made[len(d.tokens)-d.at:]
	made = made[:min(len(made), most)]
	return made, d.chances(len(made))
}

// chances are the probabilities of n guesses, each with all before it.
func (d *seconded) chances(n int) []float64 {
	out, p := make([]float64, n), 1.0
	for i := range out {
		p *= d.right / d.tried
		out[i] = p
	}
	return out
}

// worth returns how many tokens the second model is asked for.
func (d *seconded) worth(most int, likely []float64, t sched.Terms) int {
	if d.gone || d.pause > 0 || most < 1 || len(d.tokens)+most >= d.s.context {
		return 0
	}
	if t.Always {
		return most
	}
	first := t.Took(0)
	if first == 0 {
		return 0
	}
	step, read := d.s.times(first / float64(t.Sequences))
	behind := 0
	if d.cache != nil {
		behind = d.cache.Len()
	}
	catchUp := read * float64(max(0, len(d.tokens)-behind-maxSecond))
	plain := t.Speed(likely, 0)
	n, best := 0, 1.03*plain
	chances := d.chances(most)
	for k := 1; k <= most; k++ {
		if speed := t.Speed(chances[:k], float64(k)*step); speed > best && catchUp < float64(d.left)*(1/plain-1/speed) {
			n, best = k, speed
		}
	}
	if n == 0 {
		d.s.fade()
	}
	if n == 0 && len(likely) == 0 && d.right/d.tried < hoped {
		// It was of no use of late. Texts change: it may be anew, after a while.
		d.pause, d.rest = d.rest, min(2*d.rest, mostRest)
		d.right, d.tried = hoped*hopedWeight/2, hopedWeight/2
	}
	return n
}

// make has the second model guess until n guesses are there, or says that there
// are none to be had now: it reads a prompt by chunks, one a step.
func (d *seconded) make(n, chunk int) bool {
	if d.cache == nil {
		c, ok := d.s.hold()
		if !ok {
			return false
		}
		d.cache = c
	}
	if d.made == nil || len(d.tokens)-d.at >= len(d.made) {
		d.made, d.at = d.made[:0], len(d.tokens)
	}
	for len(d.tokens)-d.at+n > len(d.made) {
		all := append(slices.Clip(d.tokens), d.made[len(d.tokens)-d.at:]...)
		same := min(commonLength(d.cache.Tokens(), all), len(all)-1)
		d.cache.Truncate(same)
		whole := len(all)-same <= chunk
		next, err := d.s.run(d.cache, all[same:min(len(all), same+chunk)])
		switch {
		case err != nil || int(next) >= d.s.vocab:
			d.gone = true
			return false
		case !whole:
			return false
		}
		d.made = append(d.made, next)
	}
	return true
}

// Close gives the keys and values back.
func (d *seconded) Close() {
	if d.cache != nil {
		d.s.release(d.cache)
		d.cache = nil
	}
}

func commonLength(a, b []Token) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
