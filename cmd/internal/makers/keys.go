package makers

import "math/bits"

// keyOf is a key of a word (FNV-1a): who makes many texts need not hash them as the
// gates do to know runs of words again.
func keyOf(word string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for k := range len(word) {
		h = (h ^ uint64(word[k])) * 0x100000001b3
	}
	return h
}

// fives appends a key of each run of five words.
func (l *language) fives(keys []uint64, words []int) []uint64 {
	const n, odd = 5, 0x9e3779b97f4a7c15
	for i := n; i <= len(words); i++ {
		var key uint64
		for _, word := range words[i-n : i] {
			key = bits.RotateLeft64((key^l.keys[word])*odd, 29)
		}
		keys = append(keys, key)
	}
	return keys
}

// keySet is a set of keys, which are spread: a table that is half full at most,
// looked up in a third of the time of a map. The zero value is empty.
type keySet struct {
	slots []uint64 // 0: empty
	used  int
	zero  bool // 0 is in the set
}

// at returns where a key stands, or belongs.
func (s *keySet) at(key uint64) int {
	i := int(key) & (len(s.slots) - 1)
	for s.slots[i] != 0 && s.slots[i] != key {
		i = (i + 1) & (len(s.slots) - 1)
	}
	return i
}

func (s *keySet) has(key uint64) bool {
	if key == 0 {
		return s.zero
	}
	return s.used > 0 && s.slots[s.at(key)] == key
}

func (s *keySet) add(key uint64) {
	if key == 0 {
		s.zero = true
		return
	}
	if 2*(s.used+1) > len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, max(1<<10, 2*len(old)))
		for _, k := range old {
			if k != 0 {
				s.slots[s.at(k)] = k
			}
		}
	}
	if i := s.at(key); s.slots[i] == 0 {
		s.slots[i], s.used = key, s.used+1
	}
}
