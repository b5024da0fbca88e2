package cuda

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/assaynet/assay/engine/backend"
)

// A step takes the tokens of all pieces as rows, whoever they belong to, up to
// mostTokens of them at a time:
//
//	check pieces, make room for their keys and values
//	for each pass: send what rows are (facts.go); begin all layers (layers.go), the final norm of the rows that are
//	               wanted, and logits and choices of those where that is wanted; meanwhile hash the states that are
//	               there; wait; see which rows failed, and give
//
// The device works in the order in which things are begun, while the processor
// goes on. Where all rows of a pass are wanted, as in a step that continues
// sequences, they are begun by two graphs.
//
// In a part of a model the rows come with what the layers before have made of
// them, and are given as the layers here leave them.
//
// A row that fails is computed to the end with the others, as are those after
// it in its sequence: they see numbers that are not finite, and nobody is given
// what becomes of them. Rows before it do not see it.

// run is a piece under way.
type run struct {
	p       *backend.Piece
	c       *cache
	first   int                  // position of its first token
	ran     int                  // tokens before the first that failed in a layer
	failed  *backend.FailedError // in a layer
	stopped bool                 // a state or a logit was not finite
}

// row is a token of a run.
type row struct {
	r *run
	i int // in the piece
}

func (x row) position() int { return x.r.first + x.i }

// kept is the row's number among those that are wanted, below 0 for none.
func (x row) kept() int { return x.i - (len(x.r.p.Tokens) - x.r.p.Keep) }

// Step runs all new tokens, on a device that has passed its test.
func (b *Backend) Step(pieces []*backend.Piece) error {
	err := b.still()
	if err == nil {
		err = b.compute(pieces)
	}
	b.last.Store(int64(len(pieces)))
	for _, p := range pieces {
		b.tokens.Add(int64(len(p.Tokens)))
	}
	if lost(err) {
		return b.Check() // which names the device
	}
	return err
}

// compute runs all new tokens.
func (b *Backend) compute(pieces []*backend.Piece) error {
	runs, err := b.admit(pieces)
	if err == nil {
		err = b.passes(runs)
	}
	for _, r := range runs {
		if err == nil {
			r.c.tokens = append(r.c.tokens, r.p.Tokens[:r.ran]...)
		}
		r.c.trim()
	}
	return err
}

// admit makes runs of the pieces that can run.
func (b *Backend) admit(pieces []*backend.Piece) (runs []*run, err error) {
	for _, p := range pieces {
		c := p.Cache.(*cache)
		r := &run{p: p, c: c, first: c.Len(), ran: len(p.Tokens)}
		if p.Err = b.fits(p); p.Err != nil {
			continue
		}
		err := b.do(func() error { return c.grow(len(p.Tokens)) })
		if lost(err) {
			return append(runs, r), err
		}
		if p.Err = err; err != nil {
			c.trim()
			continue
		}
		runs = append(runs, r)
	}
	return runs, b.Check()
}

// fits refuses a piece that cannot run.
func (b *Backend) fits(p *backend.Piece) error {
	if p.Cache.Len()+len(p.Tokens) > b.m.Context {
		return fmt.Errorf("%w: %d positions and %d more, of %d", backend.ErrContext, p.Cache.Len(), len(p.Tokens), b.m.Context)
	}
	for _, id := range p.Tokens {
		if id < 0 || int(id) >= b.m.Vocab {
			return fmt.Errorf("%w: %d of %d", backend.ErrToken, id, b.m.Vocab)
		}
	}
	return nil
}

