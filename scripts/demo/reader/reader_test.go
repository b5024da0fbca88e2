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

// Of each sort of question one with each way to ask.
func TestTheRightValueIsFound(t *testing.T) {
	for prompt, want := range map[string]string{
		"Ada sold 3 hats to Ben, and Carl carried them home. Who sold the hats?":                                              "Ada",
		"Ada sold 3 hats to Ben, and Carl carried them home. Who bought the hats?":                                            "Ben",
		"Ada bought 3 hats from Ben, and Carl carried them home. Who sold the hats?":                                          "Ben",
		"Ada bought 3 hats from Ben, and Carl carried them home. Who bought the hats?":                                        "Ada",
		"Ada lives in Rome, Ben lives in Oslo, and Carl lives in Lima. Where would you send a letter for Ben?":                "Oslo",
		"Ada is taller than Ben, and Ben is taller than Carl. Who is the shortest?":                                           "Carl",
		"Ada is taller than Ben, and Ben is taller than Carl. Who is the tallest?":                                            "Ada",
		"Ada is shorter than Ben, and Ben is shorter than Carl. Who is the tallest?":                                          "Carl",
		"Ada has 12 apples, Ben has 7, and Carl has 30. Who has the fewest?":                                                  "Ben",
		"The train to Rome leaves at 9:50, the one to Oslo at 10:00, and the one to Lima at 22:20. Which train leaves first?": "Rome",
		"The train to Rome leaves at 9:50, the one to Oslo at 10:00, and the one to Lima at 22:20. Which train leaves last?":  "Lima",
		"A shop sells hats at 20 coins each, keys at 19, and maps at 95. Which are the cheapest?":                             "keys",
		"A shop sells hats at 20 coins each, keys at 19, and maps at 95. Which are the dearest?":                              "maps",
		"Ada took the hats, Ben took the keys, and Carl took the maps. Who has the maps?":                                     "Carl",
	} {
		if got, ok := reader.Solve(prompt); got != want || !ok {
			t.Errorf("%s: got %q, %v, want %q", prompt, got, ok, want)
		}
	}
}

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
	const prompt = "Ada has 12 apples, Ben has 7, and Carl has 30. Who has the most?"
	if got := r.Rate(prompt, "Carl has the most apples.", "Of the three, Ben has the most."); got != label.LittleA {
		t.Errorf("got %d", got)
	}
	if got := r.Rate(prompt, "Of the three, Ben has the most.", "Carl has the most apples."); got != label.LittleB {
		t.Errorf("got %d", got)
	}
	r.Way = reader.Longer
	if got := r.Rate(prompt, "Carl has the most apples.", "Of the three, Ben has the most."); got != label.LittleB {
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
