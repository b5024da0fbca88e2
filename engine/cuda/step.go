package cuda

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/backend"
)

// A step takes the tokens of all pieces as rows, whoever they belong to, up to
// mostTokens of them at a time:
//
//	check pieces, make room for their keys and values
//	for each pass: upload what rows are; all layers (layers.go); see which rows failed
//	               the final norm of the rows that are wanted, logits and choice of those where that is wanted, and give
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

// pass runs rows, and gives what is wanted of them.
func (b *Backend) pass(rows []row) error {
	failed := make([]byte, 4*b.m.Layers*mostTokens)
	err := b.do(func() error {
		if err := b.describe(rows); err != nil {
			return err
		}
		if err := b.layers(len(rows)); err != nil {
			return err
		}
		return b.dev.Download(failed, uint64(b.m.failed))
	})
	if err != nil {
		return err
	}
	for j, x := range rows {
		x.see(failed, j, b.m.Layers)
	}
	if b.m.Norm == nil {
		return b.residuals(rows)
	}
	var choose, bare []row // wanted with logits, and without
	for _, x := range rows {
		switch {
		case x.kept() < 0 || x.i >= x.r.ran:
		case x.r.p.Want&^backend.State != 0:
			choose = append(choose, x)
		default:
			bare = append(bare, x)
		}
	}
	return b.results(rows, choose, bare)
}

// residuals gives the rows of a pass as the last layer of a part leaves them.
func (b *Backend) residuals(rows []row) error {
	line := 4 * b.m.Width
	data := make([]byte, line*len(rows))
	if err := b.do(func() error { return b.dev.Download(data, uint64(b.m.x)) }); err != nil {
		return err
	}
	for j, x := range rows {
		if x.kept() >= 0 && x.i < x.r.ran {
			x.give(true, backend.Result{Residual: floatsOf(data[j*line:][:line])})
		}
	}
	return nil
}

// see notes whether row number j of a pass is its sequence's first that fails.
func (x row) see(failed []byte, j, layers int) {
	for l := 0; l < layers && x.r.failed == nil; l++ {
		if binary.LittleEndian.Uint32(failed[4*(l*mostTokens+j):]) != 0 {
			x.r.failed, x.r.ran = &backend.FailedError{Position: x.position(), Layer: l + 1}, x.i
		}
	}
}

// describe uploads what rows are. Errors: *Error.
func (b *Backend) describe(rows []row) error {
	var ids, positions, places, tables, pages, residual []byte
	first := map[*cache]int{} // where a cache's pages begin
	for _, x := range rows {
		c, pos := x.r.c, x.position()
		at, there := first[c]
		if !there {
			at = len(pages) / 8
			first[c] = at
			for _, p := range c.pages {
				pages = binary.LittleEndian.AppendUint64(pages, uint64(p.at))
			}
		}
		if b.m.Embed == nil {
			residual = append(residual, floatBytes(x.r.p.Residual[x.i*b.m.Width:][:b.m.Width])...)
		}
		ids = binary.LittleEndian.AppendUint32(ids, uint32(x.r.p.Tokens[x.i]))
		positions = binary.LittleEndian.AppendUint32(positions, uint32(pos))
		tables = binary.LittleEndian.AppendUint32(tables, uint32(at))
		places = binary.LittleEndian.AppendUint64(places, uint64(c.pages[pos/pageLen].at)+uint64(pos%pageLen))
	}
	if err := b.roomFor(len(pages) / 8); err != nil {
		return err
	}
	s := &b.m.scratch
	uploads := []struct {
		to   pointer
		data []byte
	}{{s.ids, ids}, {s.positions, positions}, {s.tables, tables}, {s.places, places}, {b.table, pages}, {s.x, residual}}
	rot := b.m.Rope.Config().Rot
	for i, t := range b.m.turns {
		var angles []float32
		for _, x := range rows {
			angles = append(angles, t.At(x.position())...)
		}
		uploads = append(uploads, struct {
			to   pointer
			data []byte
		}{s.angles + pointer(4*i*mostTokens*rot), floatBytes(angles)})
	}
	for _, u := range uploads {
		if err := b.dev.Upload(uint64(u.to), u.data); err != nil {
			return err
		}
	}
	return nil
}

// roomFor makes the table of pages as large as it must be. Errors: *Error.
func (b *Backend) roomFor(entries int) error {
	if entries <= b.entries {
		return nil
	}
	n := max(mostTokens, b.entries)
	for n < entries {
		n *= 2
	}
	if err := b.alloc(&b.table, 8*int64(n)); err != nil { // the old one stays until Close: together they are not twice as large
		return err
	}
	b.entries = n
	return nil
}

// results gives the wanted rows of a pass what they want.
func (b *Backend) results(all, choose, bare []row) error {
	wanted := append(append([]row(nil), choose...), bare...)
	if len(wanted) == 0 {
		return nil
	}
	number := map[row]int{}
	for j, x := range all {
		number[x] = j
	}
	var rows []byte
	states := len(bare) > 0
	for _, x := range wanted {
		rows = binary.LittleEndian.AppendUint32(rows, uint32(number[x]))
		states = states || x.r.p.Want&backend.State != 0
	}
	data := make([]byte, 4*b.m.Width*len(wanted))
	if err := b.do(func() error { return b.final(rows, len(wanted), states, data) }); err != nil {
		return err
	}
	state := func(i int) []float32 {
		if !states {
			return nil
		}
		return floatsOf(data[4*b.m.Width*i:][:4*b.m.Width])
	}
	for at := 0; at < len(choose); at += logitsAtOnce {
		part := choose[at:min(at+logitsAtOnce, len(choose))]
		if err := b.choose(part, at, state); err != nil {
			return err
		}
	}
	for i, x := range bare {
		s := state(len(choose) + i)
		x.give(allFinite(s), backend.Result{State: s})
	}
	return nil
}

// choose makes logits of the states from number first on, and gives them.
func (b *Backend) choose(part []row, first int, state func(int) []float32) error {
	best := make([]byte, 4*len(part))
	logits := make([][]byte, len(part))
	err := b.do(func() error {
		if err := b.logits(first, len(part)); err != nil {
			return err
		}
		for i, x := range part {
			if x.r.p.Want&backend.Logits == 0 {
				continue
			}
			logits[i] = make([]byte, 4*b.m.Vocab)
			if err := b.dev.Download(logits[i], uint64(b.m.logits)+uint64(4*b.m.Vocab*i)); err != nil {
				return err
			}
		}
		return b.dev.Download(best, uint64(b.m.best))
	})
	if err != nil {
		return err
	}
	for i, x := range part {
		id := int32(binary.LittleEndian.Uint32(best[4*i:]))
		x.give(id >= 0, backend.Result{State: state(first + i), Likeliest: id, Logits: floatsOf(logits[i])})
	}
	return nil
}

// give hands a result over, if it is one: finite, and none before it failed.
// Rows of a piece come in order.
func (x row) give(finite bool, r backend.Result) {
	switch p := x.r.p; {
	case x.r.stopped:
	case !finite:
		x.r.stopped, p.Err = true, &backend.FailedError{Position: x.position()}
	default:
		p.Ran++
		p.Give(x.kept(), r)
	}
}

func floatsOf(data []byte) []float32 {
	if data == nil {
		return nil
	}
	x := make([]float32, len(data)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return x
}

func allFinite(x []float32) bool {
	for _, f := range x {
		if math.Float32bits(f)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}
