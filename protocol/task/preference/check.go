package preference

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

// ErrFalseSet says that a setter set other pairs than its link and the beacon
// make, or said something else of them: a lie that anyone can show.
var ErrFalseSet = errors.New("preference: not the pairs that the link makes")

// Made is the pairs that a seed makes, with what is told of them when they were
// rated.
type Made struct {
	Pairs   wire.Pairs
	Origins []byte
}

// Make makes the pairs of a setter for a round, of its link and the task seed of
// the round before. Errors are those of [pair.Make].
func Make(ctx context.Context, n protocol.Round, setter protocol.SeatID, link, seed protocol.Hash, pairs int, e pair.Engine) (*Made, error) {
	list, origins, err := pair.Make(ctx, PairSeed(link, seed), pairs, e)
	if err != nil {
		return nil, fmt.Errorf("pairs of round %d: %w", n, err)
	}
	m := &Made{Pairs: wire.Pairs{Round: n, Setter: setter}}
	for i, p := range list {
		m.Pairs.Texts = append(m.Pairs.Texts, [3]string{p.Prompt, p.A, p.B})
		m.Origins = append(m.Origins, origins[i].Byte())
	}
	return m, nil
}

// CheckSet makes the pairs of an opened set again, given the task seed of the
// round before n, and says whether they are those: [ErrFalseSet] where they are
// not; any other error says nothing of the setter.
func CheckSet(ctx context.Context, n protocol.Round, s *Set, seed protocol.Hash, e pair.Engine) error {
	m, err := Make(ctx, n, s.Setter, s.Link, seed, len(s.Origins), e)
	if err != nil {
		return err
	}
	return m.Compare(s)
}

// Compare says whether an opened set is these pairs: [ErrFalseSet].
func (m *Made) Compare(s *Set) error {
	if root := m.Pairs.Root(); root != s.Root {
		return fmt.Errorf("seat %d set %s, and its link makes %s: %w", s.Setter.UID, s.Root.Short(), root.Short(), ErrFalseSet)
	}
	for i := range m.Origins {
		if i >= len(s.Origins) || s.Origins[i] != m.Origins[i] {
			return fmt.Errorf("seat %d says of pair %d what its link does not make: %w", s.Setter.UID, i, ErrFalseSet)
		}
	}
	if !bytes.Equal(s.Origins, m.Origins) {
		return fmt.Errorf("seat %d speaks of %d pairs, and set %d: %w", s.Setter.UID, len(s.Origins), len(m.Origins), ErrFalseSet)
	}
	return nil
}
