package synthetic

import (
	"fmt"
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
	topic := pick(s, topics)
	sorts := []func(*task.Stream) rule{lengthRule, keywordRule, markRule, bulletRule, endRule, titleRule}
	var b strings.Builder
	fmt.Fprintf(&b, "Write about %s.\n", topic)
	for range between(s, 2, 4) {
		i := s.Below(uint64(len(sorts)))
		r := sorts[i](s)
		sorts = append(sorts[:i], sorts[i+1:]...)
		fmt.Fprintf(&b, "- %s\n", r.words)
		q.checks = append(q.checks, r.check)
	}
	q.Prompt = strings.TrimSuffix(b.String(), "\n")
}

func lengthRule(s *task.Stream) rule {
	low := between(s, 4, 12) * 10
	high := low + between(s, 4, 10)*10
	return rule{fmt.Sprintf("Use at least %d and at most %d words.", low, high), plain("length", func(answer string) bool {
		n := len(text.Words(answer))
		return low <= n && n <= high
	})}
}

func keywordRule(s *task.Stream) rule {
	word, times := pick(s, keywords), between(s, 1, 3)
	return rule{fmt.Sprintf("Use the word %q at least %d times.", word, times), plain("keyword", func(answer string) bool {
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
	mark := pick(s, []struct{ name, sign string }{{"comma", ","}, {"exclamation mark", "!"}, {"question mark", "?"}, {"semicolon", ";"}, {"digit", "0123456789"}})
	return rule{fmt.Sprintf("Use no %s anywhere.", mark.name), plain("mark", func(answer string) bool {
		return strings.TrimSpace(answer) != "" && !strings.ContainsAny(answer, mark.sign)
	})}
}

func bulletRule(s *task.Stream) rule {
	n := between(s, 2, 6)
	return rule{fmt.Sprintf("Include exactly %d lines that begin with an asterisk and a space.", n), plain("bullets", func(answer string) bool {
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
	end := pick(s, []string{"That is all there is to it.", "And so it goes.", "What would you add?", "Try it for yourself."})
	return rule{fmt.Sprintf("End with the exact words: %s", end), plain("end", func(answer string) bool {
		return strings.HasSuffix(strings.TrimRight(answer, " \t\r\n"), end)
	})}
}

func titleRule(*task.Stream) rule {
	return rule{"Begin with a title in double angle brackets, like <<title>>, on a line of its own.", plain("title", func(answer string) bool {
		line, _, more := strings.Cut(strings.TrimLeft(answer, " \t\r\n"), "\n")
		line = strings.TrimRight(line, " \t\r")
		return more && len(line) > 4 && strings.HasPrefix(line, "<<") && strings.HasSuffix(line, ">>")
	})}
}
