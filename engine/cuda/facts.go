package cuda

import (
	"encoding/binary"
	"math"
)

// The facts of a pass are what its rows are, in one piece of memory, so that one
// copy brings them to the device:
//
//	places     [n]             8 bytes: where the row's keys and values go (kernels/rope.cu)
//	ids        [n]             4 bytes: tokens
//	positions  [n]             4 bytes
//	tables     [n]             4 bytes: where in pages the row's sequence begins
//	wanted     [n]             4 bytes: numbers of the rows of which something is wanted
//	tiles      [tiles]         8 bytes: first row, and how many there are (kernels/attention_many.cu)
//	angles     [tables][n][rot] floats
//	pages                      8 bytes each: addresses
//
// Each begins at a multiple of factsAlign. Where depends on the number of rows
// alone, so that a graph can name it.
type facts struct {
	places, ids, positions, tables, wanted, tiles, angles, pages int
}

// factsAlign is what kernels may read at once, and mostFacts how many times
// something begins.
const (
	factsAlign = 16
	mostFacts  = 7 + mostTables
)

// facts is where those of n rows are.
func (m *model) facts(n int) (f facts) {
	at := 0
	take := func(bytes int) int {
		here := at
		at = (at + bytes + factsAlign - 1) / factsAlign * factsAlign
		return here
	}
	f.places, f.ids, f.positions, f.tables, f.wanted, f.tiles = take(8*n), take(4*n), take(4*n), take(4*n), take(4*n), take(8*n)
	f.angles = take(4 * n * m.Rope.Config().Rot * len(m.turns))
	f.pages = at
	return f
}

// firstPages is how many pages a pass may have before its facts move: half a
// mebibyte of addresses, and of most models as many pages as any device has. So
// one that is full of pages still takes a step of them all.
const firstPages = 1 << 16

// factBytes is the room for the facts of n rows of a model whose RoPE turns rot
// elements, with that many pages.
func factBytes(n, rot, pages int) int {
	return n*(8+4*4+8+4*mostTables*rot) + mostFacts*factsAlign + 8*pages
}

// describe writes down what rows are and sends it. Errors: *Error.
func (b *Backend) describe(rows []row, w *wanted) error {
	n, entries := len(rows), 0
	first := map[*cache]int{} // where a cache's pages begin
	for _, x := range rows {
		if _, there := first[x.r.c]; !there {
			first[x.r.c] = entries
			entries += len(x.r.c.pages)
		}
	}
	if err := b.roomFor(n, entries); err != nil {
		return err
	}
	f, data, le := b.m.facts(n), b.pinned.facts, binary.LittleEndian
	rot := b.m.Rope.Config().Rot
	for c, at := range first {
		for i, p := range c.pages {
			le.PutUint64(data[f.pages+8*(at+i):], uint64(p.at))
		}
	}
	for j, x := range rows {
		c, pos := x.r.c, x.position()
		le.PutUint64(data[f.places+8*j:], uint64(c.pages[pos/pageLen].at)+uint64(pos%pageLen))
		le.PutUint32(data[f.ids+4*j:], uint32(x.r.p.Tokens[x.i]))
		le.PutUint32(data[f.positions+4*j:], uint32(pos))
		le.PutUint32(data[f.tables+4*j:], uint32(first[c]))
		for t, turns := range b.m.turns {
			putFloats(data[f.angles+4*rot*(t*n+j):], turns.At(pos))
		}
		if b.m.Embed == nil {
			putFloats(b.pinned.residual[4*b.m.Width*j:], x.r.p.Residual[x.i*b.m.Width:][:b.m.Width])
		}
	}
	for i, j := range w.number {
		le.PutUint32(data[f.wanted+4*i:], uint32(j))
	}
	b.tiles = b.tile(rows, data[f.tiles:])
	err := b.dev.Send(uint64(b.m.facted), data[:f.pages+8*entries])
	if err == nil && b.m.Embed == nil {
		err = b.dev.Send(uint64(b.m.x), b.pinned.residual[:4*b.m.Width*n])
	}
	return err
}

// tiles are the rows of a pass as attention takes them together: how many, by
// which kernel. There are none where each row is taken by itself.
type tiles struct {
	n      int
	kernel string
}

// tile writes tiles down: of the first kernel that they fill, and that then
// keeps all multiprocessors busy by two blocks of threads each; else of the last
// one that can take them.
func (b *Backend) tile(rows []row, data []byte) (t tiles) {
	m := b.m
	for _, k := range tiled {
		most := k.queries * m.KVHeads / m.Heads
		if most < 1 || m.Head > k.head || m.Head%2 != 0 {
			continue
		}
		t = tiles{m.tile(rows, most, data), k.kernel}
		if 4*len(rows) >= 3*most*t.n && t.n*m.KVHeads >= b.busy {
			break
		}
	}
	if t.n == len(rows) && m.Heads == m.KVHeads {
		return tiles{}
	}
	return t
}

