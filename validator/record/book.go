package record

import (
	"fmt"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Book is what a validator keeps, to be read and written. Its methods are safe
// for concurrent use.
type Book struct {
	*Reader
	bodies bodies
	tried  atomic.Uint64 // epochs before were folded, or are too large
}

// NewBook returns the book in a store, of the network with this chain id.
func NewBook(s Store, chain string) *Book { return &Book{Reader: NewReader(s, chain)} }

// Batch is writes that become durable together. The zero value is empty.
type Batch struct {
	puts    []put
	answers []body
}

// put is one write of a batch.
type put struct {
	table string
	key   []byte
	value any // nil deletes; bytes are written as they are
}

func (b *Batch) put(table string, key []byte, value any) {
	b.puts = append(b.puts, put{table, key, value})
}

// Empty reports whether there is nothing to write.
func (b *Batch) Empty() bool { return len(b.puts) == 0 }

// Answer adds an accepted answer with its envelope, of which said is the body.
func (b *Batch) Answer(a *Answer, envelope, said []byte) {
	k := a.Task.Key()
	b.answers = append(b.answers, body{k, said})
	b.put(tableAnswers, k.Bytes(), a)
	b.put(tableEnvelopes, k.Bytes(), envelope)
	b.put(tableTasks, a.Task.ID[:], &k)
}

// Judgement adds what the own run found of an answer.
func (b *Batch) Judgement(k wire.AnswerKey, j *Judgement) {
	b.put(tableJudgements, k.Bytes(), j)
}

// Card adds a card.
func (b *Batch) Card(c *Card) {
	b.put(tableCards, cardKey(c.Said.Key(), c.Said.Judge.UID), c)
}

// Attest adds what is said to be here of a round.
func (b *Batch) Attest(a *wire.Attest) { b.put(tableAttests, era(a.Round), a) }

// Sealed adds what weights were made of.
func (b *Batch) Sealed(s *Sealed) { b.put(tableEpochs, era(s.Epoch), s) }

// Score adds what a seat is worth in a kind, with all its factors.
func (b *Batch) Score(x *scoring.Explanation) {
	b.put(tableScores, partKey(x.Epoch, x.Tally.Seat.UID, x.Tally.Kind), x)
}

// Abstained adds what the weights of an epoch leave out.
func (b *Batch) Abstained(e protocol.Epoch, a *Abstention) { b.put(tableAbstained, era(e), a) }

// Findings adds what was sealed of an epoch, without the cards that are shown.
func (b *Batch) Findings(o *wire.OpenCards) { b.put(tableFindings, era(o.Epoch), o) }

// Final adds what judges found of a seat and kind in an epoch.
func (b *Batch) Final(e protocol.Epoch, f *Final) {
	b.put(tableFinals, partKey(e, f.Seat.UID, f.Kind), f)
}

// Closed adds the mark of an epoch whose scores are final.
func (b *Batch) Closed(e protocol.Epoch, c *Closed) { b.put(tableClosed, era(e), c) }

// Write writes a batch, and returns when it is durable: [ErrStore] if it is not.
func (b *Book) Write(batch *Batch) error {
	if batch.Empty() {
		return nil
	}
	err := b.store.Write(func(f func(string, []byte, []byte)) {
		for _, p := range batch.puts {
			switch v := p.value.(type) {
			case nil:
				f(p.table, p.key, nil)
			case []byte:
				f(p.table, p.key, v)
			default:
				f(p.table, p.key, wire.Encode(v))
			}
		}
	})
	if err != nil {
		return fmt.Errorf("%w: write %s: %w", ErrStore, batch.puts[0].table, err)
	}
	for _, a := range batch.answers {
		b.bodies.keep(a)
	}
	return nil
}

// Body returns the body of an accepted answer, nil where there is none. What came
// lately is not read from its bytes again.
func (b *Book) Body(k wire.AnswerKey) ([]byte, error) {
	if said, ok := b.bodies.of(k); ok {
		return said, nil
	}
	opened, err := b.Opened(k)
	if err != nil || opened == nil {
		return nil, err
	}
	b.bodies.keep(body{k, opened.Body})
	return opened.Body, nil
}

// maxBegan bounds the list of epochs behind gaps; the oldest are forgotten.
const maxBegan = 4096

// Began adds to a batch that the weights of epoch e are the first behind a gap, or
// the first of all.
func (b *Book) Began(batch *Batch, e protocol.Epoch) error {
	was, err := get[[]protocol.Epoch](b.Reader, tableMarks, markBegan)
	if err != nil {
		return err
	}
	var list []protocol.Epoch
	if was != nil {
		list = *was
	}
	list = append(list, e)
	batch.put(tableMarks, markBegan, list[max(0, len(list)-maxBegan):])
	return nil
}

// BeginFinals writes from which epoch on scores are closed, and removes those
// before.
func (b *Book) BeginFinals(first protocol.Epoch) error {
	batch := Batch{}
	batch.put(tableMarks, markFinals, first)
	for _, table := range []string{tableScores, tableEpochs} {
		if err := b.drop(&batch, table, uint64(first)); err != nil {
			return err
		}
	}
	return b.Write(&batch)
}

// Prune removes answers, judgements, cards and what was attested of rounds before
// evidence, and what was sealed of the findings of epochs before findings.
func (b *Book) Prune(evidence protocol.Round, findings protocol.Epoch) error {
	batch := Batch{}
	old, err := b.below(tableAnswers, uint64(evidence))
	if err != nil {
		return err
	}
	for _, key := range old {
		a, err := get[Answer](b.Reader, tableAnswers, key)
		if err != nil {
			return err
		}
		if a != nil {
			batch.put(tableTasks, a.Task.ID[:], nil)
		}
	}
	for _, table := range []string{tableAnswers, tableEnvelopes, tableJudgements, tableCards, tableAttests, tableMade, tablePairs, tableSets} {
		if err := b.drop(&batch, table, uint64(evidence)); err != nil {
			return err
		}
	}
	if err := b.drop(&batch, tableFindings, uint64(findings)); err != nil {
		return err
	}
	return b.Write(&batch)
}

// drop adds the removal of a table's rows of epochs, or rounds, before n.
func (b *Book) drop(batch *Batch, table string, n uint64) error {
	keys, err := b.below(table, n)
	for _, key := range keys {
		batch.put(table, key, nil)
	}
	return err
}
