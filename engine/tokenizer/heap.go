package tokenizer

// heap is a binary heap of candidates: the smallest order is first.
type heap []candidate

func (h *heap) push(c candidate) {
	s := append(*h, c)
	*h = s
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if s[parent].order <= c.order {
			break
		}
		s[i] = s[parent]
		i = parent
	}
	s[i] = c
}

func (h *heap) pop() candidate {
	s := *h
	first, last := s[0], s[len(s)-1]
	s = s[:len(s)-1]
	*h = s
	if len(s) == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(s) {
			break
		}
		if child+1 < len(s) && s[child+1].order < s[child].order {
			child++
		}
		if last.order <= s[child].order {
			break
		}
		s[i] = s[child]
		i = child
	}
	s[i] = last
	return first
}
