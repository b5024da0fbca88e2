package sched

import "slices"

// firstShare is what part of a step's tokens of one user's prompts goes to the
// one that came first, one in so many. The rest goes to the shortest, so that a
// question does not wait for a long text that came before it, and the long text
// comes to its end however many questions come.
const firstShare = 4

// grant is how many tokens of a prompt a step takes.
type grant struct {
	h *Handle
	n int
}

// ready is how many tokens of its prompt a step can take.
func (h *Handle) ready() int {
	if at := h.cache.Len(); h.pause > at {
		return min(h.left(), h.pause-at)
	}
	return h.left()
}

// share gives a budget of tokens to prompts, to all of one user before those of
// the next; prompts are in the order of their users' turns, and of a user's in
// that in which they came.
func share(prompts []*Handle, budget int) []grant {
	var out []grant
	for len(prompts) > 0 && budget > 0 {
		var mine, rest []*Handle
		for _, h := range prompts {
			if h.user == prompts[0].user {
				mine = append(mine, h)
			} else {
				rest = append(rest, h)
			}
		}
		for _, g := range shareOne(mine, budget) {
			if g.n > 0 {
				out = append(out, g)
				budget -= g.n
			}
		}
		prompts = rest
	}
	return out
}

// shareOne is share for the prompts of one user.
func shareOne(mine []*Handle, budget int) []grant {
	out := make([]grant, len(mine))
	for i, h := range mine {
		out[i].h = h
	}
	first := min(mine[0].ready(), (budget+firstShare-1)/firstShare)
	left := budget - first
	short := slices.Clone(out[1:])
	slices.SortStableFunc(short, func(a, b grant) int { return a.h.left() - b.h.left() })
	for i := range short {
		short[i].n = min(short[i].h.ready(), left)
		left -= short[i].n
	}
	out[0].n = min(mine[0].ready(), first+left)
	return append(out[:1], short...)
}
