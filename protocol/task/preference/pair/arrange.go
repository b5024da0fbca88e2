package pair

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol/task"
)

// How golds are kept from the signals that need no reading. The right value is
// stated in one manner and the wrong one in another, and which manner states which
// decides nearly always which side is the longer, the likelier, the one without the
// least likely token, and the one that the model chooses: with the manners
// exchanged, each of these signals points to the other value. So both are looked
// at, and manners are exchanged, those of one gold or of two at a time, until that
// brings the signals no nearer to being right as often as wrong. Of 14 golds and
// more each is then right on half of them, or on one more or less. What was done
// to a gold cannot be told from it: that depends on all others.

// signals are what signals say of a gold whose right side is A.
type signals [4]int8

func signalsOf(p Pair, x Expected, z int8) signals {
	return signals{p.Longer(), x.Mean, x.Least, z}
}

// gold is a question in both arrangements.
type gold struct {
	says      [2]signals
	exchanged int // 1 where the manners are
}

// turn returns by how much the balance changes where manners are exchanged.
func (g *gold) turn() (by balance) {
	for k := range by {
		by[k] = int(g.says[1-g.exchanged][k]) - int(g.says[g.exchanged][k])
	}
	return by
}

// balance is how often signals are wrong less how often they are right.
type balance [len(signals{})]int

func (b balance) plus(more balance) balance {
	for k := range b {
		b[k] += more[k]
	}
	return b
}

// far is how far signals are from half: the sum of squares.
func (b balance) far() (sum int) {
	for _, n := range b {
		sum += n * n
	}
	return sum
}

// arrange makes pairs of questions, whose right side is A.
func arrange(ctx context.Context, questions []*question, e Engine) error {
	both := make([]Pair, 0, 2*len(questions))
	for _, q := range questions {
		two := q.arrangements()
		both = append(both, two[:]...)
	}
	expected, err := e.Expect(ctx, both)
	if err != nil {
		return fmt.Errorf("expect: %w", err)
	}
	z, err := e.Choose(ctx, both)
	if err != nil {
		return fmt.Errorf("choose: %w", err)
	}
	golds := make([]gold, len(questions))
	for i := range golds {
		for k := range 2 {
			at := 2*i + k
			golds[i].says[k] = signalsOf(both[at], expected[at], z[at])
		}
	}
	even(golds)
	for i, q := range questions {
		at := 2*i + golds[i].exchanged
		q.pair, q.z = both[at], z[at]
	}
	return nil
}

// even exchanges manners, of the first gold or two whose exchange brings the
// signals nearer to half, until there are none. It ends: each time they are nearer.
func even(golds []gold) {
	var now balance
	for i := range golds {
		for k, side := range golds[i].says[0] {
			now[k] += int(side)
		}
	}
	for nearer := true; nearer; {
		nearer = false
		for i := range golds {
			if next, ok := exchange(golds[i:], now); ok {
				now, nearer = next, true
				break
			}
		}
	}
}

// exchange exchanges the manners of the first gold, alone or with the first other
// with which it brings the signals nearer to half, and returns the balance then.
func exchange(golds []gold, now balance) (balance, bool) {
	alone := now.plus(golds[0].turn())
	if alone.far() < now.far() {
		golds[0].exchanged ^= 1
		return alone, true
	}
	for j := 1; j < len(golds); j++ {
		if two := alone.plus(golds[j].turn()); two.far() < now.far() {
			golds[0].exchanged ^= 1
			golds[j].exchanged ^= 1
			return two, true
		}
	}
	return now, false
}

// arrangements returns the gold that a question is with its manners as they were
// drawn, and exchanged.
func (q *question) arrangements() [2]Pair {
	right, wrong := q.scene.right, q.value
	if q.known() {
		wrong = pick(q.s, q.scene.wrong[:])
	}
	first, second := q.scene.manner(q.s), q.scene.manner(q.s)
	return [2]Pair{
		{Prompt: q.scene.question, A: first.response(right), B: second.response(wrong)},
		{Prompt: q.scene.question, A: second.response(right), B: first.response(wrong)},
	}
}

// manner is how a value is stated.
type manner struct{ opener, form, closer string }

func (c scene) manner(s *task.Stream) manner {
	return manner{pick(s, openers), pick(s, c.says), pick(s, closers)}
}

func (m manner) response(value string) string {
	return m.opener + fmt.Sprintf(m.form, value) + m.closer
}
