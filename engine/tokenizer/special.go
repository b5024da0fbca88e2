package tokenizer

import "slices"

// specials finds control and user-defined tokens in a text: the leftmost, and
// the longest of those that start at one place.
type specials struct {
	ids     map[string]special
	members map[int32]bool
	lengths []int     // the lengths that occur, descending
	first   [256]bool // the bytes that one of them starts with
}

type special struct {
	id      int32
	control bool
}

func newSpecials(v *vocabulary) specials {
	s := specials{ids: map[string]special{}, members: map[int32]bool{}}
	for id, t := range v.tokens {
		if t.kind != kindControl && t.kind != kindUser {
			continue
		}
		s.ids[t.text] = special{id: int32(id), control: t.kind == kindControl}
		s.members[int32(id)] = true
		s.first[t.text[0]] = true
		if !slices.Contains(s.lengths, len(t.text)) {
			s.lengths = append(s.lengths, len(t.text))
		}
	}
	slices.Sort(s.lengths)
	slices.Reverse(s.lengths)
	return s
}

// is reports whether id is one of them.
func (s *specials) is(id int32) bool { return s.members[id] }

// always lets every control token count.
func always(int, int) bool { return true }

// next returns how many bytes of text from byte "from" on come before the first special token, its
// id and its length; a length of 0 means that there is none. A control token
// in bytes i to j−1 counts only if control is not nil and control(i, j) says so.
func (s *specials) next(text string, from int, control func(i, j int) bool) (plain int, id int32, size int) {
	for i := from; i < len(text); i++ {
		if !s.first[text[i]] {
			continue
		}
		for _, n := range s.lengths {
			if n > len(text)-i {
				continue
			}
			if found, ok := s.ids[text[i:i+n]]; ok && (!found.control || control != nil && control(i, i+n)) {
				return i - from, found.id, n
			}
		}
	}
	return len(text) - from, 0, 0
}
