package synthetic

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
)

// extractionLimits bound the JSON of an answer.
var extractionLimits = value.Limits{Bytes: 4 << 10, Depth: 4, Values: 64}

// extraction asks for the facts of a short note as one JSON object, after an
// example.
func (q *Question) extraction(s *task.Stream) {
	example, exampleFacts := note(s)
	asked, facts := note(s)
	q.Prompt = write("extraction", "example", example, "facts", jsonOf(exampleFacts), "note", asked)
	q.checks = []check{
		plain("form", func(answer string) bool { return object(answer) != nil }),
		plain("fields", func(answer string) bool {
			got := object(answer)
			for k := range facts {
				if _, there := got[k]; !there {
					return false
				}
			}
			return len(got) == len(facts)
		}),
		plain("facts", func(answer string) bool { return reflect.DeepEqual(object(answer), facts) }),
	}
}

// note returns a note and what it says.
func note(s *task.Stream) (string, map[string]any) {
	first, last, city, item := one(s, "names"), one(s, "surnames"), one(s, "cities"), one(s, "goods")
	count, year, month, day := between(s, 2, 480), between(s, 1990, 2030), between(s, 1, 12), between(s, 1, 28)
	text := fill(pick(s, said.Texts["notes"]), "first", first, "last", last, "city", city, "item", item,
		"count", count, "day", day, "month", said.Words["months"][month-1], "year", year)
	return text, map[string]any{
		"person": first + " " + last, "city": city, "item": item, "count": json.Number(strconv.Itoa(count)),
		"day": fmt.Sprintf("%04d-%02d-%02d", year, month, day),
	}
}

// jsonOf writes facts in the order of the prompt.
func jsonOf(facts map[string]any) string {
	var places []any
	for k, v := range facts {
		places = append(places, k, v)
	}
	return write("facts", places...)
}

// object reads an answer that is one JSON object, in a fence of code or not; nil
// where it is none.
func object(answer string) map[string]any {
	v, err := value.Decode([]byte(strings.TrimSpace(unfence(answer))), extractionLimits)
	if err != nil {
		return nil
	}
	o, _ := v.(map[string]any)
	return o
}

// unfence returns what stands in the first fence of code; all of a text without
// one.
func unfence(answer string) string {
	_, rest, found := strings.Cut(answer, "```")
	if !found {
		return answer
	}
	_, rest, _ = strings.Cut(rest, "\n") // the rest of the fence's line names a language
	code, _, _ := strings.Cut(rest, "```")
	return code
}
