package synthetic

import (
	"bytes"
	_ "embed" // the texts
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
)

// Family is a family of prompts.
type Family string

// The families.
const (
	Arithmetic  Family = "arithmetic"
	Extraction  Family = "extraction"
	Code        Family = "code"
	Instruction Family = "instruction"
	Dialogue    Family = "dialogue"
)

// Families lists the families in the order in which a seed chooses.
func Families() []Family { return []Family{Arithmetic, Extraction, Code, Instruction, Dialogue} }

// Grams returns what an answer of the family, or a record of none (""), is
// compared with others by. In the families [Arithmetic] and [Extraction] numbers
// and names are all that an answer says, and are checked: masked, every right
// answer would be the same.
func (f Family) Grams(words []text.Word) []uint64 {
	if f == Arithmetic || f == Extraction {
		return text.Facts(words)
	}
	return text.Novel(words)
}

// Skeleton returns what else a text that a model writes freely is compared by; none
// of answers whose facts or programs are checked.
func (f Family) Skeleton(words []text.Word) []uint64 {
	switch f {
	case Arithmetic, Extraction, Code:
		return nil
	}
	return text.Skeleton(words)
}

// ErrFamily says that there is no such family.
var ErrFamily = errors.New("synthetic: unknown family")

// Question is what one seed asks, and the checks of an answer.
type Question struct {
	Family Family
	Prompt string
	checks []check
}

// Finding is what one check found.
type Finding struct {
	Check string `json:"check"`
	Pass  bool   `json:"pass"`
}

// Runner runs a Python program where it can do no harm, and returns what it wrote
// to standard output and whether it ended by itself without an error.
type Runner func(program string) (output string, ok bool)

// check is one thing that a program can say about an answer.
type check struct {
	name string
	pass func(answer string, run Runner) bool
}

// plain is a check that runs nothing.
func plain(name string, pass func(answer string) bool) check {
	return check{name, func(answer string, _ Runner) bool { return pass(answer) }}
}

// Derive returns the question of a seed in a family; all that differs is drawn from
// the seed's [task.Stream]. Errors: [ErrFamily].
func Derive(f Family, seed protocol.Hash) (*Question, error) {
	q, s := &Question{Family: f}, task.NewStream(seed)
	switch f {
	case Arithmetic:
		q.arithmetic(s)
	case Extraction:
		q.extraction(s)
	case Code:
		q.code(s)
	case Instruction:
		q.instruction(s)
	case Dialogue:
		q.dialogue(s)
	default:
		return nil, fmt.Errorf("%.32q: %w", f, ErrFamily)
	}
	return q, nil
}

// Check returns what the checks of the question find in an answer, always the same
// checks in the same order. Only the family [Code] calls run.
func (q *Question) Check(answer string, run Runner) []Finding {
	out := make([]Finding, len(q.checks))
	for i, c := range q.checks {
		out[i] = Finding{c.name, c.pass(answer, run)}
	}
	return out
}

// Checks returns the names of the checks of the question, in their order.
func (q *Question) Checks() []string {
	out := make([]string, len(q.checks))
	for i, c := range q.checks {
		out[i] = c.name
	}
	return out
}

// pick draws one of a list.
func pick[T any](s *task.Stream, list []T) T { return list[s.Below(uint64(len(list)))] }

// between draws a number in low … high.
func between(s *task.Stream, low, high int) int { return low + int(s.Below(uint64(high-low+1))) }

// said is what families.json says: the texts of prompts, with places in braces,
// and what they speak of. It never changes: prompts follow from it, and SPEC.md,
// section 21, names the file by its hash.
var said = func() (f struct{ Texts, Words map[string][]string }) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		panic(err) // it is part of the program
	}
	return f
}()

//go:embed families.json
var file []byte

// write returns the one text of a name, filled.
func write(name string, places ...any) string { return fill(said.Texts[name][0], places...) }

// fill fills the places of a text: each is named before what stands there.
func fill(text string, places ...any) string {
	all := make([]string, len(places))
	for i, v := range places {
		all[i] = fmt.Sprint(v)
		if i%2 == 0 {
			all[i] = "{" + all[i] + "}"
		}
	}
	return strings.NewReplacer(all...).Replace(text)
}

// one draws one of the words of a name.
func one(s *task.Stream, name string) string { return pick(s, said.Words[name]) }
