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
	exampleNote, exampleFacts := note(s)
	asked, facts := note(s)
	q.Prompt = fmt.Sprintf("Read the note and write its facts as one JSON object with the fields \"person\", \"city\", \"item\", \"count\" and \"day\" "+
		"(as YYYY-MM-DD). Write nothing else.\n\nNote: %s\nJSON: %s\n\nNote: %s\nJSON:", exampleNote, jsonOf(exampleFacts), asked)
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
	first, last, city, item := pick(s, givenNames), pick(s, surnames), pick(s, cities), pick(s, goods)
	count, year, month, day := between(s, 2, 480), between(s, 1990, 2030), between(s, 1, 12), between(s, 1, 28)
	name := []string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	}[month-1]
	text := fmt.Sprintf(pick(s, []string{
		"On %[6]d %[7]s %[8]d a parcel of %[5]d %[4]s went to %[1]s %[2]s in %[3]s.",
		"%[1]s %[2]s of %[3]s ordered %[5]d %[4]s, to be sent by %[7]s %[6]d, %[8]d.",
		"The warehouse in %[3]s counted %[5]d %[4]s; %[1]s %[2]s signed for them on %[6]d %[7]s %[8]d.",
		"%[5]d %[4]s, said %[1]s %[2]s, had reached %[3]s before the evening of %[7]s %[6]d, %[8]d.",
	}), first, last, city, item, count, day, name, year)
	return text, map[string]any{
		"person": first + " " + last, "city": city, "item": item, "count": json.Number(strconv.Itoa(count)),
		"day": fmt.Sprintf("%04d-%02d-%02d", year, month, day),
	}
}

// jsonOf writes facts in the order of the prompt.
func jsonOf(facts map[string]any) string {
	return fmt.Sprintf(`{"person": %q, "city": %q, "item": %q, "count": %s, "day": %q}`,
		facts["person"], facts["city"], facts["item"], facts["count"], facts["day"])
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
