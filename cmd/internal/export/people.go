package export

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

// Opened gives the opened pairs of the people's lane in an epoch with their
// ratings, by round, setter and place, as /v1/pairs has them.
type Opened func(ctx context.Context, e protocol.Epoch, yield func(*api.Pair) error) error

// People gives the pairs of the people's lane whose texts are those that their
// setter put on the ledger.
func People(opened Opened) Pairs {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Pair) error) error {
		var set []api.Pair // of one setter and round
		flush := func() error {
			list := set
			set = nil
			return give(list, yield)
		}
		err := opened(ctx, e, func(p *api.Pair) error {
			if len(set) > 0 && (set[0].Round != p.Round || set[0].Setter != p.Setter) {
				if err := flush(); err != nil {
					return err
				}
			}
			if len(set) == wire.MaxPairs {
				return fmt.Errorf("seat %d has more than %d pairs in round %d: %w", p.Setter, wire.MaxPairs, p.Round, ErrRow)
			}
			set = append(set, *p)
			return nil
		})
		if err != nil {
			return err
		}
		return flush()
	}
}

// give gives the pairs of a set if they are all of it.
func give(list []api.Pair, yield func(*Pair) error) error {
	if len(list) == 0 {
		return nil
	}
	texts := &wire.Pairs{}
	for i := range list {
		texts.Texts = append(texts.Texts, [3]string{list[i].Prompt, list[i].A, list[i].B})
	}
	if texts.Root() != list[0].Root {
		return fmt.Errorf("pairs of seat %d in round %d: not those on the ledger: %w", list[0].Setter, list[0].Round, ErrRow)
	}
	for i := range list {
		p := &list[i]
		out := &Pair{
			Prompt: p.Prompt, Sides: [2]string{p.A, p.B}, Lane: lanePeople,
			Origin: Origin{
				Pair: fmt.Sprintf("%d/%d/%d", p.Round, p.Setter, p.Place), Setter: p.Hotkey.String(), Gold: int32(p.Gold),
				Epoch: int64(p.Epoch), Round: int64(p.Round), Root: p.Root.String(),
			},
		}
		for _, r := range p.Ratings {
			out.Ratings = append(out.Ratings, Vote{Rater: r.Rater.String(), Choice: int32(r.Side)})
		}
		if err := yield(out); err != nil {
			return err
		}
	}
	return nil
}
