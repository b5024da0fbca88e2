package simtest_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// hidden shows answers to vincent alone.
func (s *stage) hidden(c *miner.Config) {
	publish := c.Publish
	c.Publish = func(ctx context.Context, topic string, raw []byte) error {
		if topic == miner.TopicAnswer {
			_ = s.validators["vincent"].OnAnswer(ctx, raw)
			return nil
		}
		return publish(ctx, topic, raw)
	}
}

// attests lets vincent say of what he holds whatever lie makes of it; nothing at
// all where it makes false.
func (s *stage) attests(lie func(b *wire.Attest) bool) {
	s.validator("vincent", func(c *validator.Config) {
		submit := c.Submit
		c.Submit = func(ctx context.Context, body wire.Body) error {
			if b, ok := body.(*wire.Attest); ok {
				said := *b
				if !lie(&said) {
					return nil
				}
				body = &said
			}
			return submit(ctx, body)
		}
	})
}

// given counts the answers of an actor that were given in a round.
func (s *stage) given(n protocol.Round, name string) (count int) {
	s.Helper()
	rec, err := ledger.ReadGiven(s.State(), n, s.seat(name).ID)
	if err != nil {
		s.Fatal(err)
	}
	for slot := range 8 * len(rec.Slots) {
		if rec.Slots.Has(slot) {
			count++
		}
	}
	return count
}

// Each story has the same honest miners with the same seed, and they are paid what
// they are paid without the liars, together to the hundredth, and each to a fifth,
// for with another cast other tasks are drawn: one of four judges lies about what
// it holds, or says nothing; a miner shows its answers to one judge alone; and
// more than half of the seats commit and never open.
func TestNobodyTakesAnythingFromTheHonestByWhatIsNotShown(t *testing.T) {
	t.Parallel()
	const last = 7
	calm := network(t)
	calm.play(last)
	for name, story := range map[string]func(t *testing.T) *stage{
		"a judge holds nothing": func(t *testing.T) *stage {
			s := network(t)
			s.attests(func(b *wire.Attest) bool { b.Bits = nil; return true })
			return s
		},
		"a judge holds everything": func(t *testing.T) *stage {
			s := network(t, mallory)
			s.miner("mallory", s.hidden)
			s.attests(func(b *wire.Attest) bool { b.Bits = bytes.Repeat([]byte{0xff}, 4); return true })
			return s
		},
		"a judge says nothing": func(t *testing.T) *stage {
			s := network(t)
			s.attests(func(*wire.Attest) bool { return false })
			return s
		},
		"a miner shows its answers to one judge": func(t *testing.T) *stage {
			s := network(t, mallory)
			s.miner("mallory", s.hidden)
			return s
		},
		"most seats never open": func(t *testing.T) *stage {
			var silent []protocoltest.Actor
			for i := range 4 {
				silent = append(silent, protocoltest.Actor{Name: fmt.Sprintf("mallory %d", i), Capacity: 1})
			}
			s := network(t, silent...)
			for i := range silent {
				s.miner(silent[i].Name, func(c *miner.Config) {
					c.Publish = func(context.Context, string, []byte) error { return nil }
				})
			}
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story(t)
			s.play(last)
			var all, before protocol.Amount
			for _, name := range miners {
				got, want := s.Mined(name, 4, last), calm.Mined(name, 4, last)
				if all, before = all+got, before+want; want == 0 || got < want-want/5 {
					t.Errorf("%s was paid %s, without the liars %s", name, got, want)
				}
				if got := s.given(last-1, name); got != 1 {
					t.Errorf("%d answers of %s were given, want 1", got, name)
				}
			}
			if all < before-before/100 {
				t.Errorf("the honest were paid %s, without the liars %s", all, before)
			}
			for i := range s.Genesis().Seats[len(judges)+len(miners):] {
				id := protocol.SeatID{UID: protocol.UID(len(judges) + len(miners) + i)}
				rec, err := ledger.ReadGiven(s.State(), last-1, id)
				if err != nil || len(rec.Slots) != 0 {
					t.Errorf("of seat %d were given %v, %v", id.UID, rec.Slots, err)
				}
				if p, _, err := ledger.ReadPayment(s.State(), last, id.UID); err != nil || p.Miner != 0 {
					t.Errorf("seat %d was paid %s, %v", id.UID, p.Miner, err)
				}
			}
		})
	}
}
