package chattemplate

import (
	"fmt"
	"strings"
)

// run is one rendering.
type run struct {
	steps int // left to spend
	bytes int
	calls int // macros and recursive loops within each other now
	out   *builder
	known map[string]value // what every name that is not set stands for; never written while rendering
}

// spend takes from the budgets, before what it is spent for is done.
func (r *run) spend(steps, bytes int) error {
	if steps > r.steps {
		return fmt.Errorf("%w: the rendering takes too many steps", ErrLimit)
	}
	if bytes > r.bytes {
		return fmt.Errorf("%w: the rendering moves too many bytes", ErrLimit)
	}
	r.steps, r.bytes = r.steps-steps, r.bytes-bytes
	return nil
}

// print adds t to the output or to what catches it.
func (r *run) print(t Text) error {
	if err := r.spend(0, t.Len()); err != nil {
		return err
	}
	if r.out.len()+t.Len() > MaxOutput {
		return fmt.Errorf("%w: more than %d bytes are written", ErrLimit, MaxOutput)
	}
	r.out.add(t)
	return nil
}

// catch returns what f prints.
func (r *run) catch(f func() error) (Text, error) {
	was := r.out
	r.out = &builder{}
	err := f()
	t := r.out.text()
	r.out = was
	return t, err
}

// find returns where part first is in t at or after byte from, or −1.
func (r *run) find(t, part Text, from int) (int, error) {
	i := strings.Index(t.s[from:], part.s)
	if i < 0 {
		return -1, r.spend(1, t.Len()-from)
	}
	return from + i, r.spend(1, i+part.Len())
}

// scope holds the variables of a block; a name is looked up inside out.
type scope struct {
	// names and values of few variables are searched one by one; at finds those
	// of many.
	names  []string
	values []value
	at     map[string]int
	outer  *scope
}

// few is how many variables are searched one by one.
const few = 12

func (s *scope) inner() *scope { return &scope{outer: s} }

// outermost returns the scope of the top level.
func (s *scope) outermost() *scope {
	for s.outer != nil {
		s = s.outer
	}
	return s
}

// index returns where a variable is, or −1.
func (s *scope) index(name string) int {
	if s.at != nil {
		if i, ok := s.at[name]; ok {
			return i
		}
		return -1
	}
	for i, n := range s.names {
		if n == name {
			return i
		}
	}
	return -1
}

func (s *scope) set(name string, v value) {
	if i := s.index(name); i >= 0 {
		s.values[i] = v
		return
	}
	if s.names == nil {
		s.names, s.values = make([]string, 0, 3), make([]value, 0, 3)
	}
	s.names, s.values = append(s.names, name), append(s.values, v)
	if s.at != nil {
		s.at[name] = len(s.names) - 1
	} else if len(s.names) > few {
		s.at = make(map[string]int, 2*few)
		for i, n := range s.names {
			s.at[n] = i
		}
	}
}

func (r *run) lookup(s *scope, name string) value {
	for ; s != nil; s = s.outer {
		r.steps-- // who asks next what is left finds out
		if i := s.index(name); i >= 0 {
			return s.values[i]
		}
	}
	if v, ok := r.known[name]; ok {
		return v
	}
	return undefined{name}
}
