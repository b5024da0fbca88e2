package synthetic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol/task"
)

// results has of each problem what its function returns, in Python's notation.
var results = map[string]func(xs []int, k int) string{
	"sum_of_multiples": func(xs []int, k int) string {
		sum := 0
		for _, x := range xs {
			if x%k == 0 {
				sum += x
			}
		}
		return strconv.Itoa(sum)
	},
	"count_above": func(xs []int, k int) string {
		n := 0
		for _, x := range xs {
			if x > k {
				n++
			}
		}
		return strconv.Itoa(n)
	},
	"keep_small": func(xs []int, k int) string {
		return list(slices.DeleteFunc(slices.Clone(xs), func(x int) bool { return x > k }))
	},
	"rotate": func(xs []int, k int) string {
		if len(xs) == 0 {
			return list(xs)
		}
		k %= len(xs)
		return list(append(slices.Clone(xs[k:]), xs[:k]...))
	},
	"every_nth": func(xs []int, k int) string {
		var out []int
		for i := 0; i < len(xs); i += k {
			out = append(out, xs[i])
		}
		return list(out)
	},
	"largest_gap": func(xs []int, k int) string {
		sorted, gap := slices.Sorted(slices.Values(xs)), 0
		for i := 1; i < len(sorted); i++ {
			gap = max(gap, sorted[i]-sorted[i-1])
		}
		return strconv.Itoa(gap + k)
	},
	"count_pairs": func(xs []int, k int) string {
		n := 0
		for i := range xs {
			for j := range i {
				if (xs[i]+xs[j])%k == 0 {
					n++
				}
			}
		}
		return strconv.Itoa(n)
	},
	"to_base": func(xs []int, k int) string {
		words := make([]string, len(xs))
		for i, x := range xs {
			words[i] = strconv.FormatInt(int64(x), k)
		}
		return "'" + strings.Join(words, ",") + "'"
	},
	"running_total": func(xs []int, k int) string {
		out, sum := make([]int, len(xs)), 0
		for i, x := range xs {
			sum += x
			out[i] = sum % k
		}
		return list(out)
	},
	"first_missing": func(xs []int, k int) string {
		for slices.Contains(xs, k) {
			k++
		}
		return strconv.Itoa(k)
	},
}

// code asks for a Python function, and runs it on lists that the seed draws.
func (q *Question) code(s *task.Stream) {
	i := s.Below(uint64(len(said.Words["problems"])))
	name, k := said.Words["problems"][i], between(s, 2, 9)
	var calls, want strings.Builder
	for range between(s, 4, 7) {
		xs := make([]int, s.Below(9))
		for i := range xs {
			xs[i] = between(s, 0, 40)
		}
		fmt.Fprintf(&calls, "print(repr(%s(%s)))\n", name, list(xs))
		want.WriteString(results[name](xs, k) + "\n")
	}
	q.Prompt = write("code", "name", name, "does", fill(said.Texts["does"][i], "k", k))
	head := "def " + name + "("
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
