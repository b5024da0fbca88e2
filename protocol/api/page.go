package api

import (
	"encoding/base64"
	"encoding/binary"
	"iter"
	"net/http"

	"github.com/assaynet/assay/protocol"
)

// Limits of a page, in items.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// maxScan bounds the records that one request looks at, whatever its filter
// lets through: about as much as a page of weights of the largest network.
const maxScan = 20_000

// epochCost is how many records an epoch counts as that is looked at, also where it
// has nothing to show: a page of a long network without any goes on behind a
// thousand of them.
const epochCost = 20

// position is the place of an item in a list.
type position struct {
	epoch protocol.Epoch
	a, b  protocol.UID
}

func (p position) less(o position) bool {
	if p.epoch != o.epoch {
		return p.epoch < o.epoch
	}
	if p.a != o.a {
		return p.a < o.a
	}
	return p.b < o.b
}

// cursorVersion is the first byte of a cursor: one of another version is refused.
const cursorVersion = 1

// cursor returns the text after which a list goes on behind p.
func (p position) cursor() string {
	b := binary.BigEndian.AppendUint64([]byte{cursorVersion}, uint64(p.epoch))
	b = binary.BigEndian.AppendUint16(b, uint16(p.a))
	b = binary.BigEndian.AppendUint16(b, uint16(p.b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (position, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 13 || b[0] != cursorVersion {
		return position{}, false
	}
	return position{
		epoch: protocol.Epoch(binary.BigEndian.Uint64(b[1:])),
		a:     protocol.UID(binary.BigEndian.Uint16(b[9:])),
		b:     protocol.UID(binary.BigEndian.Uint16(b[11:])),
	}, true
}

// pager collects one page.
type pager[T any] struct {
	limit   int
	begun   bool     // there is a cursor
	newest  bool     // the newest comes first
	after   position // it stands for
	items   []T
	last    position
	scanned int
	more    bool
	oldest  protocol.Epoch // that is kept
	wanted  epochRange
	asked   map[protocol.Epoch]bool // whose records were read ahead
}

func newPager[T any](r *request) (*pager[T], error) {
	p := &pager[T]{limit: DefaultLimit, items: []T{}}
	if s, ok := r.query["limit"]; ok {
		n, err := number(s, 32)
		if err != nil || n == 0 || n > MaxLimit {
			return nil, problem(http.StatusBadRequest, problemQuery, "give limit=1 to limit=1000", "limit %.40q", s)
		}
		p.limit = int(n)
	}
	switch s := r.query["order"]; s {
	case "", "oldest":
	case "newest":
		p.newest = true
	default:
		return nil, problem(http.StatusBadRequest, problemQuery, "give order=newest or order=oldest", "order %.40q", s)
	}
	if s, ok := r.query["cursor"]; ok {
		if p.after, p.begun = parseCursor(s); !p.begun {
			return nil, problem(http.StatusBadRequest, problemQuery, "give the text that the page before has under next", "cursor %.40q", s)
		}
	}
	return p, nil
}

// keeps bounds a range of epochs to those from oldest on, which are kept. A
// range of which nothing is kept is a problem, and so is a page that goes on
// where what follows was removed meanwhile.
func (p *pager[T]) keeps(what string, want epochRange, oldest protocol.Epoch) (epochRange, error) {
	p.oldest = oldest
	if want.to < oldest {
		return want, gone(what, want.to, oldest)
	}
	if p.begun && p.after.epoch >= want.from && p.after.epoch < oldest {
		return want, gone(what, p.after.epoch, oldest)
	}
	want.from = max(want.from, oldest)
	p.wanted = want
	return want, nil
}

// epochsAhead is of how many epochs records are read together, where others are
// asked for them.
const epochsAhead = 32

// ahead reads records of the state, of an epoch and of those that the page comes to
// after it, together: where each is asked of others, a page is a few questions.
func ahead[T any](v *view, p *pager[T], e protocol.Epoch, keys func(protocol.Epoch) [][]byte) error {
	f, ok := v.Reader.(Prefetcher)
	if !ok || p.asked[e] {
		return nil
	}
	if p.asked == nil {
		p.asked = map[protocol.Epoch]bool{}
	}
	var all [][]byte
	for range min(epochsAhead, p.limit-len(p.items)) {
		if e < max(v.oldest, p.wanted.from) || e > min(v.epoch, p.wanted.to) {
			break
		}
		p.asked[e] = true
		all = append(all, keys(e)...)
		if !p.newest {
			e++
		} else if e--; e > v.epoch { // there is none before the first
			break
		}
	}
	if len(all) == 0 {
		return nil
	}
	return f.Prefetch(all...)
}

// wants reports whether the item at pos belongs to this page or to a later one.
func (p *pager[T]) wants(pos position) bool {
	switch {
	case !p.begun:
		return true
	case p.newest:
		return pos.less(p.after)
	}
	return p.after.less(pos)
}

// inOrder yields the indexes of n items that ascend, in the order of the page.
func (p *pager[T]) inOrder(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if p.newest {
				i = n - 1 - i
			}
			if !yield(i) {
				return
			}
		}
	}
}

// full reports whether nothing more can be added, and notes that there is more.
// It is asked before each item that the page wants.
func (p *pager[T]) full() bool {
	if len(p.items) >= p.limit || p.scanned >= maxScan {
		p.more = true
	}
	return p.more
}

// add adds an item; skip notes that the one at pos was looked at.
func (p *pager[T]) add(pos position, item T) {
	p.items = append(p.items, item)
	p.skip(pos)
}

func (p *pager[T]) skip(pos position) {
	p.last = pos
	p.scanned++
}

// tired notes that an epoch is looked at, and reports whether the page ends before
// it because enough was. A page that ends in the epoch with nothing of it goes on
// from its beginning, and not from where the last item was.
func (p *pager[T]) tired(e protocol.Epoch) bool {
	if p.newest {
		p.last = position{e + 1, 0, 0}
	} else if e > 0 {
		p.last = position{e - 1, ^protocol.UID(0), ^protocol.UID(0)}
	}
	if p.scanned >= maxScan {
		p.more = true
		return true
	}
	p.scanned += epochCost
	return false
}

func (p *pager[T]) page() Page[T] {
	out := Page[T]{Items: p.items, OldestEpoch: p.oldest}
	if p.more {
		out.Next = p.last.cursor()
	}
	return out
}
