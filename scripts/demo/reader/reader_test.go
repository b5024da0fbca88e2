package reader_test

import (
	"fmt"
	"testing"

	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scripts/demo/reader"
)

// It reads every question that there is: else it would pass for a person who
// guesses.
func TestEveryQuestionIsRead(t *testing.T) {
	for i := range 500 {
		p := pair.Draw(task.NewStream(wire.HashOf(fmt.Sprint(i))))
		if _, ok := reader.Solve(p.Prompt); !ok {
			t.Errorf("cannot read %q", p.Prompt)
		}
	}
}

func TestTheRightValueIsPreferredHoweverItIsShown(t *testing.T) {
	r := reader.Reader{Name: "ann", Way: reader.Honest, Right: 100}
	const prompt = "Ada has 12 apples and gets 5 more. How many apples does Ada have now?"
	if got := r.Rate(prompt, "Ada now has 17 apples.", "There are 18 apples now."); got != label.LittleA {
		t.Errorf("got %d", got)
	}
	if got := r.Rate(prompt, "There are 18 apples now.", "Ada now has 17 apples."); got != label.LittleB {
		t.Errorf("got %d", got)
	}
	r.Way = reader.Longer
	if got := r.Rate(prompt, "Ada now has 17 apples.", "There are 18 apples now, I think."); got != label.LittleB {
		t.Errorf("got %d", got)
	}
}

func TestReadersErrAboutDifferentPairs(t *testing.T) {
	ann, ben := reader.Reader{Name: "ann", Way: reader.Honest, Right: 80}, reader.Reader{Name: "ben", Way: reader.Honest, Right: 80}
	same := 0
	for i := range 1000 {
		prompt := fmt.Sprint("question ", i)
		if ann.Rate(prompt, "a", "b") == ben.Rate(prompt, "a", "b") {
			same++
		}
	}
	if same < 620 || same > 740 { // 0.8² + 0.2² = 0.68
		t.Errorf("they agree about %d of 1000", same)
	}
}
