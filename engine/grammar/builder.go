package grammar

import "fmt"

// Limits of a grammar.
const (
	// MaxStates bounds the states of all rules together.
	MaxStates = 1 << 18
	// MaxEdges bounds what leads from state to state: bytes, rules that are entered,
	// and ways by nothing.
	MaxEdges = 1 << 20
	// MaxDepth bounds how many rules are entered within each other. Values in JSON
	// that lie in each other take two or three each.
	MaxDepth = 512
	// maxThreads bounds the ways in which a text can be read so far.
	maxThreads = 1 << 12
	// maxLooks bounds what is looked at for one byte of a text.
	maxLooks = 1 << 17
)

type (
	// State is a number of a [Builder]'s.
	State int32
	// Rule is a number of a [Builder]'s.
	Rule int32
)

// edge is a byte of lo … hi.
type edge struct {
	lo, hi byte
	to     State
}

// call is a rule that is entered, and where it goes on after.
type call struct {
	rule Rule
	back State
}

type state struct {
	edges  []edge
	free   []State // reached without a byte
	calls  []call
	last   bool  // the rule ends
	run    int32 // characters of a JSON string that can follow, see runsOf; no rule ends among them
	height int32 // how many rules must be entered to come to the end
}

// Builder makes an automaton: rules of states, with bytes between them, and
// rules that are entered.
type Builder struct {
	states []state
	rules  []State // their starts
	edges  int
	err    error
}

// NewBuilder returns a Builder without rules.
func NewBuilder() *Builder { return &Builder{} }

// Rule adds a rule, whose start is a new state.
func (b *Builder) Rule() (Rule, State) {
	s := b.State()
	b.rules = append(b.rules, s)
	return Rule(len(b.rules) - 1), s
}

// State adds a state. Above [MaxStates] it is the first one, and Build fails.
func (b *Builder) State() State {
	if len(b.states) >= MaxStates {
		b.err = fmt.Errorf("%w: more than %d states", ErrLimit, MaxStates)
		return 0
	}
	b.states = append(b.states, state{})
	return State(len(b.states) - 1)
}

// edge counts one more edge, and reports whether there is room for it.
func (b *Builder) edge() bool {
	if b.edges++; b.edges > MaxEdges && b.err == nil {
		b.err = fmt.Errorf("%w: more than %d ways from state to state", ErrLimit, MaxEdges)
	}
	return b.err == nil
}

// Full reports whether the grammar is above its limits already, so that whoever
// builds it can stop.
func (b *Builder) Full() bool { return b.err != nil }

// Last makes a rule end in a state.
func (b *Builder) Last(s State) { b.states[s].last = true }

// Byte goes from a state to another by a byte of lo … hi.
func (b *Builder) Byte(from State, lo, hi byte, to State) {
	if b.edge() {
		b.states[from].edges = append(b.states[from].edges, edge{lo, hi, to})
	}
}

// Free goes from a state to another by nothing.
func (b *Builder) Free(from, to State) {
	if b.edge() {
		b.states[from].free = append(b.states[from].free, to)
	}
}

// Call goes from a state to another by the text of a rule.
func (b *Builder) Call(from State, r Rule, to State) {
	if b.edge() {
		b.states[from].calls = append(b.states[from].calls, call{r, to})
	}
}

// Text goes from a state by a text and returns where that leads.
func (b *Builder) Text(from State, text string) State {
	for i := range len(text) {
		to := b.State()
		b.Byte(from, text[i], text[i], to)
		from = to
	}
	return from
}

// TextTo goes from a state to another by a text.
func (b *Builder) TextTo(from State, text string, to State) {
	if text == "" {
		b.Free(from, to)
		return
	}
	from = b.Text(from, text[:len(text)-1])
	b.Byte(from, text[len(text)-1], text[len(text)-1], to)
}

// never is the height of what has no end.
const never = 1 << 30

// maxPasses bounds the work of finding what states lead to: looks at states and
// at what leads from them.
const maxPasses = 1 << 26

