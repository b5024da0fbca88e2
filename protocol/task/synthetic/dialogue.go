package synthetic

import (
	"strings"

	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
)

// dialogue asks for a conversation of two in lines that begin with their names.
func (q *Question) dialogue(s *task.Stream) {
	names := said.Words["names"]
	i := s.Below(uint64(len(names)))
	j := (i + 1 + s.Below(uint64(len(names)-1))) % uint64(len(names)) // another than i
	first, second := names[i], names[j]
	turns, word, mood := 2*between(s, 2, 5), one(s, "keywords"), one(s, "moods")
	q.Prompt = write("dialogue", "topic", one(s, "topics"), "first", first, "second", second, "mood", mood, "turns", turns, "word", word)
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
