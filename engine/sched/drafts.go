package sched

import (
	"cmp"
	"slices"
	"time"
)

// Guesses are tried where that is quicker.
//
// A step reads all weights once, so some rows more cost less than as many steps.
// What they cost differs from machine to machine, with the model and with how
// many sequences there are; what they bring is the probability that they are
// right. Both are known: the pace has measured how long steps of so many rows
// take, and who guesses says how likely each guess is. So of all guesses, the
// likeliest first, so many are tried that the step has the most tokens for its
// time; where that is none, none is. A guess needs all before it of its sequence,
// which are likelier; so the likeliest come with what they need.
//
// Guesses are for steps of nothing but sequences that are being continued: in
// others the tokens of prompts have the room.

// Drafts says when guesses are tried.
type Drafts uint8

// When they are.
const (
	DraftsAuto   Drafts = iota // where a step has more tokens for its time with them
	DraftsAlways               // all that are made: for tests
	DraftsOff
)

const (
	// MaxDraft is how many guesses of a sequence a step tries at most.
	MaxDraft = 15
	// maxRows is how many rows a step with guesses has at most.
	maxRows = 64
	// worthwhile is how much better a step must be with guesses than without:
	// what is measured is not exact.
	worthwhile = 1.03
)

// Terms are what guesses cost in the step to come.
type Terms struct {
	// Always tells that guesses are tried whatever they cost.
	Always bool
	// Sequences is how many the step continues, each by a token that is certain.
	Sequences int
	// Took is about how many seconds the step takes with so many guesses; 0
	// where nothing was measured yet.
	Took func(guesses int) float64
}

// Speed is the most tokens a second that a step makes with guesses which are
// right by those probabilities, each with all before it, and with none of them
// or more; further seconds go by before it begins. 0 where nothing is known.
func (t Terms) Speed(likely []float64, further float64) float64 {
	tokens, most := float64(t.Sequences), 0.0
	for n := 0; ; n++ {
		if took := t.Took(n); took > 0 {
			most = max(most, tokens/(took+further))
		}
		if n == len(likely) {
			return most
		}
		tokens += likely[n]
	}
}

// guess is one row more of a step.
type guess struct {
	part   int // of which part
	likely float64
}

// draft adds guesses to the parts of a step, each of which continues a sequence.
func (s *Scheduler) draft(parts []part) {
	if s.cfg.Drafts == DraftsOff {
		return
	}
	terms := Terms{Always: s.cfg.Drafts == DraftsAlways, Sequences: len(parts)}
	terms.Took = func(guesses int) float64 { return s.pace.of(min(maxRows, len(parts)+guesses)) }
	var all []guess
	for i := range parts {
		all = parts[i].guess(i, all, terms)
	}
	if len(all) == 0 {
		return
	}
	n := len(all)
	if s.cfg.Drafts != DraftsAlways {
		// Stable: the guesses of a sequence stay in order, none being likelier
		// than those before it.
		slices.SortStableFunc(all, func(a, b guess) int { return -cmp.Compare(a.likely, b.likely) })
		n = s.pace.best(len(parts), all)
	}
	for _, g := range all[:n] {
		parts[g.part].tried++
	}
	for i := range parts {
		parts[i].extend()
	}
}

// guess asks the sequence of part number i what comes next and adds that to all.
func (p *part) guess(i int, all []guess, t Terms) []guess {
	h := p.h
	most := min(MaxDraft, h.task.Most-h.cache.Len()-1)
	if h.task.Draft == nil || h.plain || most < 1 {
		return all
	}
	tokens, likely := h.task.Draft(most, t)
	p.guesses = tokens[:min(len(tokens), most)]
	for k := range p.guesses {
		all = append(all, guess{i, likely[k]})
	}
	return all
}

// extend makes the part's piece one of its token and the guesses to be tried.
func (p *part) extend() {
	if p.guesses = p.guesses[:p.tried]; p.tried > 0 {
		tokens := append(slices.Clone(p.Tokens), p.guesses...)
		p.Piece = p.h.pieceOf(tokens)
	}
}

// pace is how long steps take, by their rows, where the machine does nothing else.
// Others on it only make a step slower, so what is known falls at once and rises
// slowly, and what nobody has measured for long counts no more: a count of rows
// that was once measured in a bad moment would else never be tried again.
type pace struct {
	took  [maxRows + 1]float64 // seconds; 0 where nothing was measured
	at    [maxRows + 1]int     // the number of the step that was last measured
	steps int                  // that were measured
	since int                  // steps with guesses since one without
}

const (
	// rises and falls are the parts of what is known that a new measurement takes,
	// where it is more and where it is less.
	rises, falls = 0.1, 0.5
	// outlier is how much of what is known, or else thought, a measurement may be:
	// the system may have been elsewhere.
	outlier = 2
	// assumed is what a row more costs where nothing was measured, in steps of
	// one row.
	assumed = 0.15
	// remeasure is how many steps have guesses before one goes without, so that
	// what that takes is known anew.
	remeasure = 256
	// stale is after how many steps what is known is forgotten.
	stale = 512
)

// learn takes the time of a step of that many rows.
func (p *pace) learn(rows int, took time.Duration, drafted bool) {
	if p.since++; !drafted {
		p.since = 0
	}
	if rows < 1 || rows > maxRows {
		return
	}
	p.steps++
	thought := p.of(rows)
	known, t := &p.took[rows], took.Seconds()
	if thought > 0 {
		t = min(t, outlier*thought)
	}
	switch {
	case !p.known(rows):
		*known = t
	case t < *known:
		*known += falls * (t - *known)
	default:
		*known += rises * (t - *known)
	}
	p.at[rows] = p.steps
}

// known tells whether steps of that many rows were measured of late.
func (p *pace) known(rows int) bool {
	return p.took[rows] > 0 && p.steps-p.at[rows] <= stale
}

// of is about how long a step of that many rows takes, in seconds, from what the
// nearest took; 0 where nothing is known.
func (p *pace) of(rows int) float64 {
	below, above := 0, 0
	for i := rows; i > 0 && below == 0; i-- {
		if p.known(i) {
			below = i
		}
	}
	for i := rows; i <= maxRows && above == 0; i++ {
		if p.known(i) {
			above = i
		}
	}
	switch {
	case below == rows:
		return p.took[rows]
	case below > 0 && above > 0:
		share := float64(rows-below) / float64(above-below)
		return p.took[below] + share*(p.took[above]-p.took[below])
	case below > 0:
		return p.took[below] * (1 + assumed*float64(rows-1)) / (1 + assumed*float64(below-1))
	case above > 0:
		return p.took[above] * (1 + assumed*float64(rows-1)) / (1 + assumed*float64(above-1))
	}
	return 0
}

// best returns how many of the guesses, the likeliest first, give a step of that
// many sequences the most tokens for its time.
func (p *pace) best(sequences int, all []guess) int {
	base := p.of(sequences)
	if base == 0 || p.since >= remeasure {
		return 0
	}
	n, tokens, most := 0, float64(sequences), worthwhile*float64(sequences)/base
	for i, g := range all {
		if sequences+i+1 > maxRows {
			break
		}
		tokens += g.likely
		if speed := tokens / p.of(sequences+i+1); speed > most {
			n, most = i+1, speed
		}
	}
	return n
}