var errChain = fmt.Errorf("%w: rules refer to each other in too long chains", ErrLimit)

// Build returns the automaton of the texts of a rule. Errors: [ErrLimit],
// [ErrRecursion], [ErrEmpty].
func (b *Builder) Build(start Rule) (*Automaton, error) {
	if b.err != nil {
		return nil, b.err
	}
	if err := b.measure(); err != nil {
		return nil, err
	}
	if err := b.findRecursion(); err != nil {
		return nil, err
	}
	if b.states[b.rules[start]].height >= never {
		return nil, ErrEmpty
	}
	if b.states[b.rules[start]].height > MaxDepth {
		return nil, fmt.Errorf("%w: rules lie deeper in each other than %d", ErrLimit, MaxDepth)
	}
	a := &Automaton{states: b.states, rules: b.rules, root: b.rules[start]}
	a.prune()
	a.classify()
	a.reset()
	return a, nil
}

// measure finds the height of each state: the least, over all ways to the end,
// of the most rules that lie in each other on the way.
func (b *Builder) measure() error {
	for i := range b.states {
		b.states[i].height = never
	}
	for passes, changed := 0, true; changed; passes++ {
		if passes*(len(b.states)+b.edges) > maxPasses {
			return errChain
		}
		changed = false
		for i := len(b.states) - 1; i >= 0; i-- {
			s := &b.states[i]
			h := s.height
			if s.last {
				h = 0
			}
			for _, e := range s.edges {
				h = min(h, b.states[e.to].height)
			}
			for _, to := range s.free {
				h = min(h, b.states[to].height)
			}
			for _, c := range s.calls {
				h = min(h, max(1+b.states[b.rules[c.rule]].height, b.states[c.back].height))
			}
			if h < s.height {
				s.height, changed = h, true
			}
		}
	}
	return nil
}

// nullable finds the states from which a rule can end without a byte.
func (b *Builder) nullable() ([]bool, error) {
	empty := make([]bool, len(b.states))
	for passes, changed := 0, true; changed; passes++ {
		if passes*(len(b.states)+b.edges) > maxPasses {
			return nil, errChain
		}
		changed = false
		for i := len(b.states) - 1; i >= 0; i-- {
			if empty[i] {
				continue
			}
			s := &b.states[i]
			ends := s.last
			for _, to := range s.free {
				ends = ends || empty[to]
			}
			for _, c := range s.calls {
				ends = ends || empty[b.rules[c.rule]] && empty[c.back]
			}
			if ends {
				empty[i], changed = true, true
			}
		}
	}
	return empty, nil
}

// enters are the rules that a rule can enter before its first byte.
func (b *Builder) enters(r Rule, empty []bool) (rules []Rule) {
	seen := map[State]bool{}
	todo := []State{b.rules[r]}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		todo = append(todo, b.states[s].free...)
		for _, c := range b.states[s].calls {
			rules = append(rules, c.rule)
			if empty[b.rules[c.rule]] {
				todo = append(todo, c.back)
			}
		}
	}
	return rules
}

// findRecursion refuses rules that begin with themselves.
func (b *Builder) findRecursion() error {
	empty, err := b.nullable()
	if err != nil {
		return err
	}
	waits := make([]int, len(b.rules)) // how many of them are not done
	users := make([][]Rule, len(b.rules))
	var ready []Rule
	for r := range b.rules {
		enters := b.enters(Rule(r), empty)
		if waits[r] = len(enters); waits[r] == 0 {
			ready = append(ready, Rule(r))
		}
		for _, to := range enters {
			users[to] = append(users[to], Rule(r))
		}
	}
	done := 0
	for ; len(ready) > 0; done++ {
		r := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, u := range users[r] {
			if waits[u]--; waits[u] == 0 {
				ready = append(ready, u)
			}
		}
	}
	if done < len(b.rules) {
		return ErrRecursion
	}
	return nil
}
