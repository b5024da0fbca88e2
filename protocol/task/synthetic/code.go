package synthetic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol/task"
)

// problem is a function that can be asked for: what it does in words, with k
// written in, and what it returns, in Python's notation.
type problem struct {
	name   string
	does   string
	result func(xs []int, k int) string
}

var problems = []problem{
	{"sum_of_multiples", "returns the sum of those numbers in xs that are divisible by %d", func(xs []int, k int) string {
		sum := 0
		for _, x := range xs {
			if x%k == 0 {
				sum += x
			}
		}
		return strconv.Itoa(sum)
	}},
	{"count_above", "returns how many numbers in xs are greater than %d", func(xs []int, k int) string {
		n := 0
		for _, x := range xs {
			if x > k {
				n++
			}
		}
		return strconv.Itoa(n)
	}},
	{"keep_small", "returns a list of those numbers in xs that are at most %d, in their order", func(xs []int, k int) string {
		return list(slices.DeleteFunc(slices.Clone(xs), func(x int) bool { return x > k }))
	}},
	{"rotate", "returns xs rotated to the left by %d places", func(xs []int, k int) string {
		if len(xs) == 0 {
			return list(xs)
		}
		k %= len(xs)
		return list(append(slices.Clone(xs[k:]), xs[:k]...))
	}},
	{"every_nth", "returns a list of every number in xs whose index is divisible by %d", func(xs []int, k int) string {
		var out []int
		for i := 0; i < len(xs); i += k {
			out = append(out, xs[i])
		}
		return list(out)
	}},
	{"largest_gap", "returns the largest difference between neighbours in sorted(xs), plus %d; just %[1]d where xs has fewer than two numbers", func(xs []int, k int) string {
		sorted, gap := slices.Sorted(slices.Values(xs)), 0
		for i := 1; i < len(sorted); i++ {
			gap = max(gap, sorted[i]-sorted[i-1])
		}
		return strconv.Itoa(gap + k)
	}},
	{"count_pairs", "returns how many pairs of indexes i < j there are with xs[i] + xs[j] divisible by %d", func(xs []int, k int) string {
		n := 0
		for i := range xs {
			for j := range i {
				if (xs[i]+xs[j])%k == 0 {
					n++
				}
			}
		}
		return strconv.Itoa(n)
	}},
	{"to_base", "returns one string: the numbers in xs written in base %d, with a comma between them", func(xs []int, k int) string {
		words := make([]string, len(xs))
		for i, x := range xs {
			words[i] = strconv.FormatInt(int64(x), k)
		}
		return "'" + strings.Join(words, ",") + "'"
	}},
	{"running_total", "returns the list of running totals of xs, each modulo %d", func(xs []int, k int) string {
		out, sum := make([]int, len(xs)), 0
		for i, x := range xs {
			sum += x
			out[i] = sum % k
		}
		return list(out)
	}},
	{"first_missing", "returns the least whole number from %d on that is not in xs", func(xs []int, k int) string {
		for slices.Contains(xs, k) {
			k++
		}
		return strconv.Itoa(k)
	}},
}

// code asks for a Python function, and runs it on lists that the seed draws.
func (q *Question) code(s *task.Stream) {
	p, k := pick(s, problems), between(s, 2, 9)
	var calls, want strings.Builder
	for range between(s, 4, 7) {
		xs := make([]int, s.Below(9))
		for i := range xs {
			xs[i] = between(s, 0, 40)
		}
		fmt.Fprintf(&calls, "print(repr(%s(%s)))\n", p.name, list(xs))
		want.WriteString(p.result(xs, k) + "\n")
	}
	q.Prompt = fmt.Sprintf("Write a Python function %s(xs) that takes a list of whole numbers, none of them negative, and %s. "+
		"Use no imports. Write only the function, in one block of code.", p.name, fmt.Sprintf(p.does, k))
	head := "def " + p.name + "("
	q.checks = []check{
		plain("form", func(answer string) bool { return strings.Contains(unfence(answer), head) }),
		{"tests", func(answer string, run Runner) bool {
			output, ok := run(unfence(answer) + "\n" + calls.String())
			return ok && output == want.String()
		}},
	}
}

// list writes numbers as Python does.
func list(xs []int) string {
	words := make([]string, len(xs))
	for i, x := range xs {
		words[i] = strconv.Itoa(x)
	}
	return "[" + strings.Join(words, ", ") + "]"
}
