//go:build mutants

package cuda_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

var (
	registerName = regexp.MustCompile(`%(rs|rd|r|f|p)\d+`)
	numberName   = regexp.MustCompile(`(^|[ +\[{-])(\d+|0f[0-9A-F]{8})($|[\]},])`)
)

// changes are the kinds of mutants. Each returns the changed instruction, and
// false where it has nothing to change; an empty one is left out.
var changes = []func(r *rand.Rand, s source, registers map[string][]string) (source, bool){
	anotherOpcode, twoSwapped, anotherRegister, anotherNumber, anotherGuard, anotherTarget, leftOut,
}

func anotherOpcode(r *rand.Rand, s source, _ map[string][]string) (source, bool) {
	list := ptx.Alike(s.op)
	if len(list) == 0 || strings.HasPrefix(s.op, "mov.") { // mostly of zeros, of which the root and the magnitude are the same
		return s, false
	}
	s.op = list[r.IntN(len(list))]
	return s, true
}

// commutes are operations whose first two sources may change places.
var commutes = regexp.MustCompile(`^(add|mul|and|or|xor|min|max|fma|mad|dp4a|setp\.(eq|ne|equ|neu))\b`)

func twoSwapped(r *rand.Rand, s source, _ map[string][]string) (source, bool) {
	if len(s.args) < 3 {
		return s, false
	}
	i := 1 + r.IntN(len(s.args)-2)
	if s.args[i] == s.args[i+1] || i == 1 && commutes.MatchString(s.op) {
		return s, false
	}
	s.args = slices.Clone(s.args)
	s.args[i], s.args[i+1] = s.args[i+1], s.args[i]
	return s, true
}

// anotherRegister puts one of the kernel's in the place of one of its kind, the
// destination included.
func anotherRegister(r *rand.Rand, s source, registers map[string][]string) (source, bool) {
	text := strings.Join(s.args, "\x00")
	places := registerName.FindAllStringIndex(text, -1)
	if len(places) == 0 {
		return s, false
	}
	at := places[r.IntN(len(places))]
	old := text[at[0]:at[1]]
	others := registers[strings.TrimRight(old, "0123456789")]
	if by := others[r.IntN(len(others))]; by != old {
		s.args = strings.Split(text[:at[0]]+by+text[at[1]:], "\x00")
		return s, true
	}
	return s, false
}

// anotherNumber changes a constant, the offset of an address or a float.
func anotherNumber(r *rand.Rand, s source, _ map[string][]string) (source, bool) {
	i := r.IntN(max(1, len(s.args)))
	if i >= len(s.args) || strings.Contains(s.args[i], "_param_") {
		return s, false
	}
	m := numberName.FindStringSubmatchIndex(s.args[i])
	s.args = slices.Clone(s.args)
	switch {
	case m == nil && strings.HasPrefix(s.args[i], "["):
		s.args[i] = strings.Replace(s.args[i], "]", fmt.Sprintf("+%d]", 1<<r.IntN(6)), 1)
	case m == nil:
		return s, false
	default:
		s.args[i] = s.args[i][:m[4]] + otherNumber(r, s.args[i][m[4]:m[5]]) + s.args[i][m[5]:]
	}
	return s, true
}

func otherNumber(r *rand.Rand, old string) string {
	if bits, float := strings.CutPrefix(old, "0f"); float {
		n, _ := strconv.ParseUint(bits, 16, 32) // the expression matched no other
		return fmt.Sprintf("0f%08X", n^1<<r.IntN(32))
	}
	n, _ := strconv.ParseUint(old, 10, 64)
	return strconv.FormatUint([]uint64{n + 1, n - min(n, 1), n ^ 1<<r.IntN(6), 2 * n}[r.IntN(4)], 10)
}

func anotherGuard(r *rand.Rand, s source, registers map[string][]string) (source, bool) {
	if s.guard == "" {
		return s, false
	}
	switch r.IntN(3) {
	case 0:
		s.guard = ""
	case 1:
		if not, was := strings.CutPrefix(s.guard, "@!"); was {
			s.guard = "@" + not
		} else {
			s.guard = "@!" + s.guard[1:]
		}
	default:
		list := registers["%p"]
		s.guard = "@" + list[r.IntN(len(list))] + " "
	}
	return s, true
}

// anotherTarget jumps to another label of the kernel.
func anotherTarget(r *rand.Rand, s source, registers map[string][]string) (source, bool) {
	list := registers["$"]
	if !strings.HasPrefix(s.op, "bra") || len(list) < 2 {
		return s, false
	}
	s.args = []string{list[r.IntN(len(list))]}
	return s, true
}

func leftOut(_ *rand.Rand, s source, _ map[string][]string) (source, bool) {
	return source{module: s.module, kernel: s.kernel, line: s.line}, true
}

// mutant is a kernel with one instruction changed.
type mutant struct {
	was, is source
	text    string // of the module
	kernel  *ptx.Kernel
}

// key is what a list of equivalent mutants has: no line's number, which another
// compiler would change.
func (m mutant) key() string {
	is := m.is.String()
	if is == "" {
		is = "nothing"
	}
	return fmt.Sprintf("%s %s: %s => %s", m.was.module, m.was.kernel, m.was, is)
}

// mutants draws them.
type mutants struct {
	r       *rand.Rand
	list    []source
	text    map[string][]string
	names   map[string]map[string][]string // of each kernel, registers of a kind, and labels
	refused int                            // that are no PTX, or none that the interpreter reads
}

func newMutants(t *testing.T, seed uint64) *mutants {
	t.Helper()
	m := &mutants{r: rand.New(rand.NewPCG(seed, 0x6d7574)), names: map[string]map[string][]string{}}
	m.list, m.text = sources(t)
	for _, s := range m.list {
		key := s.module + s.kernel
		if m.names[key] == nil {
			m.names[key] = map[string][]string{}
		}
		for _, name := range registerName.FindAllString(strings.Join(s.args, " "), -1) {
			add(m.names[key], strings.TrimRight(name, "0123456789"), name)
		}
		if strings.HasPrefix(s.op, "bra") {
			add(m.names[key], "$", s.args[0])
		}
	}
	return m
}

func add(to map[string][]string, kind, name string) {
	if !slices.Contains(to[kind], name) {
		to[kind] = append(to[kind], name)
	}
}

// falls tells whether an instruction jumps to where its lanes come anyway.
func (m *mutants) falls(s source) bool {
	if !strings.HasPrefix(s.op, "bra") {
		return false
	}
	for _, line := range m.text[s.module][s.line+1:] {
		label, _, is := strings.Cut(line, ":")
		switch {
		case is && label == s.args[0]:
			return true
		case is || strings.HasPrefix(strings.TrimSpace(line), "//"):
		default:
			return false
		}
	}
	return false
}

// next is a mutant that the interpreter reads. What it does not read, such as
// another rounding or a register of another kind, is found by that, and is not
// counted.
func (m *mutants) next() mutant {
	for {
		was := m.list[m.r.IntN(len(m.list))]
		is, changed := changes[m.r.IntN(len(changes))](m.r, was, m.names[was.module+was.kernel])
		if !changed || is.String() == was.String() || is.op == "" && m.falls(was) {
			continue
		}
		lines := slices.Clone(m.text[was.module])
		if lines[was.line] = "\t" + is.String() + ";"; is.op == "" {
			lines[was.line] = ""
		}
		x := mutant{was: was, is: is, text: strings.Join(lines, "\n")}
		module, err := ptx.Parse(x.text)
		if err != nil {
			m.refused++
			continue
		}
		x.kernel = module.Kernels[was.kernel]
		return x
	}
}
