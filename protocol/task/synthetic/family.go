package synthetic

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
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

// What prompts speak of. A list is never changed: prompts follow from it.
var (
	givenNames = []string{
		"Amara", "Bela", "Chen", "Dalia", "Emeka", "Farid", "Greta", "Hana", "Ivo", "Jun", "Keiko", "Lars", "Mina", "Nils", "Oluchi", "Pilar",
		"Quentin", "Rosa", "Samir", "Tova", "Uri", "Vera", "Wanda", "Ximena", "Yusuf", "Zora",
	}
	surnames = []string{
		"Abara", "Bianchi", "Castell", "Dvorak", "Eriksen", "Fontana", "Grabowski", "Haddad", "Ibrahim", "Jansen", "Kimura", "Lindqvist",
		"Moreau", "Novak", "Okafor", "Petrov", "Quiroga", "Rossi", "Sato", "Tanaka", "Ueda", "Vogel", "Weiss", "Yilmaz", "Zeman",
	}
	cities = []string{
		"Aarhus", "Bergen", "Cuenca", "Dakar", "Esfahan", "Fukuoka", "Ghent", "Haifa", "Izmir", "Jaipur", "Kigali", "Lviv", "Mombasa", "Nantes",
		"Osaka", "Porto", "Quito", "Riga", "Salta", "Tartu", "Utrecht", "Varna", "Wuhan", "Yerevan", "Zagreb",
	}
	goods = []string{
		"lanterns", "kettles", "notebooks", "blankets", "violins", "compasses", "teapots", "ladders", "bicycles", "mirrors", "telescopes", "baskets",
		"hammers", "umbrellas", "clocks", "carpets", "saddles", "anvils", "candles", "globes",
	}
	topics = []string{
		"how bread rises", "why the sky is blue", "looking after a houseplant", "the life of a river", "moving to a new city", "learning to swim",
		"how a bicycle stays upright", "the first day at a new job", "repairing an old chair", "the phases of the moon", "keeping bees",
		"a long walk in the rain", "cooking for ten guests", "reading a map", "the history of paper", "saving water at home", "training for a race",
		"how vaccines work", "a market in the morning", "why we sleep", "how bridges carry loads", "planting a small garden", "choosing a first telescope",
		"what makes glass clear", "a night train across the country", "how languages change", "the work of a lighthouse keeper", "sorting a messy desk",
	}
	keywords = []string{
		"patience", "morning", "careful", "water", "simple", "reason", "balance", "light", "together", "slowly", "because", "practice", "distance",
		"quiet", "measure", "change",
	}
)
