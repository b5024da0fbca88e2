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

// MaxAnswerTokens bounds how a model goes on with one of [Make]'s answers.
const MaxAnswerTokens = 6

// Answer is an answer to a prompt that a model is to end.
type Answer struct {
	Prompt string // a person's message
	Begun  string // how the answer begins, without a space at its end
}

// Engine is the network's model, whose runs are the same bits everywhere. It is
// asked many things at once, so that it need not compute one after another; an
// error means that nothing was made.
type Engine interface {
	// Continue returns how the model most likely goes on with each answer, in at
	// most [MaxAnswerTokens].
	Continue(ctx context.Context, answers []Answer) ([]string, error)
	// Choose returns the better side of each pair: of the same pair turned round, the
	// other one.
	Choose(ctx context.Context, pairs []Pair) ([]int8, error)
	// Expect returns which side of each pair the model expects.
	Expect(ctx context.Context, pairs []Pair) ([]Expected, error)
}

// Expected is how a model thinks of a pair, asked for how likely it is that it had
// answered so itself: which side is the likelier one. Of the same pair turned
// round, it is the other one.
type Expected struct {
	Mean  int8 // by the mean of the logarithms of its tokens' probabilities
	Least int8 // by that of its least likely token
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
	m := &maker{seed: seed, pairs: make([]Pair, n), z: make([]int8, n), gold: make([]int8, n)}
	golds, err := m.ask(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	if err := arrange(ctx, golds, e); err != nil {
		return nil, nil, err
	}
	m.place(golds)
	if err := m.ordinary(ctx, e); err != nil {
		return nil, nil, err
	}
	origins := make([]Origin, n)
	for i, p := range m.pairs {
		origins[i] = origin(p.Longer(), m.z[i], m.gold[i])
	}
	return m.pairs, origins, nil
}

// Draw returns an ordinary pair, for which no model is run. A quarter of them have
// two right values, the rest two that are wrong and differ: were equal values
// usual here, two different ones would give a gold away.
func Draw(s *task.Stream) Pair {
	c := scenes[s.Below(uint64(len(scenes)))](s)
	first, second := c.right, c.right
	if s.Below(4) > 0 {
		i := s.Below(2)
		first, second = c.wrong[i], c.wrong[1-i]
	}
	p := Pair{Prompt: c.question, A: c.manner(s).response(first)}
	for p.B = p.A; p.B == p.A; {
		p.B = c.manner(s).response(second)
	}
	return p
}

// maker is a Make in progress.
type maker struct {
	seed  protocol.Hash
	pairs []Pair
	z     []int8 // what the model chooses
	gold  []int8
}

// stream returns a stream of the seed that is for one use.
func (m *maker) stream(use string, i int) *task.Stream {
	return task.NewStream(wire.HashOf("assay/1/pair/"+use, m.seed[:], binary.BigEndian.AppendUint64(nil, uint64(i))))
}

// tries bounds how often as many questions are asked as there are to be golds.
const tries = 8

// ask asks questions until enough couples are found, of one sort each: one that
// the model answers rightly, for a break, and one that it answers wrongly, for a
// repair. So signals that follow the model tell nothing within a sort either. Where
// too few are found within tries, there are fewer golds, in both halves alike.
func (m *maker) ask(ctx context.Context, e Engine) ([]*question, error) {
	want := 2 * ((len(m.pairs) + 8) / 12)
	var found couples
	for t := 0; t < tries && len(found.golds) < want; t++ {
		batch, begun := make([]question, want), make([]Answer, want)
		for i := range batch {
			begun[i] = batch[i].draw(m.stream("gold", t*want+i))
		}
		ends, err := e.Continue(ctx, begun)
		if err != nil {
			return nil, fmt.Errorf("continue: %w", err)
		}
		for i, end := range ends {
			if batch[i].value = batch[i].scene.value(end); batch[i].value != "" {
				found.add(&batch[i])
			}
		}
	}
	return found.golds[:min(want, len(found.golds))], nil
}

// couples are golds, two after the other of one sort, of which the model is right
// about one.
type couples struct {
	golds []*question
	alone [][]*question // by sort: those without another, on which the model is alike
}

func (c *couples) add(q *question) {
	if c.alone == nil {
		c.alone = make([][]*question, len(scenes))
	}
	alone := c.alone[q.sort]
	if len(alone) == 0 || alone[0].known() == q.known() {
		c.alone[q.sort] = append(alone, q)
		return
	}
	c.golds = append(c.golds, alone[0], q)
	c.alone[q.sort] = alone[1:]
}

// question is one that a model is asked.
type question struct {
	s     *task.Stream
	sort  int // of scenes
	scene scene
	value string // what the model answers
	// pair is the gold that is made of it, A being the right side, and z the side of
	// it that the model chooses.
	pair Pair
	z    int8
}

// known reports whether the model answers rightly.
func (q *question) known() bool { return q.value == q.scene.right }

// draw draws a question and returns what the model is asked: an example first, so
// that it knows what is wanted.
func (q *question) draw(s *task.Stream) Answer {
	q.s, q.sort = s, int(s.Below(uint64(len(scenes))))
	example := scenes[q.sort](s)
	q.scene = scenes[q.sort](s)
	return Answer{
		Prompt: fmt.Sprintf("%s\n"+example.says[0]+"\n\n%s", example.question, example.right, q.scene.question),
		Begun:  q.scene.begun(),
	}
}

// place writes golds into places that the seed draws, with the right side where
// it draws, and as often A as B.
func (m *maker) place(golds []*question) {
	s := m.stream("places", 0)
	places, sides := permutation(s, len(m.pairs)), permutation(s, len(golds))
	for i, q := range golds {
		p, z, gold, at := q.pair, q.z, A, places[i]
		if sides[i]%2 == 1 {
			p.A, p.B, z, gold = p.B, p.A, -z, B
		}
		m.pairs[at], m.z[at], m.gold[at] = p, z, gold
	}
}

// ordinary draws the pairs that are no golds.
func (m *maker) ordinary(ctx context.Context, e Engine) error {
	var places []int
	var drawn []Pair
	for i := range m.pairs {
		if m.gold[i] == Neither {
			m.pairs[i] = Draw(m.stream("ordinary", i))
			places, drawn = append(places, i), append(drawn, m.pairs[i])
		}
	}
	z, err := e.Choose(ctx, drawn)
	if err != nil {
		return fmt.Errorf("choose: %w", err)
	}
	for k, at := range places {
		m.z[at] = z[k]
	}
	return nil
}
