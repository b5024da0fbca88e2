package synthetic

import (
	"slices"

	"github.com/assaynet/assay/scoring/synthetic/index"
)

// Memo remembers what the gates find of some texts by themselves, for who judges
// these texts again and again beside others, as a simulation does. All that it
// serves must have the same rules, schema and named sets, and neither a family nor
// programs. It serves one [Judge] at a time, the newest, which has the memory of
// the one before it. nil remembers nothing.
type Memo struct {
	texts map[string]*remembered
	seen  index.Memory
}

// remembered is what was found of a text, nothing before it is asked for.
type remembered struct {
	judgement *Judgement
	trace     *trace
}

// NewMemo returns a memo of these texts, and of no others.
func NewMemo(texts ...[]string) *Memo {
	m := &Memo{texts: map[string]*remembered{}}
	for _, list := range texts {
		for _, t := range list {
			m.texts[t] = &remembered{}
		}
	}
	return m
}

// memory returns an empty index.
func (m *Memo) memory() *index.Memory {
	if m == nil {
		return &index.Memory{}
	}
	m.seen.Clear()
	return &m.seen
}

// recall returns what is found of a text, which is found once where it is one of
// those that are remembered. The judgement is the caller's, the trace to read.
func (m *Memo) recall(text string, find func() (*Judgement, *trace)) (*Judgement, *trace) {
	if m == nil {
		return find()
	}
	r, kept := m.texts[text]
	if !kept {
		return find()
	}
	if r.judgement == nil {
		r.judgement, r.trace = find()
	}
	own := *r.judgement
	own.Failed = slices.Clone(own.Failed)
	return &own, r.trace
}
