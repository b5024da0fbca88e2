package runes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// maxProgram bounds the instructions of a regular expression, and with the
// limits of an automaton the work that one costs.
const maxProgram = 1 << 13

// ErrUnsupported means an expression that no automaton of one text can be:
// word boundaries and ends of lines.
var ErrUnsupported = errors.New("runes: no word boundaries or lines in a regular expression")

// Regexp is the texts that an expression matches: as a whole, or anywhere in
// them. The set of a parsed expression is that of package regexp, for ^ and $ at
// the ends of the text. Errors: [ErrLimit], [ErrUnsupported].
func (w *Work) Regexp(re *syntax.Regexp, anywhere bool) (*DFA, error) {
	if atLeast(re) > maxProgram {
		return nil, errProgram
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if len(prog.Inst) > maxProgram {
		return nil, errProgram
	}
	p := &program{
		work: w, prog: prog, anywhere: anywhere, ranges: make([][]rune, len(prog.Inst)), ids: map[string]int{}, seen: make([]int, len(prog.Inst)),
	}
	var cuts []rune
	shared := map[*rune]bool{} // copies of a class have the same characters
	for i := range prog.Inst {
		in := &prog.Inst[i]
		if in.Op == syntax.InstEmptyWidth && syntax.EmptyOp(in.Arg)&^(syntax.EmptyBeginText|syntax.EmptyEndText) != 0 {
			return nil, ErrUnsupported
		}
		p.ranges[i] = rangesOf(in)
		if len(in.Rune) > 0 {
			if shared[&in.Rune[0]] {
				continue
			}
			shared[&in.Rune[0]] = true
		}
		if err := w.Spend(CellUnits * len(p.ranges[i])); err != nil {
			return nil, err
		}
		for k := 0; k < len(p.ranges[i]); k += 2 {
			cuts = append(cuts, p.ranges[i][k], p.ranges[i][k+1]+1)
		}
	}
	start := p.state(p.closure([]uint32{uint32(prog.Start)}, syntax.EmptyBeginText), true)
	return explore(w, cutsOf(cuts), start, p.step, p.accept)
}

var errProgram = fmt.Errorf("%w: a regular expression of more than %d instructions", ErrLimit, maxProgram)

// atLeast is a bound from below of an expression's instructions, before its
// repetitions are written out; above maxProgram it says no more.
func atLeast(re *syntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		n += atLeast(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpRepeat:
		n *= max(re.Min, re.Max)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = 1
	}
	return min(n, maxProgram+1)
}

// rangesOf returns the characters of an instruction, as pairs.
func rangesOf(in *syntax.Inst) []rune {
	switch in.Op {
	case syntax.InstRuneAny:
		return []rune{0, utf8.MaxRune}
	case syntax.InstRuneAnyNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, utf8.MaxRune}
	case syntax.InstRune1:
		return []rune{in.Rune[0], in.Rune[0]}
	case syntax.InstRune:
		if len(in.Rune) != 1 {
			return in.Rune
		}
		r := in.Rune[0]
		out := []rune{r, r}
		if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				out = append(out, f, f)
			}
		}
		return out
	}
	return nil
}

// program runs all threads of an expression at once.
type program struct {
	work     *Work
	prog     *syntax.Prog
	anywhere bool
	ranges   [][]rune
	ids      map[string]int
	sets     []threads
	seen     []int // of instructions: the last closure that came to them
	closures int
}

// threads are instructions that wait for a character or for the end.
type threads struct {
	pcs   []uint32 // ascending
	begin bool     // nothing was read yet
	match bool     // somewhere before, which is enough
}

func (p *program) state(pcs []uint32, begin bool) int {
	t := threads{pcs: pcs, begin: begin}
	if p.anywhere {
		for _, pc := range pcs {
			t.match = t.match || p.prog.Inst[pc].Op == syntax.InstMatch
		}
	}
	key := []byte{0}
	if begin && !t.match {
		key[0] = 1
	}
	if t.match {
		t.pcs, key[0] = nil, 2
	}
	for _, pc := range t.pcs {
		key = binary.LittleEndian.AppendUint32(key, pc)
	}
	id, ok := p.ids[string(key)]
	if !ok {
		id = len(p.sets)
		p.ids[string(key)] = id
		p.sets = append(p.sets, t)
	}
	return id
}

// closure follows what takes no character. Conditions that do not hold stay, for
// the end may fulfil them.
func (p *program) closure(pcs []uint32, holds syntax.EmptyOp) []uint32 {
	p.closures++
	visits := 0
	var out []uint32
	for todo := slices.Clone(pcs); len(todo) > 0; {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		visits++
		if p.seen[pc] == p.closures {
			continue
		}
		p.seen[pc] = p.closures
		switch in := &p.prog.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^holds == 0 {
				todo = append(todo, in.Out)
			} else {
				out = append(out, pc)
			}
		case syntax.InstFail:
		default:
			out = append(out, pc)
		}
	}
	slices.Sort(out)
	p.spend(visits + 4*len(out))
	return out
}

// spend counts; explore looks whether it was too much.
func (p *program) spend(n int) { _ = p.work.Spend(n) }

func (p *program) step(id int, r rune) (int, bool) {
	t := p.sets[id]
	if t.match {
		return id, true
	}
	var to []uint32
	p.spend(2 * len(t.pcs))
	for _, pc := range t.pcs {
		if hasRune(p.ranges[pc], r) {
			to = append(to, p.prog.Inst[pc].Out)
		}
	}
	if p.anywhere {
		to = append(to, uint32(p.prog.Start))
	}
	if len(to) == 0 {
		return 0, false
	}
	return p.state(p.closure(to, 0), false), true
}

func (p *program) accept(id int) bool {
	t := p.sets[id]
	if t.match {
		return true
	}
	holds := syntax.EmptyEndText
	if t.begin {
		holds |= syntax.EmptyBeginText
	}
	return slices.ContainsFunc(p.closure(t.pcs, holds), func(pc uint32) bool { return p.prog.Inst[pc].Op == syntax.InstMatch })
}

// hasRune looks into pairs; those of more than a few are ascending.
func hasRune(pairs []rune, r rune) bool {
	if len(pairs) <= 8 {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] <= r && r <= pairs[i+1] {
				return true
			}
		}
		return false
	}
	i := sort.Search(len(pairs)/2, func(i int) bool { return pairs[2*i+1] >= r })
	return i < len(pairs)/2 && pairs[2*i] <= r
}
