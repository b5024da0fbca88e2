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
	// ahead is how many lists of them each may have before it, so that none waits
	// for the one that writes.
	ahead = 4
)

// Compared fills in what the records of a source are beside those before them in
// their epoch. Records are taken apart on all processors; one compares them in
// their order, while those before are written. The memory of one epoch serves the
// next: no two are asked for at once.
func Compared(source Source[Record]) Source[Record] {
	b := before{makers: map[string]*gate.Crowd{}, window: rules.Default().Window}
	return func(ctx context.Context, e protocol.Epoch, yield func(*Record) error) (int64, error) {
		workers := runtime.GOMAXPROCS(0)
		c := comparison{yield: yield, apart: make(chan *traced, ahead*workers+1), order: make(chan *traced, ahead*workers+1)}
		b.clear()
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
			for t := range c.order {
				t.compare(&b)
			}
		}()
		next := newTraced()
		dropped, err := source(ctx, e, func(r *Record) error {
			if next.rows = append(next.rows, *r); len(next.rows) < together {
				return nil
			}
			full := next
			next = newTraced()
			return c.add(full, ahead*workers)
		})
		if err != nil {
			return dropped, err
		}
		return dropped, c.add(next, 0)
	}
}

// comparison is the records of an epoch on their way.
type comparison struct {
	yield func(*Record) error
	apart chan *traced // to who takes them apart
	order chan *traced // to who compares them
	queue []*traced    // those that were handed to both, in order
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
	}
	return nil
}

// traced is records and, once taken, what they are compared by.
type traced struct {
	rows            []Record
	traces          []trace
	taken, compared chan struct{} // closed when it is so
}

type trace struct {
	grams []uint64
	sign  gate.Signature // of grams, where there are any
}

func newTraced() *traced { return &traced{rows: make([]Record, 0, together)} }

// take takes the rows apart, with memory for words, which it returns.
func (t *traced) take(words []text.Word) []text.Word {
	t.traces = make([]trace, len(t.rows))
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
	close(t.compared)
}

// before is what came before a row in its epoch. In memory it keeps about a
// kilobyte of each.
type before struct {
	seen   index.Memory
	makers map[string]*gate.Crowd // by address
	window int                    // rows of one maker that are compared with each other
}

// clear forgets an epoch.
func (b *before) clear() {
	b.seen.Clear()
	clear(b.makers)
}

// compare fills in what a row is beside those before it, and adds it to them. One
// without a word is not compared.
func (b *before) compare(r *Record, t *trace) {
	if len(t.grams) == 0 {
		return
	}
	seen, alike := b.seen.Add(t.grams, &t.sign)
	own := b.makers[r.Provenance.Miner]
	if own == nil {
		own = new(gate.Crowd)
		b.makers[r.Provenance.Miner] = own
	}
	if own.Len() == b.window {
		own.Clear()
	}
	r.Novelty, r.Alike, r.Diversity = int32(gate.Novelty(len(t.grams), seen)), int32(alike), int32(own.Add(&t.sign))
}
