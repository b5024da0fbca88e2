package export

import (
	"context"
	"runtime"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	rules "github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

const (
	// together is how many records are taken apart by one goroutine at a time.
	together = 64
	// lists is how many lists of them are compared with their makers' others at a
	// time, and ahead how many may be on their way, so that none waits for the one
	// that writes.
	lists = 16
	ahead = 2 * lists
)

// Compared fills in what the records of a source are beside those before them in
// their epoch. Records are taken apart on all processors; one compares them in
// their order, while those before are written. The memory of one epoch serves the
// next: no two are asked for at once.
func Compared(source Source[Record]) Source[Record] {
	b := before{makers: map[string]*maker{}, window: rules.Default().Window}
	return func(ctx context.Context, e protocol.Epoch, yield func(*Record) error) (int64, error) {
		workers := runtime.GOMAXPROCS(0)
		c := comparison{yield: yield, apart: make(chan *traced, ahead+1), order: make(chan *traced, ahead+1)}
		compared := make(chan struct{})
		defer func() {
			close(c.apart)
			close(c.order)
			<-compared
		}()
		for range workers {
			go func() {
				var words []text.Word // of one record after another
				for t := range c.apart {
					words = t.take(words)
				}
			}()
		}
		go func() {
			defer close(compared)
			b.clear() // while rows are taken apart
			var some []*traced
			for t := range c.order {
				t.compare(&b)
				if some = append(some, t); t.last || len(some) == lists {
					b.crowds(some)
					some = some[:0]
				}
			}
		}()
		next := c.list()
		dropped, err := source(ctx, e, func(r *Record) error {
			if next.rows = append(next.rows, *r); len(next.rows) < together {
				return nil
			}
			full := next
			next = c.list()
			return c.add(full, ahead)
		})
		if err != nil {
			return dropped, err
		}
		next.last = true
		return dropped, c.add(next, 0)
	}
}

// comparison is the records of an epoch on their way.
type comparison struct {
	yield func(*Record) error
	apart chan *traced // to who takes them apart
	order chan *traced // to who compares them
	queue []*traced    // those that were handed to both, in order
	free  []*traced    // those that were yielded, to be used again
}

// list returns an empty list.
func (c *comparison) list() *traced {
	n := len(c.free)
	if n == 0 {
		return &traced{rows: make([]Record, 0, together), traces: make([]trace, together)}
	}
	t := c.free[n-1]
	c.free = c.free[:n-1]
	t.rows = t.rows[:0]
	return t
}

// add hands records on, and yields the oldest until no more than so many lists
// are on their way.
func (c *comparison) add(t *traced, most int) error {
	t.taken, t.compared = make(chan struct{}), make(chan struct{})
	c.queue = append(c.queue, t)
	c.apart <- t
	c.order <- t
	for len(c.queue) > most {
		oldest := c.queue[0]
		c.queue = c.queue[1:]
		<-oldest.compared
		for i := range oldest.rows {
			if err := c.yield(&oldest.rows[i]); err != nil {
				return err
			}
		}
		c.free = append(c.free, oldest)
	}
	return nil
}

// traced is records and, once taken, what they are compared by.
type traced struct {
	rows            []Record
	traces          []trace       // of each row, once taken
	last            bool          // of its epoch
	taken, compared chan struct{} // closed when it is so
}

type trace struct {
	grams []uint64
	sign  gate.Signature // of grams, where there are any
}

// take takes the rows apart, with memory for words, which it returns.
func (t *traced) take(words []text.Word) []text.Word {
	for i := range t.rows {
		x := &t.traces[i]
		words = text.AppendWords(words[:0], t.rows[i].Response)
		if x.grams = synthetic.Family(t.rows[i].Family).Grams(words); len(x.grams) > 0 {
			x.sign = gate.Sign(x.grams)
		}
	}
	close(t.taken)
	return words
}

func (t *traced) compare(b *before) {
	<-t.taken
	for i := range t.rows {
		b.compare(&t.rows[i], &t.traces[i])
	}
}

// before is what came before a row in its epoch. In memory it keeps about a
// kilobyte of each.
type before struct {
	seen   index.Memory
	makers map[string]*maker // by address
	window int               // rows of one maker that are compared with each other
	// here are makers of the rows at hand, used again.
	here []*maker
}

// maker is who made rows.
type maker struct {
	crowd gate.Crowd
	// rows are those at hand, with signs, and shares what they count as: used again.
	rows   []*Record
	signs  []*gate.Signature
	shares []uint32
}

// clear forgets an epoch. The memory of its makers serves the next.
func (b *before) clear() {
	b.seen.Clear()
	for who, m := range b.makers {
		if m.crowd.Len() == 0 { // none of its rows was in that epoch
			delete(b.makers, who)
		}
		m.crowd.Clear()
	}
	b.here = b.here[:0]
}

// compare fills in what a row is beside all before it, and adds it to them. One
// without a word is not compared.
func (b *before) compare(r *Record, t *trace) {
	if len(t.grams) == 0 {
		return
	}
	seen, alike := b.seen.Add(t.grams, &t.sign)
	r.Novelty, r.Alike = int32(gate.Novelty(len(t.grams), seen)), int32(alike)
}

// crowds fills in what rows are beside those of their makers, and adds them to
// these, a maker at a time; then they are compared.
func (b *before) crowds(some []*traced) {
	for _, t := range some {
		for i := range t.rows {
			r, x := &t.rows[i], &t.traces[i]
			if len(x.grams) == 0 {
				continue
			}
			m := b.makers[r.Provenance.Miner]
			if m == nil {
				m = new(maker)
				b.makers[r.Provenance.Miner] = m
			}
			if len(m.rows) == 0 {
				b.here = append(b.here, m)
			}
			m.rows, m.signs = append(m.rows, r), append(m.signs, &x.sign)
		}
	}
	for _, m := range b.here {
		m.add(b.window)
	}
	b.here = b.here[:0]
	for _, t := range some {
		close(t.compared)
	}
}

// add adds the rows at hand to the maker's others, of which there are never more
// than a window.
func (m *maker) add(window int) {
	m.shares = m.shares[:0]
	for left := m.signs; len(left) > 0; {
		if m.crowd.Len() == window {
			m.crowd.Clear()
		}
		n := min(len(left), window-m.crowd.Len())
		m.shares, left = m.crowd.AddEach(m.shares, left[:n]...), left[n:]
	}
	for i, r := range m.rows {
		r.Diversity = int32(m.shares[i])
	}
	clear(m.rows) // they would keep the text
	clear(m.signs)
	m.rows, m.signs = m.rows[:0], m.signs[:0]
}
