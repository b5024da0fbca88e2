package judgement

import (
	"fmt"

	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// Letters are the tokens that a model is asked for; the first is that of the
// response which it is shown first.
var Letters = [2]string{"A", "B"}

// rubric is what a model is asked. What all pairs share stands first, so that it
// is computed once.
const rubric = "Two people answered the question below. Which response is better? A better response is right, clear and friendly. " +
	"Answer with one letter.\n\nQuestion: %s\n\nResponse A: %s\n\nResponse B: %s\n\nThe better response is A or B?"

// Conversations returns what a model is asked about a pair, one an order; the
// model's turn follows each.
func Conversations(p pair.Pair) [Orders][]inference.Message {
	var out [Orders][]inference.Message
	for i, shown := range [Orders][2]string{{p.A, p.B}, {p.B, p.A}} {
		out[i] = []inference.Message{{Role: "user", Content: fmt.Sprintf(rubric, p.Prompt, shown[0], shown[1])}}
	}
	return out
}
