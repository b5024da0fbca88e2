package synthetic

import (
	"strings"

	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
)

// rule is one thing that an instruction demands.
type rule struct {
	words string
	check check
}

// instruction asks for a text about something under two to four rules that a
// program can check (after Zhou et al. 2023, arXiv 2311.07911), no two of one sort.
func (q *Question) instruction(s *task.Stream) {
	topic := one(s, "topics")
	sorts := []func(*task.Stream) rule{lengthRule, keywordRule, markRule, bulletRule, endRule, titleRule}
	q.Prompt = write("instruction", "topic", topic)
	for range between(s, 2, 4) {
		i := s.Below(uint64(len(sorts)))
		r := sorts[i](s)
		sorts = append(sorts[:i], sorts[i+1:]...)
		q.Prompt += "\n- " + r.words
		q.checks = append(q.checks, r.check)
	}
}

func lengthRule(s *task.Stream) rule {
	low := between(s, 4, 12) * 10
	high := low + between(s, 4, 10)*10
	return rule{write("length", "low", low, "high", high), plain("length", func(answer string) bool {
		n := len(text.Words(answer))
		return low <= n && n <= high
	})}
}

func keywordRule(s *task.Stream) rule {
	word, times := one(s, "keywords"), between(s, 1, 3)
	return rule{write("keyword", "word", word, "times", times), plain("keyword", func(answer string) bool {
		n := 0
		for _, w := range text.Words(answer) {
			if w.Text == word {
				n++
			}
		}
		return n >= times
	})}
}

func markRule(s *task.Stream) rule {
	i := s.Below(uint64(len(said.Words["marks"])))
	mark, signs := said.Words["marks"][i], said.Words["signs"][i]
	return rule{write("mark", "mark", mark), plain("mark", func(answer string) bool {
		return strings.TrimSpace(answer) != "" && !strings.ContainsAny(answer, signs)
	})}
}

func bulletRule(s *task.Stream) rule {
	n := between(s, 2, 6)
	return rule{write("bullets", "lines", n), plain("bullets", func(answer string) bool {
		got := 0
		for line := range strings.Lines(answer) {
			if strings.HasPrefix(line, "* ") {
				got++
			}
		}
		return got == n
	})}
}

func endRule(s *task.Stream) rule {
	end := one(s, "ends")
	return rule{write("end", "end", end), plain("end", func(answer string) bool {
		return strings.HasSuffix(strings.TrimRight(answer, " \t\r\n"), end)
	})}
}

func titleRule(*task.Stream) rule {
	return rule{write("title"), plain("title", func(answer string) bool {
		line, _, more := strings.Cut(strings.TrimLeft(answer, " \t\r\n"), "\n")
		line = strings.TrimRight(line, " \t\r")
		return more && len(line) > 4 && strings.HasPrefix(line, "<<") && strings.HasSuffix(line, ">>")
	})}
}
