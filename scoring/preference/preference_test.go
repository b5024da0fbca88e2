package preference_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/scoring/preference"
)

func TestThoseWhoTellAreFarAboveThoseWhoFollowTheEngine(t *testing.T) {
	rows := score(t, newBook(t, world(1, 1, 600, crowd(follow))...))
	var least uint64 = 1 << 63
	for i := range 9 {
		if i%3 != 2 { // those of 0.65 are at the edge
			least = min(least, rows[fmt.Sprint(i)].Pay)
		}
	}
	z := rows["9"]
	if least < 10*one || z.Pay != 0 || z.W != 0 || z.Q != 0 {
		t.Errorf("the least of the honest has %d, the follower %+v", least, z)
	}
}

func TestTheOrderOfPairsAndAnswersChangesNothing(t *testing.T) {
	pairs := slices.Concat(world(2, 4, 200, crowd(follow)), world(2, 6, 200, crowd(follow)))
	want, err := newBook(t, pairs...).Score()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range 5 {
		r.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		for _, p := range pairs {
			r.Shuffle(len(p.Answers), func(i, j int) { p.Answers[i], p.Answers[j] = p.Answers[j], p.Answers[i] })
		}
		if got, err := newBook(t, pairs...).Score(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v (%v), want %v", got, err, want)
		}
	}
}

