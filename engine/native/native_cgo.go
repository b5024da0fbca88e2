//go:build cgo

package native

/*
#cgo CFLAGS: -std=c11 -g1
#cgo !asan,!race CFLAGS: -O3
// With checks the kernels, one function each when inlined, take gcc five times
// as long. The race detector looks at Go alone, and is not to wait for them.
#cgo asan race CFLAGS: -O1
#cgo LDFLAGS: -lm -lpthread
#include "engine.h"

// The fields of a batch one by one: Go may not hand C a struct that points to
// Go's memory. Logits follow where best is not NULL. All is one call, for each
// that lasts wakes Go's monitor thread, which then takes a processor from a
// kernel for some microseconds while the others wait.
static int step(eng_model *m, int watch, int *cut, int32_t n, int32_t seqs, int32_t keeps, const int32_t *token, const int32_t *pos,
	const int32_t *seq_first, const uintptr_t *page, const int32_t *page_first, const float *rope, const float *residual, const int32_t *keep,
	float *states, int32_t *fail, float *logits, int64_t stride, int32_t *best)
{
	struct eng_batch b = {n, seqs, keeps, token, pos, seq_first, (uint16_t *const *)page, page_first, rope, residual, keep, states, fail, fail + seqs};
	int status = eng_step(m, &b);
	if (status == ENG_OK && best)
		status = eng_logits(m, keeps, states, logits, stride, best);
	*cut = eng_cut(watch);
	return status;
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/rope"
	"github.com/assaynet/assay/engine/weights"
)

// Levels lists what this machine, its operating system and this build allow,
// the best last.
func Levels() []Level {
	var have []Level
	mask := uint32(C.eng_levels())
	for l := range Level(C.ENG_LEVELS) {
		if mask>>l&1 != 0 {
			have = append(have, l)
		}
	}
	return have
}

// Model is a model's weights, which stay where they are, with threads. It is
// safe for concurrent use; its calls take turns.
type Model struct {
	weights.Dims
	level       Level
	interleaved bool
	ropes       []*rope.Tables // the layers' tables, each once
	pages       *store         // of keys and values
	vocabLine   int            // logits of a state, rounded up to sixteen

	file *watch // over the mapping that C reads; nil where the weights lie in none

	mu sync.Mutex
	c  *C.eng_model // guarded by mu; nil when closed
	in inputs       // guarded by mu

	weights runtime.Pinner // those that lie in Go's memory, until Close
}

// inputs is the memory of a batch on its way into C.
type inputs struct {
	token, pos, seqFirst, pageFirst, keep, fail []int32
	page                                        []uintptr
	rope, residual                              []float32

	logits []float32 // on their way out
}

// New starts threads that compute with m's weights, which must stay until Close
// has returned. Errors: ErrLevel, backend.ErrUnsupported, backend.ErrMemory,
// ErrTooMany, backend.ErrFile.
func New(w *weights.Model, cfg Config) (*Model, error) {
	level, err := cfg.level(Levels())
	if err != nil {
		return nil, err
	}
	interleaves, err := cfg.interleaves(level)
	if err != nil {
		return nil, err
	}
	rotation := w.Rope.Config()
	shape := C.struct_eng_shape{
		layers: C.int32_t(w.Layers), width: C.int32_t(w.Width), heads: C.int32_t(w.Heads), kv_heads: C.int32_t(w.KVHeads),
		head: C.int32_t(w.Head), ffn: C.int32_t(w.FFN), vocab: C.int32_t(w.Vocab), rot: C.int32_t(rotation.Rot),
		eps: C.float(w.Eps), query_scale: C.float(w.QueryScale),
	}
	shape.embed_scale, shape.attn_cap, shape.out_cap = C.float(w.EmbedScale), C.float(w.ScoreCap), C.float(w.LogitCap)
	if rotation.Halves {
		shape.rope_halves = 1
	}
	if w.GELU {
		shape.gelu = 1
	}
	n := &Model{
		Dims: w.Dims, level: level, interleaved: interleaves, pages: &store{len: int(C.eng_page_halves(&shape))},
		vocabLine: (w.Vocab + 15) / 16 * 16,
	}
	if err := status(C.eng_model_new(&n.c, &shape, C.int(level), C.int(cfg.Threads), C.int(cfg.Nice)), "make a model"); err != nil {
		return nil, err
	}
	if n.file, err = newWatch(cfg.File); err == nil {
		err = n.load(w)
	}
	if err == nil && interleaves {
		err = n.interleave(cfg.File)
	}
	if err == nil {
		err = n.file.err()
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// status turns a status of C into an error.
func status(s C.int, what string) error {
	switch s {
	case C.ENG_OK:
		return nil
	case C.ENG_NO_MEMORY:
		return fmt.Errorf("%w: %s", backend.ErrMemory, what)
	case C.ENG_NO_LEVEL:
		return fmt.Errorf("%w: %s", ErrLevel, what)
	case C.ENG_BAD_ROUNDING:
		return ErrRounding
	}
	return fmt.Errorf("%w: %s", backend.ErrUnsupported, what)
}

// done is status, after C has read weights.
func (m *Model) done(s C.int, what string) error {
	if err := status(s, what); err != nil {
		return err
	}
	return m.file.err()
}

// Close ends the threads, once the call in progress is done. A second Close
// does nothing.
func (m *Model) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	C.eng_model_free(m.c)
	m.c = nil
	m.file.close()
	m.pages.close()
	m.weights.Unpin()
}

// CacheBytes returns the memory of all pages of keys and values, those that no
// cache holds included: it is kept for the next.
func (m *Model) CacheBytes() int64 { return m.pages.size() }

// Check returns backend.ErrFile where a part of Config.File could not be read,
// whoever read it. It waits for no call in progress.
func (m *Model) Check() error { return m.file.err() }

// Weights returns where m reads the weights: Mapped or Interleaved.
func (m *Model) Weights() string {
	if m.interleaved {
		return Interleaved
	}
	return Mapped
}

// Level returns the instructions that m uses.
func (m *Model) Level() Level { return m.level }

// Forward runs the new tokens of all pieces at once and adds them to their
// caches. It makes logits of all states that are wanted if all pieces choose,
// and they are not too many; it says so in their Chose. An error of a piece
// (ErrToken, ErrContext, a *backend.FailedError, backend.ErrMemory) is its own,
// in Err; that of Forward means that nothing ran. After a *FailedError the cache
// holds the positions before it, and States those of them that were asked for.
// No cache may be in two pieces.
func (m *Model) Forward(pieces []*Piece) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.c == nil {
		return ErrClosed
	}
	run := make([]*Piece, 0, len(pieces))
	for _, p := range pieces {
		p.States = nil
		if p.Err = m.check(p); p.Err != nil || len(p.Tokens) == 0 {
			continue
		}
		if p.Err = p.Cache.grow(len(p.Tokens)); p.Err == nil {
			run = append(run, p)
		}
	}
	if len(run) == 0 {
		return nil
	}
	keeps := m.in.gather(m, run)
	states := make([]float32, keeps*m.Width)
	chosen := m.choices(run, keeps)
	if err := m.step(run, states, chosen); err != nil {
		for _, p := range run {
			p.Cache.trim()
		}
		return err
	}
	first := 0
	for i, p := range run {
		keep := min(p.Keep, len(p.Tokens))
		p.finish(states[first*m.Width:(first+keep)*m.Width], m.Width, int(m.in.fail[i]-m.in.seqFirst[i]), int(m.in.fail[len(run)+i]))
		if p.Chose = len(chosen) > 0; p.Chose {
			p.Best, p.Logits = chosen[first:first+keep], m.rows(m.in.logits[first*m.vocabLine:], keep)
		}
		first += keep
	}
	return nil
}

// choices returns room for the likeliest tokens of all states that are wanted,
// and makes that of their logits; none where Forward makes no logits.
func (m *Model) choices(run []*Piece, keeps int) []int32 {
	for _, p := range run {
		if !p.Choose && p.Keep > 0 {
			return nil
		}
	}
	if keeps == 0 || keeps > logitsAtOnce {
		return nil
	}
	if n := keeps * m.vocabLine; cap(m.in.logits) < n {
		m.in.logits = make([]float32, n)
	}
	return make([]int32, keeps)
}

// rows returns the first n rows of logits.
func (m *Model) rows(logits []float32, n int) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = logits[i*m.vocabLine:][:m.Vocab:m.Vocab]
	}
	return rows
}

// step runs the batch that was gathered.
func (m *Model) step(run []*Piece, states []float32, chosen []int32) error {
	in := &m.in
	var cut C.int
	err := status(C.step(m.c, m.file.number(), &cut, C.int32_t(len(in.token)), C.int32_t(len(run)), C.int32_t(len(in.keep)),
		int32s(in.token), int32s(in.pos), int32s(in.seqFirst), (*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(in.page))), int32s(in.pageFirst),
		floats(in.rope), floats(in.residual), int32s(in.keep), floats(states), int32s(in.fail), floats(in.logits), C.int64_t(m.vocabLine), int32s(chosen)), "run a batch")
	if err == nil && cut != 0 {
		err = errCut
	}
	return err
}

// gather fills in with the pieces and returns how many states are wanted.
func (in *inputs) gather(m *Model, pieces []*Piece) (keeps int) {
	in.token, in.pos, in.seqFirst, in.pageFirst = in.token[:0], in.pos[:0], in.seqFirst[:0], in.pageFirst[:0]
	in.keep, in.page, in.rope, in.residual = in.keep[:0], in.page[:0], in.rope[:0], in.residual[:0]
	for _, p := range pieces {
		in.seqFirst = append(in.seqFirst, int32(len(in.token)))
		in.pageFirst = append(in.pageFirst, int32(len(in.page)))
		in.residual = append(in.residual, p.Residual...)
		for _, page := range p.Cache.pages {
			in.page = append(in.page, uintptr(unsafe.Pointer(unsafe.SliceData(page.data))))
		}
		for i, id := range p.Tokens {
			if len(p.Tokens)-i <= p.Keep {
				in.keep = append(in.keep, int32(len(in.token)))
			}
			pos := p.Cache.Len() + i
			in.token, in.pos = append(in.token, id), append(in.pos, int32(pos))
		}
	}
	for _, r := range m.ropes {
		for _, pos := range in.pos {
			in.rope = append(in.rope, r.At(int(pos))...)
		}
	}
	in.seqFirst = append(in.seqFirst, int32(len(in.token)))
	in.pageFirst = append(in.pageFirst, int32(len(in.page)))
	in.fail = append(in.fail[:0], make([]int32, 3*len(pieces))...)
	return len(in.keep)
}

// Logits returns the logits of states and the index of the largest of each, the
// lowest on a tie, or -1 where an element of the state or a logit is not
// finite. The logits lie in buf, which grows as needed, or, where that is nil,
// where Forward lays its own, until the next call of either.
func (m *Model) Logits(states [][]float32, buf *[]float32) (logits [][]float32, best []int32, err error) {
	if len(states) == 0 {
		return nil, nil, nil
	}
	flat := states[0]
	if len(states) > 1 {
		flat = make([]float32, 0, len(states)*m.Width)
		for _, s := range states {
			flat = append(flat, s...)
		}
	}
	best = make([]int32, len(states))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.c == nil {
		return nil, nil, ErrClosed
	}
	if buf == nil {
		buf = &m.in.logits
	}
	if n := len(states) * m.vocabLine; cap(*buf) < n {
		*buf = make([]float32, n)
	}
	out := (*buf)[:len(states)*m.vocabLine]
	err = m.done(C.eng_logits(m.c, C.int(len(states)), floats(flat), floats(out), C.int64_t(m.vocabLine), int32s(best)), "make logits")
	if err != nil {
		return nil, nil, err
	}
	return m.rows(out, len(states)), best, nil
}

func int32s(s []int32) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(s)) }
func floats(s []float32) *C.float { return (*C.float)(unsafe.SliceData(s)) }
