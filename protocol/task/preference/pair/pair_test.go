package pair_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// script answers as it is told, chooses the longer response and expects neither.
type script struct {
	says func(i int, prompt string) string
}

func (e script) Continue(_ context.Context, answers []pair.Answer) ([]string, error) {
	out := make([]string, len(answers))
	for i, a := range answers {
		out[i] = e.says(i, a.Prompt)
	}
	return out, nil
}

func (script) Choose(_ context.Context, pairs []pair.Pair) ([]int8, error) {
	out := make([]int8, len(pairs))
	for i, p := range pairs {
		out[i] = p.Longer()
	}
	return out, nil
}

func (script) Expect(_ context.Context, pairs []pair.Pair) ([]pair.Expected, error) {
	return make([]pair.Expected, len(pairs)), nil
}

// parrot answers every other question with the example's value, which is wrong
// most of the time, and the rest with all that it read, which is no answer.
var parrot = script{func(i int, prompt string) string {
	if i%2 == 1 {
		return prompt
	}
	return strings.Split(prompt, "\n")[3]
}}

func TestEveryByteIsAnOriginOrAnError(t *testing.T) {
	for b := range 256 {
		o, err := pair.ParseOrigin(byte(b))
		switch {
		case b >= 27:
			if !errors.Is(err, pair.ErrOrigin) {
				t.Errorf("byte %d: %v", b, err)
			}
		case err != nil || o.Byte() != byte(b):
			t.Errorf("byte %d: %+v, byte %d, %v", b, o, o.Byte(), err)
		case (o.Cell == 1) != (o.Gold != pair.Neither && o.Z != o.Gold):
			t.Errorf("byte %d: cell of %+v", b, o)
		}
	}
}

func TestTheSeedDecidesThePairs(t *testing.T) {
	first, origins, err := pair.Make(t.Context(), protocol.Hash{1}, 80, parrot)
	if err != nil {
		t.Fatal(err)
	}
	again, same, err := pair.Make(t.Context(), protocol.Hash{1}, 80, parrot)
	if err != nil || !slices.Equal(first, again) || !slices.Equal(origins, same) {
		t.Errorf("another time the seed gives other pairs; %v", err)
	}
	other, _, err := pair.Make(t.Context(), protocol.Hash{2}, 80, parrot)
	if err != nil || slices.Equal(first, other) {
		t.Errorf("another seed gives the same pairs; %v", err)
	}
	for i, p := range first {
		for _, text := range []string{p.Prompt, p.A, p.B} {
			if len(text) == 0 || len(text) > pair.MaxBytes {
				t.Errorf("pair %d: %q", i, text)
			}
		}
		if p.A == p.B {
			t.Errorf("pair %d: two equal responses %q", i, p.A)
		}
		if origins[i].Sign != p.Longer() || origins[i].Z != p.Longer() {
			t.Errorf("pair %d: the longer side is %d, its origin %+v", i, p.Longer(), origins[i])
		}
	}
}

// TestAModelThatIsNeverWrongGivesNoGolds: without repairs there are no breaks.
func TestAModelThatIsNeverWrongGivesNoGolds(t *testing.T) {
	silent := script{func(int, string) string { return "I do not know." }}
	pairs, origins, err := pair.Make(t.Context(), protocol.Hash{1}, 40, silent)
	if err != nil || len(pairs) != 40 {
		t.Fatal(len(pairs), err)
	}
	for i, o := range origins {
		if o.Gold != pair.Neither {
			t.Errorf("pair %d is a gold", i)
		}
	}
}

// crowd is a model of which each signal follows something else, and all of them
// the manners more than the values, as real ones do.
type crowd struct{ script }

func (crowd) Choose(_ context.Context, pairs []pair.Pair) ([]int8, error) {
	return sides(pairs, func(s string) int { return strings.Count(s, "e") }), nil
}

func (crowd) Expect(_ context.Context, pairs []pair.Pair) ([]pair.Expected, error) {
	mean, least := sides(pairs, func(s string) int { return strings.Count(s, " ") }), sides(pairs, func(s string) int { return int(s[len(s)-3]) })
	out := make([]pair.Expected, len(pairs))
	for i := range out {
		out[i] = pair.Expected{Mean: mean[i], Least: least[i]}
	}
	return out, nil
}

func sides(pairs []pair.Pair, of func(string) int) []int8 {
	out := make([]int8, len(pairs))
	for i, p := range pairs {
		out[i] = int8(cmp.Compare(of(p.B), of(p.A)))
	}
	return out
}

// TestEachSignalIsRightAsOftenAsWrong, of 14 golds on one more or less.
func TestEachSignalIsRightAsOftenAsWrong(t *testing.T) {
	for seed := range byte(50) {
		e := crowd{parrot}
		pairs, origins, err := pair.Make(t.Context(), protocol.Hash{seed}, 80, e)
		if err != nil {
			t.Fatal(err)
		}
		expected, _ := e.Expect(t.Context(), pairs)
		golds, first := 0, 0
		var balance [4]int
		for i, o := range origins {
			if o.Gold == pair.Neither {
				continue
			}
			golds++
			first += int(o.Gold)
			for k, side := range []int8{o.Sign, o.Z, expected[i].Mean, expected[i].Least} {
				balance[k] += int(side * o.Gold)
			}
		}
		if golds != 14 || first != 0 {
			t.Errorf("seed %d: %d golds, of which B is right on %d more than A", seed, golds, first)
		}
		for k, n := range balance {
			if n < -2 || n > 2 {
				t.Errorf("seed %d: signal %d is right on %d golds more than wrong", seed, k, n)
			}
		}
	}
}
