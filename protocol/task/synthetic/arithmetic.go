package synthetic

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol/task"
)

// arithmetic asks for a number that follows from numbers, in symbols or in a
// story of up to three steps, after an example of the form that is asked for.
func (q *Question) arithmetic(s *task.Stream) {
	example, exampleResult := sum(s)
	question, result := sum(s)
	if s.Below(2) == 1 {
		question, result = story(s)
	}
	q.Prompt = write("arithmetic", "example", example, "result", exampleResult, "problem", question)
	q.checks = []check{
		plain("form", func(answer string) bool { _, ok := lastNumber(answer); return ok }),
		plain("result", func(answer string) bool { n, ok := lastNumber(answer); return ok && n == result }),
	}
}

// sum returns an expression of two to four terms and its value.
func sum(s *task.Stream) (question string, result int64) {
	var b strings.Builder
	for i := range between(s, 2, 4) {
		x, y := int64(between(s, 2, 99)), int64(between(s, 2, 29))
		sign, term, value := int64(1), strconv.FormatInt(x, 10), x
		if s.Below(2) == 1 {
			term, value = fmt.Sprintf("%d × %d", x, y), x*y
		}
		if i > 0 {
			if s.Below(2) == 1 {
				sign = -1
			}
			b.WriteString(map[int64]string{1: " + ", -1: " − "}[sign])
		}
		b.WriteString(term)
		result += sign * value
	}
	return write("sum", "terms", b.String()), result
}

// story returns a problem in words and its solution.
func story(s *task.Stream) (question string, result int64) {
	name, good, city := one(s, "names"), one(s, "goods"), one(s, "cities")
	boxes, each, sold, price := int64(between(s, 3, 40)), int64(between(s, 4, 36)), int64(between(s, 1, 11)), int64(between(s, 2, 60))
	results := []int64{boxes*each - sold, each, boxes * sold}
	i := s.Below(uint64(len(results)))
	return fill(said.Texts["stories"][i], "name", name, "good", good, "city", city, "boxes", boxes, "each", each, "sold", sold, "price", price,
		"purse", sold*price+each, "all", boxes*sold), results[i]
}

// lastNumber reads the number of the last line that is not empty: Answer: N.
func lastNumber(answer string) (int64, bool) {
	answer = strings.TrimRight(answer, " \t\r\n")
	line := answer[strings.LastIndexByte(answer, '\n')+1:]
	digits, ok := strings.CutPrefix(line, "Answer: ")
	digits = strings.ReplaceAll(digits, "−", "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil && !strings.HasPrefix(digits, "+")
}
