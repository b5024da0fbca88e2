package split

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/backend"
)

// Part is a backend of a contiguous range of a model's layers.
type Part struct {
	backend.Backend
	Layers int
}

// Backend is a model in parts, which it owns.
type Backend struct {
	parts []Part
	width int
}

var _ backend.Watched = (*Backend)(nil)

// New makes one Backend of the parts of a model of that width, at least one,
// the first layers first.
func New(width int, parts []Part) *Backend { return &Backend{parts: parts, width: width} }

// About says what all parts say, and of each device which layers it has.
func (b *Backend) About() (all backend.About) {
	var isas, layouts, devices []string
	from := 1
	for _, p := range b.parts {
		x := p.About()
		if !slices.Contains(isas, x.ISA) {
			isas = append(isas, x.ISA)
		}
		if !slices.Contains(layouts, x.Layout) {
			layouts = append(layouts, x.Layout)
		}
		if x.Device == "" {
			x.Device = "cpu"
		}
		devices = append(devices, fmt.Sprintf("layers %d–%d on %s", from, from+p.Layers-1, x.Device))
		if x.Room != 0 && (all.Room == 0 || x.Room < all.Room) {
			all.Room = x.Room
		}
		from += p.Layers
	}
	all.ISA, all.Layout, all.Device = strings.Join(isas, "+"), strings.Join(layouts, "+"), strings.Join(devices, "; ")
	return all
}

// Devices are those of all parts.
func (b *Backend) Devices() (all []backend.Device) {
	for _, p := range b.parts {
		if w, is := p.Backend.(backend.Watched); is {
			all = append(all, w.Devices()...)
		}
	}
	return all
}

// NewCache returns an empty cache.
func (b *Backend) NewCache() backend.Cache {
	c := &cache{}
	for _, p := range b.parts {
		c.parts = append(c.parts, p.NewCache())
	}
	return c
}

// PageBytes is the memory of a page in the part where it is largest. So a limit
// of all pages holds for each device.
func (b *Backend) PageBytes() (bytes int64) {
	for _, p := range b.parts {
		bytes = max(bytes, p.PageBytes())
	}
	return bytes
}

// Budget is that of the part with the least: a step takes as long as all.
func (b *Backend) Budget() int {
	least := b.parts[0].Budget()
	for _, p := range b.parts {
		least = min(least, p.Budget())
	}
	return least
}

// Check returns what has ended the first part that is lost.
func (b *Backend) Check() error {
	for _, p := range b.parts {
		if err := p.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Close frees all parts.
func (b *Backend) Close() {
	for _, p := range b.parts {
		p.Close()
	}
}

// run is a piece on its way through the parts.
type run struct {
	p        *backend.Piece
	c        *cache
	n        int       // of its tokens, those that go on
	residual []float32 // [n][width]: what the parts so far have made of them
	sub      *backend.Piece
}

// Step runs all pieces through all parts.
func (b *Backend) Step(pieces []*backend.Piece) error {
	if err := b.Check(); err != nil {
		return err
	}
	var runs []*run
	for _, p := range pieces {
		r := &run{p: p, c: p.Cache.(*cache), n: len(p.Tokens)}
		if p.Err = r.c.settle(); p.Err == nil {
			runs = append(runs, r)
		}
	}
	first := 0
	for i, p := range b.parts {
		if err := b.through(i, runs); err != nil {
			return err
		}
		for _, r := range runs {
			r.took(i, first, b.width)
		}
		first += p.Layers
	}
	for _, r := range runs {
		r.c.tokens = append(r.c.tokens, r.p.Tokens[:r.n]...)
	}
	return nil
}

// through runs part i. Errors are those of its Step.
func (b *Backend) through(i int, runs []*run) error {
	var list []*backend.Piece
	for _, r := range runs {
		if r.n == 0 {
			r.sub = nil
			continue
		}
		r.sub = &backend.Piece{Cache: r.c.parts[i], Tokens: r.p.Tokens[:r.n], Residual: r.residual}
		if i == len(b.parts)-1 {
			r.sub.Keep, r.sub.Want, r.sub.Each, r.sub.Hash = max(0, r.p.Keep-(len(r.p.Tokens)-r.n)), r.p.Want, r.p.Each, r.p.Hash
		} else {
			out := make([]float32, r.n*b.width)
			r.sub.Keep, r.sub.Want = r.n, backend.Residual
			r.sub.Each = func(k int, x backend.Result) { copy(out[k*b.width:], x.Residual) }
			r.residual = out
		}
		list = append(list, r.sub)
	}
	if len(list) == 0 {
		return nil
	}
	return b.parts[i].Step(list)
}

// took notes what became of the run in part i, before which there are so many
// layers. A failure there is at a smaller position than those before, whose
// tokens did not come so far.
func (r *run) took(i, layers, width int) {
	if r.sub == nil {
		return
	}
	r.p.Ran = 0
	var failed *backend.FailedError
	switch err := r.sub.Err; {
	case errors.As(err, &failed):
		failed = &backend.FailedError{Position: failed.Position, Layer: failed.Layer}
		if failed.Layer > 0 {
			failed.Layer += layers
		}
		r.p.Err = failed
	case err != nil: // as if nothing had run
		r.p.Err, r.n = err, 0
		return
	}
	r.n = r.c.parts[i].Len() - r.c.Len()
	if i == len(r.c.parts)-1 {
		r.p.Ran = r.sub.Ran
	} else {
		r.residual = r.residual[:r.n*width]
	}
}