func TestCarriedSumsAreAsGoodAsThePairs(t *testing.T) {
	first, second := world(4, 4, 300, crowd(follow)), world(4, 7, 300, crowd(follow))
	whole := newBook(t, slices.Concat(first, second)...)
	want := score(t, whole)

	before := newBook(t, first...)
	score(t, before)
	b := newBook(t)
	if err := b.Restore(before.Carry()); err != nil {
		t.Fatal(err)
	}
	for i := range second {
		if err := b.Add(&second[i]); err != nil {
			t.Fatal(err)
		}
	}
	if got := score(t, b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(b.Carry(), whole.Carry()) {
		t.Error("the sums after differ")
	}
	if alone := score(t, newBook(t, second...)); reflect.DeepEqual(alone, want) {
		t.Error("the first epoch changes nothing: nothing is remembered")
	}
}

// A rater that left no sums is not carried, and so has no row either way.
func TestWhoIsForgottenHasNoRow(t *testing.T) {
	silent := preference.Pair{ID: "p", Setter: "s", Epoch: 1, Answers: []preference.Answer{{Rater: "silent", Choice: preference.Absent}}}
	if rows := score(t, newBook(t, silent)); len(rows) != 1 {
		t.Errorf("in its own epoch: got %v, want a row", rows)
	}
	rows := score(t, newBook(t, append(world(5, 2, 60, crowd()), silent)...))
	if _, ok := rows["silent"]; ok || len(rows) != 9 {
		t.Errorf("an epoch later: got %v, want the nine of that epoch", rows)
	}
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	old := world(5, 1, 300, crowd(follow))
	late := world(5, 1000, 300, crowd(follow))
	got, want := score(t, newBook(t, slices.Concat(old, late)...)), score(t, newBook(t, late...))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Two seats that say the same where all others say something else are one.
func TestCopiesAreOneVoice(t *testing.T) {
	copied := func(_ *rand.Rand, p *preference.Pair, truth preference.Choice) preference.Choice {
		return honest(75)(rand.New(rand.NewPCG(7, uint64(len(p.ID))<<32|uint64(p.ID[len(p.ID)-1])<<8|uint64(p.ID[0]))), p, truth)
	}
	rows := score(t, newBook(t, world(6, 1, 3000, crowd(copied, copied))...))
	for i := range 11 {
		want := uint64(one)
		if i >= 9 {
			want = 2 * one
		}
		if got := rows[fmt.Sprint(i)].Voice; got != want {
			t.Errorf("rater %d: a voice of %d, want %d", i, got, want)
		}
	}
	if a, b := rows["9"], rows["0"]; a.Done >= b.Done {
		t.Errorf("a copy did %d pairs, an honest rater %d: pairs of both must count half", a.Done, b.Done)
	}
}

// a agreed with c on twenty pairs, three tenths of what there was to agree on, b
// on ten, on nothing. Of one voice they are measured as one, on thirty: a fifth.
func TestAVoiceIsMeasuredAsOne(t *testing.T) {
	c := preference.Carry{
		Epoch: 1,
		Golds: []preference.CarriedGold{{Rater: "c", Setter: "s", Asked: [2]uint64{64 * one, 64 * one}, Right: [2]uint64{64 * one, 64 * one}}},
		Twos: []preference.CarriedTwo{ // a half of agree and met stays, three quarters of the rest
			{A: "a", B: "b", Met: 40 * one, Against: 20 * one, Beside: 20 * one},
			{A: "a", B: "c", Agree: 12 * one, Met: 40 * one},
			{A: "b", B: "c", Met: 20 * one},
		},
	}
	for name, want := range map[string]struct {
		beside       uint64
		a, b, voices int64
	}{
		"one voice": {20 * one, 13106, 13106, 2}, // 26214·20·19660 ÷ (26214·30), truncated
		"two":       {0, 19660, 0, 1},
	} {
		c.Twos[0].Beside = want.beside
		b := newBook(t)
		if err := b.Restore(c); err != nil {
			t.Fatal(err)
		}
		last := preference.Pair{ID: "p", Setter: "s", Epoch: 2, Answers: []preference.Answer{{Rater: "a", Choice: preference.Right}}}
		if err := b.Add(&last); err != nil {
			t.Fatal(err)
		}
		rows := score(t, b)
		if got := [3]int64{rows["a"].Q, rows["b"].Q, rows["c"].Q}; got != [3]int64{want.a, want.b, 0} || rows["a"].Voice != uint64(want.voices)*one {
			t.Errorf("%s: a, b and c have %d, a's voice %d; want %d, %d and 0, %d", name, got, rows["a"].Voice/one, want.a, want.b, want.voices)
		}
	}
}

func gold(id, setter string, right preference.Choice, cell uint8, x preference.Choice) preference.Pair {
	return preference.Pair{ID: id, Setter: setter, Gold: right, Cell: cell, Z: 1, Answers: []preference.Answer{{Rater: "r", Choice: x}}}
}

// golds has n golds of each of three setters in each cell, with the answers as
// f says.
func golds(n int, f func(setter, i int, cell uint8) preference.Choice) []preference.Pair {
	var out []preference.Pair
	for s := range 3 {
		for cell := range uint8(2) {
			for i := range n {
				out = append(out, gold(fmt.Sprint(s, cell, i), fmt.Sprint(s), preference.Right, cell, f(s, i, cell)))
			}
		}
	}
	return out
}

func TestGateByNumbers(t *testing.T) {
	right, wrong := preference.Right, preference.Left
	for _, c := range []struct {
		name  string
		pairs []preference.Pair
		gate  uint32
		w     uint32
	}{
		// (24 + ½ − √¼) ÷ 25 = 0.96: above all that more could open, or count.
		{"all of 24", golds(4, func(int, int, uint8) preference.Choice { return right }), one, 26214},
		// k = 18, n = 24: (18 + ½ − √(18·6/24 + ¼)) ÷ 25 = 0.65282, rounded
		// down 42783; (42783 − 22938) ÷ 22938 of the gate.
		{"three of four", golds(4, func(_, i int, _ uint8) preference.Choice {
			if i == 0 {
				return wrong
			}
			return right
		}), 56699, 2*42783 - one},
		{"silence is wrong", golds(4, func(_, i int, _ uint8) preference.Choice {
			if i == 0 {
				return preference.Absent
			}
			return right
		}), 56699, 2*42783 - one},
		{"neither is wrong", golds(4, func(_, i int, _ uint8) preference.Choice {
			if i == 0 {
				return preference.Equal
			}
			return right
		}), 56699, 2*42783 - one},
		{"as Z says", golds(40, func(_, _ int, cell uint8) preference.Choice {
			if cell == 1 {
				return wrong
			}
			return right
		}), 22053, 0}, // the gate is not yet shut at one half, and no weight is left
		{"one cell alone", golds(40, func(int, int, uint8) preference.Choice { return right })[:40], 0, 0},
		{"none", nil, 0, 0},
	} {
		pairs := append(c.pairs, preference.Pair{ID: "last", Setter: "0", Answers: []preference.Answer{{Rater: "r", Choice: right}}})
		if r := score(t, newBook(t, pairs...))["r"]; r.Gate != c.gate || r.W != c.w {
			t.Errorf("%s: gate %d and weight %d, want %d and %d", c.name, r.Gate, r.W, c.gate, c.w)
		}
	}
}

// Forty golds of one setter, all right, and three of each of two others, all
// wrong: the cell has 46, of which the one counts for fifteen.
func TestOneSetterIsAtMostAThirdOfACell(t *testing.T) {
	var pairs []preference.Pair
	for cell := range uint8(2) {
		for i := range 40 {
			pairs = append(pairs, gold(fmt.Sprint("a", cell, i), "a", preference.Right, cell, preference.Right))
		}
		for i := range 6 {
			pairs = append(pairs, gold(fmt.Sprint("b", cell, i), fmt.Sprint("b", i%2), preference.Right, cell, preference.Left))
		}
	}
	// k = 2·15⅓, n = 2·21⅓: (31⅙ − √8⅞) ÷ 43⅔ = 0.6455.
	if r := score(t, newBook(t, pairs...))["r"]; r.W != 19072 {
		t.Errorf("weight %d, want 19072", r.W)
	}
}

func TestHostilePairsAreRefused(t *testing.T) {
	answers := func(n int) []preference.Answer {
		var out []preference.Answer
		for i := range n {
			out = append(out, preference.Answer{Rater: fmt.Sprint(i)})
		}
		return out
	}
	for name, p := range map[string]preference.Pair{
		"no id":             {Setter: "s"},
		"no setter":         {ID: "p"},
		"long id":           {ID: strings.Repeat("p", preference.MaxID+1), Setter: "s"},
		"length":            {ID: "p", Setter: "s", Length: 2},
		"Z":                 {ID: "p", Setter: "s", Z: -2},
		"gold":              {ID: "p", Setter: "s", Gold: preference.Absent},
		"cell":              {ID: "p", Setter: "s", Cell: 2},
		"choice":            {ID: "p", Setter: "s", Answers: []preference.Answer{{Rater: "r", Choice: 3}}},
		"rater without id":  {ID: "p", Setter: "s", Answers: []preference.Answer{{}}},
		"a rater twice":     {ID: "p", Setter: "s", Answers: append(answers(2), answers(1)...)},
		"too many answers":  {ID: "p", Setter: "s", Answers: answers(preference.MaxAnswers + 1)},
		"choice out of int": {ID: "p", Setter: "s", Answers: []preference.Answer{{Rater: "r", Choice: -128}}},
	} {
		if err := newBook(t).Add(&p); !errors.Is(err, preference.ErrPair) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	b := newBook(t, preference.Pair{ID: "p", Setter: "s", Answers: answers(preference.MaxAnswers)})
	if err := b.Add(&preference.Pair{ID: "p", Setter: "t"}); !errors.Is(err, preference.ErrTwice) {
		t.Errorf("twice: got %v", err)
	}
	if err := b.Add(&preference.Pair{ID: "p", Setter: "t", Epoch: 1}); err != nil {
		t.Errorf("in another epoch: got %v", err)
	}
}

func TestTooManyRatersAndEpochsAreRefused(t *testing.T) {
	b := newBook(t)
	var err error
	for i := 0; err == nil; i++ {
		p := preference.Pair{ID: fmt.Sprint(i), Setter: "s"}
		for j := range preference.MaxAnswers {
			p.Answers = append(p.Answers, preference.Answer{Rater: fmt.Sprint(i, j)})
		}
		err = b.Add(&p)
		if i > preference.MaxRaters/preference.MaxAnswers {
			break
		}
	}
	if !errors.Is(err, preference.ErrLimit) {
		t.Errorf("raters: got %v", err)
	}
	b, err = newBook(t), nil
	for i := 0; err == nil && i <= preference.MaxEpochs; i++ {
		err = b.Add(&preference.Pair{ID: "p", Setter: "s", Epoch: uint64(i)})
	}
	if !errors.Is(err, preference.ErrLimit) {
		t.Errorf("epochs: got %v", err)
	}
}

func TestCarriedSumsAreHostile(t *testing.T) {
	fine := func() preference.Carry {
		b := newBook(t, world(8, 3, 60, crowd())...)
		score(t, b)
		return b.Carry()
	}
	for name, spoil := range map[string]func(*preference.Carry){
		"right above asked": func(c *preference.Carry) { c.Golds[0].Right[0] = c.Golds[0].Asked[0] + 1 },
		"too many golds":    func(c *preference.Carry) { c.Golds[0].Asked[1] = 1 << 51 },
		"golds unsorted":    func(c *preference.Carry) { c.Golds[0], c.Golds[1] = c.Golds[1], c.Golds[0] },
		"a gold twice":      func(c *preference.Carry) { c.Golds[1] = c.Golds[0] },
		"nameless":          func(c *preference.Carry) { c.Golds[0].Rater = "" },
		"one alone":         func(c *preference.Carry) { c.Twos[0].B = c.Twos[0].A },
		"two twice":         func(c *preference.Carry) { c.Twos[1] = c.Twos[0] },
		"huge agreement":    func(c *preference.Carry) { c.Twos[0].Agree = -1 << 63 },
		"huge meetings":     func(c *preference.Carry) { c.Twos[0].Met = 1 << 63 },
		"more than against": func(c *preference.Carry) { c.Twos[0].Beside = c.Twos[0].Against + 1 },
	} {
		c := fine()
		spoil(&c)
		if err := newBook(t).Restore(c); !errors.Is(err, preference.ErrCarry) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	b := newBook(t)
	if err := b.Restore(fine()); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(&preference.Pair{ID: "p", Setter: "s", Epoch: 3}); !errors.Is(err, preference.ErrEpoch) {
		t.Errorf("an epoch that is over: got %v", err)
	}
	if err := b.Restore(fine()); !errors.Is(err, preference.ErrCarry) {
		t.Errorf("restored twice: got %v", err)
	}
	b = newBook(t)
	if err := b.Restore(newBook(t).Carry()); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(&preference.Pair{ID: "p", Setter: "s"}); err != nil {
		t.Errorf("after nothing was carried: got %v", err)
	}
}

func TestALanePaysNoMoreThanItsRatersAreWorth(t *testing.T) {
	p := preference.Default()
	full := preference.Lane{Pay: 1000 * 9830, Asked: 1000, Owners: 5, Raters: 5, Setters: 3}
	for _, c := range []struct {
		name   string
		change func(*preference.Lane)
		want   uint32
	}{
		{"all", func(*preference.Lane) {}, one},
		{"half of the pay", func(l *preference.Lane) { l.Pay /= 2 }, one / 2},
		{"twice the pay", func(l *preference.Lane) { l.Pay *= 2 }, one},
		{"three owners", func(l *preference.Lane) { l.Owners = 3 }, 39321},
		{"fifty owners", func(l *preference.Lane) { l.Owners = 50 }, one},
		{"three raters", func(l *preference.Lane) { l.Raters = 3 }, one / 2},
		{"two raters", func(l *preference.Lane) { l.Raters = 2 }, 0},
		{"two setters", func(l *preference.Lane) { l.Setters = 2 }, 0},
		{"nobody asked", func(l *preference.Lane) { l.Asked = 0 }, 0},
	} {
		l := full
		c.change(&l)
		if got := p.Share(l); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestParametersOutOfRangeAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*preference.Params){
		"z":              func(p *preference.Params) { p.GoldDeviations = 9 * one },
		"setter parts":   func(p *preference.Params) { p.SetterParts = 0 },
		"gate width":     func(p *preference.Params) { p.GateWidth = 0 },
		"free agreement": func(p *preference.Params) { p.FreeAgreement = p.MaxAgreement + 1 },
		"against":        func(p *preference.Params) { p.MinAgainst = one - 1 },
		"keep":           func(p *preference.Params) { p.KeepRest = one },
		"full pay":       func(p *preference.Params) { p.FullPay = 0 },
		"owners":         func(p *preference.Params) { p.FullOwners = 0 },
		"raters":         func(p *preference.Params) { p.MinRaters = 1 },
		"setters":        func(p *preference.Params) { p.MinSetters = 0 },
	} {
		p := preference.Default()
		spoil(&p)
		if _, err := preference.New(p); !errors.Is(err, preference.ErrParams) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func BenchmarkScoreThousandRatings(b *testing.B) {
	pairs := world(9, 1, 200, crowd(follow))
	for b.Loop() {
		score(b, newBook(b, pairs...))
	}
}
