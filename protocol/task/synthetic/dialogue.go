package synthetic

import (
	"fmt"
	"strings"

	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
)

// dialogue asks for a conversation of two in lines that begin with their names.
func (q *Question) dialogue(s *task.Stream) {
	i := s.Below(uint64(len(givenNames)))
	j := (i + 1 + s.Below(uint64(len(givenNames)-1))) % uint64(len(givenNames)) // another than i
	first, second := givenNames[i], givenNames[j]
	turns, word := 2*between(s, 2, 5), pick(s, keywords)
	mood := pick(s, []string{"disagree at first and find a way in the end", "have not met before", "are in a hurry", "each know one half of the matter", "are old friends"})
	q.Prompt = fmt.Sprintf("Write a conversation about %s between %s and %s, who %s. Write exactly %d lines, each of which begins with the name of who speaks "+
		"and a colon; they take turns, and %s begins. %s says the word %q once or more. Write nothing else.",
		pick(s, topics), first, second, mood, turns, first, second, word)
	q.checks = []check{
		plain("form", func(answer string) bool { return spoken(answer, first, second) != nil }),
		plain("turns", func(answer string) bool { return len(spoken(answer, first, second)) == turns }),
		plain("keyword", func(answer string) bool {
			for i, line := range spoken(answer, first, second) {
				for _, w := range text.Words(line) {
					if i%2 == 1 && w.Text == word {
						return true
					}
				}
			}
			return false
		}),
	}
}

// spoken returns what is said in each line, empty ones left out; nil where a line
// is not that of whose turn it is.
func spoken(answer, first, second string) []string {
	var out []string
	for line := range strings.Lines(answer) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		said, ok := strings.CutPrefix(line, []string{first, second}[len(out)%2]+":")
		if !ok || strings.TrimSpace(said) == "" {
			return nil
		}
		out = append(out, said)
	}
	return out
}
