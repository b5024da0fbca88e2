// Package reader is a script that rates pairs in the place of a person. It reads
// the questions of package task/preference/pair and solves them, as a person would;
// what comes from a setter's secret it never sees. What it prefers is a latent
// quality that all readers share: the right value, and where that does not decide,
// a taste of the words. Each reader sees it through noise of its own.
package reader

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol"
)

// Way is how a reader rates.
type Way string

// The ways.
const (
	Honest Way = "honest" // by quality, right in Right of 100 pairs
	Longer Way = "longer" // the longer response, whatever it says
)

// Reader rates whatever is laid before it, at once: it is a desk of package
// miner/rater. Methods are safe for concurrent use.
type Reader struct {
	// Name seeds its noise; readers of different names err about different pairs.
	Name string
	Way  Way
	// Right is how many of 100 pairs it sees as they are.
	Right int

	mu   sync.Mutex
	said map[protocol.Round]map[uint16]label.Rating
	done map[protocol.Round]bool
}

// Put rates pairs.
func (r *Reader) Put(_ context.Context, items []label.Item) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said == nil {
		r.said, r.done = map[protocol.Round]map[uint16]label.Rating{}, map[protocol.Round]bool{}
	}
	for _, i := range items {
		if r.done[i.Round] {
			continue
		}
		if r.said[i.Round] == nil {
			r.said[i.Round] = map[uint16]label.Rating{}
		}
		r.said[i.Round][i.Slot] = label.Rating{Choice: r.Rate(i.Prompt, i.A, i.B)}
	}
	return nil
}

// Ratings returns what it said in a round.
func (r *Reader) Ratings(n protocol.Round) (map[uint16]label.Rating, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[uint16]label.Rating{}
	for slot, x := range r.said[n] {
		all[slot] = x
	}
	return all, nil
}

// Seal closes a round.
func (r *Reader) Seal(n protocol.Round) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said == nil {
		r.said, r.done = map[protocol.Round]map[uint16]label.Rating{}, map[protocol.Round]bool{}
	}
	r.done[n] = true
	return nil
}

// Rate says which of two responses is better, whichever is shown first.
func (r *Reader) Rate(prompt, a, b string) label.Choice {
	better := label.LittleA
	switch r.Way {
	case Longer:
		if len(b) > len(a) {
			better = label.LittleB
		}
		return better
	default:
		if quality(prompt, b) > quality(prompt, a) {
			better = label.LittleB
		}
	}
	first, second := min(a, b), max(a, b)
	if int(draw(r.Name, prompt, first, second)%100) >= r.Right {
		better = label.LittleA + label.LittleB - better
	}
	return better
}

// draw returns a number that texts decide.
func draw(texts ...string) uint64 {
	h := sha256.New()
	for _, t := range texts {
		_, _ = fmt.Fprintf(h, "%d %s", len(t), t)
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// quality is what all readers see in a response.
func quality(prompt, response string) uint64 {
	q := draw("taste", prompt, response) >> 1
	if right, ok := Solve(prompt); ok && states(response, right) {
		q += 1 << 63
	}
	return q
}

// states reports whether a response has a value among its words.
func states(response, value string) bool {
	for _, w := range strings.FieldsFunc(response, func(c rune) bool { return strings.ContainsRune(" .,!?", c) }) {
		if w == value {
			return true
		}
	}
	return false
}

var days = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// sorts are the questions that it can read, and what the right value is, of what
// the question says.
var sorts = []struct {
	question *regexp.Regexp
	right    func(found []string) string
}{
	{regexp.MustCompile(`has (\d+) \w+ and gets (\d+) more\. How many`), func(f []string) string { return strconv.Itoa(number(f[1]) + number(f[2])) }},
	{regexp.MustCompile(`has (\d+) \w+ and gives away (\d+)\. How many`), func(f []string) string { return strconv.Itoa(number(f[1]) - number(f[2])) }},
	{regexp.MustCompile(`There are (\d+) boxes with (\d+) `), func(f []string) string { return strconv.Itoa(number(f[1]) * number(f[2])) }},
	{regexp.MustCompile(`sold \d+ \w+ to (\w+)\. Who bought`), func(f []string) string { return f[1] }},
	{regexp.MustCompile(`and \w+ lives in (\w+)\. Where would you send`), func(f []string) string { return f[1] }},
	{regexp.MustCompile(`is taller than \w+, and \w+ is taller than (\w+)\. Who is the shortest`), func(f []string) string { return f[1] }},
	{regexp.MustCompile(`Today is (\w+)\. Which day of the week is it in (\d+) days\?`), func(f []string) string {
		for i, d := range days {
			if d == f[1] {
				return days[(i+number(f[2]))%len(days)]
			}
		}
		return ""
	}},
}

// Solve returns the right value of a question, and whether it can read it.
func Solve(prompt string) (string, bool) {
	for _, s := range sorts {
		if found := s.question.FindStringSubmatch(prompt); found != nil {
			return s.right(found), true
		}
	}
	return "", false
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // a few digits, by the pattern
	return n
}
