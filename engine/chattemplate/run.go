package chattemplate

import (
	"fmt"
	"strings"
)

// run is one rendering.
type run struct {
	steps int // left to spend
	bytes int
	calls int // macros within macros now
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

// join is Python's a + b of two strings.
func (r *run) join(a, b Text) (Text, error) {
	if err := r.spend(0, a.Len()+b.Len()); err != nil {
		return Text{}, err
	}
	var out builder
	out.add(a)
	out.add(b)
	return out.text(), nil
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
	names map[string]value
	outer *scope
}

func (s *scope) inner() *scope { return &scope{outer: s} }

func (s *scope) set(name string, v value) {
	if s.names == nil {
		s.names = map[string]value{}
	}
	s.names[name] = v
}

func (r *run) lookup(s *scope, name string) value {
	for ; s != nil; s = s.outer {
		r.steps-- // who asks next what is left finds out
		if v, ok := s.names[name]; ok {
			return v
		}
	}
	if v, ok := r.known[name]; ok {
		return v
	}
	return undefined{name}
}
