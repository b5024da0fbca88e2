package pair

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// MaxPairs bounds the pairs that are made at once.
const MaxPairs = 4096

// MaxAnswerTokens bounds the answer of a model to one of [Make]'s questions.
const MaxAnswerTokens = 24

// Ask is a question to a model: the conversation is one message of a person.
type Ask struct {
	Prompt string
	Seed   uint64 // of the draws, where the model's answer is drawn
}

// Engine is the network's model, whose runs are the same bits everywhere. It is
// asked many things at once, so that it need not compute one after another; an
// error means that nothing was made.
type Engine interface {
	// Answer returns the answer to each question, of at most [MaxAnswerTokens].
	Answer(ctx context.Context, asks []Ask) ([]string, error)
	// Choose returns the better side of each pair.
	Choose(ctx context.Context, pairs []Pair) ([]int8, error)
}

// Make returns the n pairs of a setter's seed, 0 … [MaxPairs], and what is told of
// each after they were rated. Pairs and origins have one order, which tells
// nothing. Errors are those of e, and of its context.
//
// Of 39 pairs and more, 15 to 20 % are golds.
func Make(ctx context.Context, seed protocol.Hash, n int, e Engine) ([]Pair, []Origin, error) {
	if n < 0 || n > MaxPairs {
		return nil, nil, fmt.Errorf("pair: %d pairs, at most %d", n, MaxPairs)
	}
	m := &maker{seed: seed, pairs: make([]Pair, n), gold: make([]int8, n)}
	if err := m.golds(ctx, e); err != nil {
		return nil, nil, err
	}
	for i := range m.pairs {
		if m.gold[i] == Neither {
			m.pairs[i] = Draw(m.stream("ordinary", i))
		}
	}
	z, err := e.Choose(ctx, m.pairs)
	if err != nil {
		return nil, nil, fmt.Errorf("choose: %w", err)
	}
	origins := make([]Origin, n)
	for i, p := range m.pairs {
		origins[i] = origin(p.Longer(), z[i], m.gold[i])
	}
	return m.pairs, origins, nil
}

// Draw returns an ordinary pair, for which no model is run.
func Draw(s *task.Stream) Pair {
	c := pick(s, scenes)(s)
	first, second := c.right, c.right
	if s.Below(2) == 1 {
		first, second = pick(s, c.wrong), pick(s, c.wrong)
	}
	return c.pair(s, first, second)
}

// maker is a Make in progress.
type maker struct {
	seed  protocol.Hash
	pairs []Pair
	gold  []int8
}

// stream returns a stream of the seed that is for one use.
func (m *maker) stream(use string, i int) *task.Stream {
	return task.NewStream(wire.HashOf("assay/1/pair/"+use, m.seed[:], binary.BigEndian.AppendUint64(nil, uint64(i))))
}

// Candidates of a gold, and rounds in which they are asked for: a question that
// the model does not answer as it should is replaced by the next.
const tries = 8

// golds draws the places of the golds and fills them: questions are asked until
// the model was often enough right and often enough wrong. Where it is not within
// tries, there are fewer golds, in both halves alike.
func (m *maker) golds(ctx context.Context, e Engine) error {
	half := (len(m.pairs) + 8) / 12
	var breaks, repairs []asked
	for t := 0; t < tries && (len(breaks) < half || len(repairs) < half); t++ {
		batch := make([]asked, 2*half)
		asks := make([]Ask, len(batch))
		for i := range batch {
			k := t*len(batch) + i
			batch[i].s = m.stream("gold", k)
			batch[i].draw()
			asks[i] = Ask{Prompt: batch[i].prompt, Seed: uint64(k)}
		}
		answers, err := e.Answer(ctx, asks)
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		for i, answer := range answers {
			q := batch[i]
			switch q.value = q.scene.value(answer); q.value {
			case "":
			case q.scene.right:
				breaks = append(breaks, q)
			default:
				repairs = append(repairs, q)
			}
		}
	}
	half = min(half, len(breaks), len(repairs))
	m.place(append(breaks[:half:half], repairs[:half]...))
	return nil
}

// asked is a question that a model was asked.
type asked struct {
	s      *task.Stream
	scene  scene
	prompt string
	value  string // what it answers
}

func (q *asked) draw() {
	sort := pick(q.s, scenes)
	q.prompt = "Answer in one short sentence, as in the example.\n\n" + sort(q.s).example() + "\n\n"
	q.scene = sort(q.s)
	q.prompt += q.scene.question
}

// place writes golds into places that the seed draws, the right side of every
// second one being A.
func (m *maker) place(golds []asked) {
	s := m.stream("places", 0)
	places := make([]int, len(m.pairs))
	for i := range places {
		j := int(s.Below(uint64(i + 1)))
		places[i], places[j] = places[j], i
	}
	for i, q := range golds {
		wrong := q.value
		if wrong == q.scene.right {
			wrong = pick(q.s, q.scene.wrong)
		}
		p, at := q.scene.pair(q.s, q.scene.right, wrong), places[i]
		if m.gold[at] = A; i%2 == 1 {
			p.A, p.B = p.B, p.A
			m.gold[at] = B
		}
		m.pairs[at] = p
	}
}

// pair states two values in two manners that differ.
func (c scene) pair(s *task.Stream, first, second string) Pair {
	p := Pair{Prompt: c.question, A: c.response(s, first)}
	for p.B = p.A; p.B == p.A; {
		p.B = c.response(s, second)
	}
	return p
}

func (c scene) response(s *task.Stream, value string) string {
	return pick(s, openers) + fmt.Sprintf(pick(s, c.says), value) + pick(s, closers)
}
