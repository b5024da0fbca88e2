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
	"maps"
	"regexp"
	"slices"
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
	maps.Copy(all, r.said[n])
	return all, nil
}

// Finished reports whether it rated so many pairs of a round: it takes none back.
func (r *Reader) Finished(n protocol.Round, pairs int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.said[n]) >= pairs
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
	words := strings.FieldsFunc(response, func(c rune) bool { return strings.ContainsRune(" .,!?", c) })
	return slices.Contains(words, value)
}

// sorts are the questions that it can read, and what the right value is, of what
// the question says.
var sorts = []struct {
	question *regexp.Regexp
	right    func(prompt string, found []string) string
}{
	{regexp.MustCompile(`(\w+) sold \d+ \w+ to (\w+), and \w+ carried them home\. Who (sold|bought)`), first("sold")},
	{regexp.MustCompile(`(\w+) bought \d+ \w+ from (\w+), and \w+ carried them home\. Who (sold|bought)`), first("bought")},
	{regexp.MustCompile(`(\w+) is taller than \w+, and \w+ is taller than (\w+)\. Who is the (\w+)`), first("tallest")},
	{regexp.MustCompile(`(\w+) is shorter than \w+, and \w+ is shorter than (\w+)\. Who is the (\w+)`), first("shortest")},
	{regexp.MustCompile(`Where would you send a letter for (\w+)`), after(` lives in (\w+)`)},
	{regexp.MustCompile(`Who has the (\w+)\?`), holder},
	{regexp.MustCompile(`(\w+) at (\d+) coins each, (\w+) at (\d+), and (\w+) at (\d+)\. Which are the (cheapest|dearest)`), extreme},
	{regexp.MustCompile(`train to (\w+) leaves at (\d+:\d+), the one to (\w+) at (\d+:\d+), and the one to (\w+) at (\d+:\d+)\. Which train leaves (first|last)`), extreme},
}

// most is a question that begins as others do.
var most = regexp.MustCompile(`(\w+) has (\d+) \w+, (\w+) has (\d+), and (\w+) has (\d+)\. Who has the (fewest|most)\?`)

// first takes the first thing found where the third is a word, else the second.
func first(word string) func(string, []string) string {
	return func(_ string, found []string) string {
		if found[3] == word {
			return found[1]
		}
		return found[2]
	}
}

// after takes what stands in the prompt behind the thing found.
func after(pattern string) func(string, []string) string {
	return func(prompt string, found []string) string {
		if m := regexp.MustCompile(`\b` + found[1] + pattern).FindStringSubmatch(prompt); m != nil {
			return m[1]
		}
		return ""
	}
}

// holder takes who took the thing found, or who has the most or fewest.
func holder(prompt string, found []string) string {
	if m := most.FindStringSubmatch(prompt); m != nil {
		return extreme(prompt, m)
	}
	if m := regexp.MustCompile(`(\w+) took the ` + found[1] + `\b`).FindStringSubmatch(prompt); m != nil {
		return m[1]
	}
	return ""
}

// extreme takes the thing with the least or greatest number.
func extreme(_ string, found []string) string {
	least := map[string]bool{"fewest": true, "cheapest": true, "first": true}[found[7]]
	best := 1
	for i := 3; i < 7; i += 2 {
		if (number(found[i+1]) < number(found[best+1])) == least {
			best = i
		}
	}
	return found[best]
}

// Solve returns the right value of a question, and whether it can read it.
func Solve(prompt string) (string, bool) {
	for _, s := range sorts {
		if found := s.question.FindStringSubmatch(prompt); found != nil {
			value := s.right(prompt, found)
			return value, value != ""
		}
	}
	return "", false
}

// number reads a number or a time of day.
func number(s string) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(s, ":", "")) // a few digits, by the patterns
	return n
}