// tile writes down tiles of at most so many rows, and returns how many they are.
func (m *model) tile(rows []row, most int, data []byte) (tiles int) {
	for first := 0; first < len(rows); tiles++ {
		n := 1
		for n < most && first+n < len(rows) && rows[first+n].r == rows[first].r {
			n++
		}
		binary.LittleEndian.PutUint32(data[8*tiles:], uint32(first))
		binary.LittleEndian.PutUint32(data[8*tiles+4:], uint32(n))
		first += n
	}
	return tiles
}

func putFloats(data []byte, x []float32) {
	for i, f := range x {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(f))
	}
}

// roomFor makes the memory of facts as large as it must be. It moves then, and
// with it what graphs name. Nothing is under way. Where there is no memory for
// all of it, nothing is taken. Errors: *Error.
func (b *Backend) roomFor(n, entries int) error {
	if factBytes(n, b.m.Rope.Config().Rot, entries) <= len(b.pinned.facts) {
		return nil
	}
	room := b.entries
	for room < entries {
		room *= 2
	}
	size := factBytes(mostTokens, b.m.Rope.Config().Rot, room)
	data, err := b.dev.Pinned(size)
	if err != nil {
		return err
	}
	var at pointer
	if err := b.alloc(&at, int64(size)); err != nil { // the old one stays until Close: together they are not twice as large
		if e := b.dev.Unpin(data); lost(e) {
			err = e
		}
		return err
	}
	b.forget()
	b.pinned.all = append(b.pinned.all, data)
	b.entries, b.m.facted, b.pinned.facts = room, at, data
	return nil
}

// pinned is memory of the machine that the device copies to and from.
type pinned struct {
	facts    []byte
	failed   []byte // [layers][rows][kv heads]
	states   []byte // [wanted][width] floats
	best     []byte // [wanted]
	logits   []byte // [logitsAtOnce][vocab] floats
	residual []byte // [rows][width] floats
	all      [][]byte
}

// marks are those of failure of n rows, as a step fetches them.
func (b *Backend) marks(n int) []byte { return b.pinned.failed[:4*b.m.Layers*n*b.m.KVHeads] }

// pin allocates memory that Close frees. Errors: *Error.
func (b *Backend) pin(at *[]byte, bytes int) error {
	data, err := b.dev.Pinned(bytes)
	if err != nil {
		return err
	}
	*at = data
	b.pinned.all = append(b.pinned.all, data)
	return nil
}

// pins allocates all of it. Errors: *Error.
func (b *Backend) pins() (err error) {
	m, p := b.m, &b.pinned
	b.entries = firstPages
	take := func(at *[]byte, bytes int, needed bool) {
		if err == nil && needed {
			err = b.pin(at, bytes)
		}
	}
	take(&p.facts, factBytes(mostTokens, m.Rope.Config().Rot, b.entries), true)
	take(&p.failed, 4*m.Layers*mostTokens*m.KVHeads, true)
	take(&p.residual, 4*m.Width*mostTokens, m.Embed == nil || m.Norm == nil)
	take(&p.states, 4*m.Width*mostTokens, m.Norm != nil)
	take(&p.best, 4*mostTokens, m.Norm != nil)
	take(&p.logits, 4*m.Vocab*logitsAtOnce, m.Norm != nil)
	return err
}

// graphKey is what a graph is made for: the layers of n rows, all of them wanted,
// or their logits.
type graphKey struct {
	rows   int
	logits bool
}

// mostGraphRows bounds how many graphs there are, two for each number of rows: a
// step of more is long beside what its launches cost.
const mostGraphRows = logitsAtOnce

// replayed begins what f begins, by a graph, which is made the first time. Where
// there is no memory for one, or the driver has none, it is done without. Errors:
// *Error.
func (b *Backend) replayed(k graphKey, f func() error) error {
	g, there := b.graphs[k]
	if !there {
		made, err := b.dev.Record(f)
		if lost(err) {
			return err
		}
		if g = made; err == nil {
			b.graphs[k] = g
		}
	}
	if g == 0 {
		return f()
	}
	err := b.dev.Replay(g)
	if err == nil || lost(err) {
		return err
	}
	return f() // a graph takes memory on the device when it is first begun, and nothing of this one was
}

// forget frees all graphs. A device that has failed has forgotten them.
func (b *Backend) forget() {
	for k, g := range b.graphs {
		if g != 0 {
			_ = b.dev.Forget(g)
		}
		delete(b.graphs, k)
	}
}
