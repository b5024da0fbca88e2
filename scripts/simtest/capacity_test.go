package simtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
)

var errTired = errors.New("the machine has done what it can in this round")

// machine can give so many answers a round, whoever asks it.
func machine(s *stage, answers int) func(*miner.Config) {
	given := map[protocol.Round]int{}
	return lying(func(ctx context.Context, r engine.Request) (engine.Run, error) {
		now := s.Params().Schedule.RoundOf(s.Height())
		if given[now] == answers {
			return engine.Run{}, errTired
		}
		given[now]++
		return honest.Generate(ctx, r, nil)
	})
}

// A seat that declares four answers a round and gives one fails three of four in
// the first epochs, is asked then for two, twice what it showed, and fails half of
// them.
func TestDeclaringCapacityThatOneDoesNotHaveEarnsLess(t *testing.T) {
	t.Parallel()
	s := network(t, protocoltest.Actor{Name: "mallory", Capacity: 4})
	s.miner("mallory", machine(s, 1))
	s.play(12)
	boast, modest := s.Mined("mallory", 6, 12), s.least(6, 12)
	if 10*boast > 6*modest {
		t.Errorf("who declares four answers and can give one got %s, who declares one %s", boast, modest)
	}
	s.found("mallory", wire.FindingPassed)
}

// split plays a network where mallory's machine, which can give four answers a
// round, stands behind so many seats, and returns what they were paid for
// answers in the epochs 10 … 16, and what the seats had cost.
func split(t *testing.T, seats int) (paid, price protocol.Amount) {
	t.Helper()
	more := []protocoltest.Actor{{Name: "dora", Capacity: 4}}
	var names []string
	for i := range seats {
		names = append(names, fmt.Sprintf("mallory %d", i+1))
		more = append(more, protocoltest.Actor{Name: names[i], Owner: "mallory"})
	}
	// Averages that forget soon, so that what a seat is asked for is what it is paid
	// for when the counting begins.
	p := protocoltest.Params(honest.ID())
	p.Kinds[0].Keep = params.One / 4
	s := open(t, honest, protocoltest.Config{Cast: cast(more...), Params: p})
	run := machine(s, 4)
	for _, name := range names {
		s.join(name, "mallory", uint16(4/seats), run)
	}
	before := s.balance("mallory")
	s.block()
	price = before - s.balance("mallory")
	s.play(16)
	for _, name := range names {
		paid += s.Mined(name, 10, 16)
	}
	return paid, price
}

func TestSplittingAMachineIntoManySeatsEarnsNoMore(t *testing.T) {
	t.Parallel()
	one, priceOfOne := split(t, 1)
	four, priceOfFour := split(t, 4)
	// Judges draw by chance, which moves payments by a few percent.
	if one == 0 || four > one+one/20 {
		t.Errorf("a machine in one seat was paid %s, in four seats %s", one, four)
	}
	if priceOfFour <= 4*priceOfOne {
		t.Errorf("one seat cost %s, four cost %s", priceOfOne, priceOfFour)
	}
}