// passes runs all rows.
func (b *Backend) passes(runs []*run) error {
	var rows []row
	for _, r := range runs {
		for i := range r.p.Tokens {
			rows = append(rows, row{r, i})
		}
	}
	for len(rows) > 0 {
		n := min(len(rows), mostTokens)
		if err := b.pass(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	for _, r := range runs {
		if r.p.Err == nil && r.failed != nil {
			r.p.Err = r.failed
		}
	}
	return nil
}

// wanted are the rows of a pass of which something is wanted, those with logits
// first.
type wanted struct {
	rows   []row
	number []int // of each in the pass
	choose int   // so many have logits
	states bool  // of any is the state needed here
	hash   bool  // of any the hash
	hashes [][32]byte
}

// want finds them. Of a row that will fail before it is given nothing is known
// yet.
func (b *Backend) want(rows []row) *wanted {
	w := &wanted{}
	for _, logits := range []bool{true, false} {
		for j, x := range rows {
			if x.kept() < 0 || x.r.p.Want&^backend.State != 0 != logits {
				continue
			}
			w.rows, w.number = append(w.rows, x), append(w.number, j)
			w.states = w.states || !logits || x.r.p.Want&backend.State != 0
			w.hash = w.hash || x.hashed()
		}
		if logits {
			w.choose = len(w.rows)
		}
	}
	return w
}

func (x row) hashed() bool { return x.r.p.Hash != nil && x.r.p.Want&backend.State != 0 }

// pass runs rows, and gives what is wanted of them.
func (b *Backend) pass(rows []row) error {
	w := b.want(rows)
	err := b.do(func() error {
		err := b.begin(rows, w)
		if err != nil { // what has begun ends before its memory is used again
			if e := b.dev.Wait(); lost(e) {
				err = e
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if w.hash { // while the device makes logits
		w.hashes = make([][32]byte, len(w.rows))
		together(len(w.rows), func(i int) {
			if x := w.rows[i]; x.hashed() {
				w.hashes[i] = x.r.p.Hash(b.state(w, i))
			}
		})
	}
	if err := b.do(b.dev.Wait); err != nil {
		return err
	}
	if marks := b.marks(len(rows)); bytes.Count(marks, []byte{0}) < len(marks) { // there are many, and hardly ever is one set
		for j, x := range rows {
			x.see(marks, j, len(rows), b.m.Layers, b.m.KVHeads)
		}
	}
	if b.m.Norm == nil {
		b.residuals(rows)
		return nil
	}
	return b.results(w)
}

// begin begins all of a pass, but for the logits of more rows than are made at
// once, and waits for states that are hashed. Errors: *Error.
func (b *Backend) begin(rows []row, w *wanted) error {
	n := len(rows)
	if err := b.describe(rows, w); err != nil {
		return err
	}
	body := func() error { return b.body(n, b.tiles, len(w.rows), w.states) }
	all := n <= mostGraphRows && (b.m.Norm == nil || w.choose == n) // and states, which few bytes are
	if all {
		body = func() error {
			return b.replayed(graphKey{rows: n}, func() error { return b.body(n, tiles{}, n, true) })
		}
	}
	if err := body(); err != nil || b.m.Norm == nil {
		return err
	}
	if err := b.dev.Mark(); err != nil {
		return err
	}
	if first := min(w.choose, logitsAtOnce); first > 0 {
		if err := b.choose(w, 0, first, all); err != nil {
			return err
		}
	}
	if w.hash {
		return b.dev.Reach()
	}
	return nil
}

// choose begins logits and choices of n rows from number first on. Errors:
// *Error.
func (b *Backend) choose(w *wanted, first, n int, all bool) error {
	begin := func() error { return b.logits(first, n) }
	if all {
		begin = func() error { return b.replayed(graphKey{n, true}, func() error { return b.logits(0, n) }) }
	}
	if err := begin(); err != nil {
		return err
	}
	line := 4 * b.m.Vocab
	for i := range n {
		if w.rows[first+i].r.p.Want&backend.Logits == 0 {
			continue
		}
		if err := b.dev.Fetch(b.pinned.logits[line*i:][:line], uint64(b.m.logits)+uint64(line*i)); err != nil {
			return err
		}
	}
	return nil
}

// together calls f for 0 … n-1 on as many goroutines as there are processors.
func together(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// state is that of wanted row i, or nil where none was fetched.
func (b *Backend) state(w *wanted, i int) []float32 {
	if !w.states {
		return nil
	}
	return floatsAt(b.pinned.states[4*b.m.Width*i:][:4*b.m.Width])
}

// residuals gives the rows of a pass as the last layer of a part leaves them.
func (b *Backend) residuals(rows []row) {
	line := 4 * b.m.Width
	for j, x := range rows {
		if x.kept() >= 0 && x.i < x.r.ran && x.counts(true) {
			x.r.p.Give(x.kept(), backend.Result{Residual: floatsAt(b.pinned.residual[j*line:][:line])})
		}
	}
}

// see notes whether row number j of n is its sequence's first that fails, in any
// of heads key heads of a layer.
func (x row) see(failed []byte, j, n, layers, heads int) {
	for l := 0; l < layers && x.r.failed == nil; l++ {
		if slices.ContainsFunc(failed[4*heads*(l*n+j):][:4*heads], func(b byte) bool { return b != 0 }) {
			x.r.failed, x.r.ran = &backend.FailedError{Position: x.position(), Layer: l + 1}, x.i
		}
	}
}

// results gives the wanted rows of a pass what they want.
func (b *Backend) results(w *wanted) error {
	for first := 0; first < w.choose; first += logitsAtOnce {
		n := min(logitsAtOnce, w.choose-first)
		if first > 0 {
			err := b.do(func() error {
				if err := b.choose(w, first, n, false); err != nil {
					return err
				}
				return b.dev.Wait()
			})
			if err != nil {
				return err
			}
		}
		b.give(w, first, n, func(i int) (bool, backend.Result) {
			r := backend.Result{Likeliest: int32(binary.LittleEndian.Uint32(b.pinned.best[4*(first+i):]))}
			if w.rows[first+i].r.p.Want&backend.Logits != 0 {
				r.Logits = floatsAt(b.pinned.logits[4*b.m.Vocab*i:][:4*b.m.Vocab])
			}
			return r.Likeliest >= 0, r
		})
	}
	b.give(w, w.choose, len(w.rows)-w.choose, func(i int) (bool, backend.Result) {
		return allFinite(b.state(w, w.choose+i)), backend.Result{}
	})
	return nil
}

// give hands n results from number first on over: those that are finite, and
// none before them failed. result says that, and has all but states.
func (b *Backend) give(w *wanted, first, n int, result func(i int) (finite bool, r backend.Result)) {
	list := make([]func(), 0, n)
	for i := range n {
		x := w.rows[first+i]
		if x.i >= x.r.ran {
			continue
		}
		finite, r := result(i)
		if !x.counts(finite) {
			continue
		}
		r.State = b.state(w, first+i)
		if x.hashed() {
			r.Hash, r.Hashed = w.hashes[first+i], true
		}
		list = append(list, func() { x.r.p.Give(x.kept(), r) })
	}
	together(len(list), func(i int) { list[i]() })
}

// counts tells whether a row is given, which is finite or not. Rows of a piece
// come in order.
func (x row) counts(finite bool) bool {
	switch p := x.r.p; {
	case x.r.stopped:
		return false
	case !finite:
		x.r.stopped, p.Err = true, &backend.FailedError{Position: x.position()}
		return false
	default:
		p.Ran++
		return true
	}
}

// floatsAt views bytes as floats. All processors that a driver is opened on have
// the device's order of bytes.
func floatsAt(data []byte) []float32 {
	if len(data) == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), len(data)/4)
}

func allFinite(x []float32) bool {
	for _, f := range x {
		if math.Float32bits(f)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}
