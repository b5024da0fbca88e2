package record

import (
	"sync"

	"github.com/assaynet/assay/protocol/wire"
)

// maxBodies bounds the bodies that are kept in memory, in bytes: those of the
// rounds that are judged and weighed next, on a network of a thousand seats. Each
// counts bodyCost more than it has, for what it takes to keep it.
const (
	maxBodies = 16 << 20
	bodyCost  = 128
)

// bodies keeps what was answered as it was read when it came, so that neither who
// judges nor who weighs reads it from the answer's bytes again. The oldest go
// first.
type bodies struct {
	mu    sync.Mutex
	said  map[wire.AnswerKey][]byte // guarded by mu
	order []wire.AnswerKey          // guarded by mu: the oldest first
	bytes int                       // guarded by mu: of all that is kept
}

// body is what was answered in a slot.
type body struct {
	key  wire.AnswerKey
	said []byte
}

func (x *body) cost() int { return len(x.said) + bodyCost }

func (b *bodies) of(k wire.AnswerKey) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	said, ok := b.said[k]
	return said, ok
}

func (b *bodies) keep(x body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.said[x.key]; known || x.cost() > maxBodies {
		return
	}
	if b.said == nil {
		b.said = map[wire.AnswerKey][]byte{}
	}
	for b.bytes+x.cost() > maxBodies {
		oldest := body{b.order[0], b.said[b.order[0]]}
		b.bytes -= oldest.cost()
		delete(b.said, oldest.key)
		b.order = b.order[1:]
	}
	b.said[x.key] = x.said
	b.order = append(b.order, x.key)
	b.bytes += x.cost()
}
