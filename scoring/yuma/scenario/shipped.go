package scenario

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol/params"
)

// shipped are the scenarios that come with the program, by name. Validators have
// the first seats. They are the rules of params.Local, with an epoch's emission
// of 20 tokens.
var shipped = []struct {
	name, shows string
	make        func(*builder)
}{
	{"honest", "Four validators see alike, and each miner earns in proportion to its work.", honest},
	{"cabal-40", "Validators with 40 % of stake pay a miner that does nothing: it earns nothing, for agreement takes more than 51 %.", cabal(40)},
	{"cabal-50", "The same with 50 % of stake: half is not a majority, so neither side decides; nobody is paid, and the pot is carried over.", cabal(50)},
	{"cabal-60", "The same with 60 % of stake: the cabal decides, and honest miners earn nothing. No rule of weights helps against a majority.", cabal(60)},
	{"copiers", "A validator that copies what others agreed on in the epoch before earns less for its stake wherever miners change.", copiers},
	{"self-dealing", "A validator that gives all weight to its own miner: the miner earns nothing, and the validator's dividends end.", selfDealing},
	{"early-discoverer", "One of four equal validators sees a good new miner an epoch before the majority, another an epoch after it: the early one earns more than the late one, and the majority most.", discoverer},
	{"silent-majority", "Validators with 94 % of stake fall silent: once they no longer count, the other 6 % decide and earn all that is paid.", silent},
	{"sybils", "Twelve seats that never open an answer have no weight, and earn nothing.", sybils},
}

// Names lists the scenarios that ship.
func Names() []string {
	names := make([]string, len(shipped))
	for i := range shipped {
		names[i] = shipped[i].name
	}
	return names
}

// Shipped returns a scenario that comes with the program; nil where none has the
// name.
func Shipped(name string) *Scenario {
	for _, s := range shipped {
		if s.name == name {
			var b builder
			s.make(&b)
			b.Schema, b.Name, b.Shows = Schema, s.name, s.shows
			return &b.Scenario
		}
	}
	return nil
}

const (
	unit     = 1_000_000_000 // of a token
	tempo    = 20
	emission = 20 * unit
)

// builder makes a scenario.
type builder struct{ Scenario }

// network begins with validators of these stakes, in tokens, then miners.
func (b *builder) network(miners int, stakes ...uint64) {
	y := params.Local().Yuma
	n := len(stakes) + miners
	b.Setup = Setup{
		N: n, Tempo: tempo, Kappa: y.Kappa, MaxValidators: len(stakes), ActivityCutoff: y.ActivityCutoff,
		BondsMovingAverage: y.BondsMovingAverage, BondsPenalty: y.BondsPenalty, Yuma3: y.Yuma3, LiquidAlpha: y.LiquidAlpha,
		AlphaLow: y.AlphaLow, AlphaHigh: y.AlphaHigh, Steepness: y.Steepness, StakeThreshold: unit,
		ZerosKeepBonds: true, CarryIfNoIncentive: true, PaysAgreed: true,
		Stake: make([]uint64, n), RegisteredAt: make([]uint64, n), LastUpdate: make([]uint64, n), Permit: make([]bool, n), Block: 1,
	}
	for i, s := range stakes {
		b.Setup.Stake[i], b.Setup.Permit[i] = s*unit, true
	}
}

// weigh gives a validator's weights of the miners, which have the last seats.
func (b *builder) weigh(validator int, values ...uint16) {
	row := Operation{Op: SetWeights, UID: new(uint16(validator)), Values: values}
	for i := range values {
		row.UIDs = append(row.UIDs, uint16(b.Setup.N-len(values)+i))
	}
	b.Ops = append(b.Ops, row)
}

// epoch ends an epoch; the first is number 1.
func (b *builder) epoch(number int) {
	b.Ops = append(b.Ops,
		Operation{Op: SetBlock, Block: new(uint64(tempo * number))}, Operation{Op: Epoch, Emission: new(uint64(emission))})
}

func honest(b *builder) {
	b.network(4, 1000, 800, 600, 400)
	for e := 1; e <= 10; e++ {
		for v := range 4 {
			b.weigh(v, 40, 30, 20, 10)
		}
		b.epoch(e)
	}
}

// cabal is two validators with a part of stake, whose miner has the last seat.
func cabal(percent uint64) func(*builder) {
	return func(b *builder) {
		b.network(4, 10*(100-percent), 10*(100-percent), 10*percent, 10*percent)
		for e := 1; e <= 10; e++ {
			b.weigh(0, 40, 30, 30, 0)
			b.weigh(1, 40, 30, 30, 0)
			b.weigh(2, 0, 0, 0, 1)
			b.weigh(3, 0, 0, 0, 1)
			b.epoch(e)
		}
	}
}

// copiers has miners that change places every two epochs, and a last validator
// that says what the others said an epoch before.
func copiers(b *builder) {
	b.network(3, 1000, 1000, 1000, 1000)
	was := []uint16{1, 1, 1}
	for e := 1; e <= 12; e++ {
		now := []uint16{10, 10, 10}
		now[e/2%3] = 80
		for v := range 3 {
			b.weigh(v, now...)
		}
		b.weigh(3, was...)
		was = slices.Clone(now)
		b.epoch(e)
	}
}

func selfDealing(b *builder) {
	b.network(4, 1000, 1000, 1000, 1000)
	for e := 1; e <= 10; e++ {
		for v := range 3 {
			b.weigh(v, 40, 30, 30, 0)
		}
		b.weigh(3, 0, 0, 0, 1)
		b.epoch(e)
	}
}

// discoverer has a last miner that is good, as the first validator says from the
// fourth epoch on, two more in the fifth, and the last in the sixth.
func discoverer(b *builder) {
	b.network(3, 1000, 1000, 1000, 1000)
	sees := [4]int{4, 5, 5, 6}
	for e := 1; e <= 12; e++ {
		for v := range 4 {
			if e >= sees[v] {
				b.weigh(v, 20, 20, 60)
			} else {
				b.weigh(v, 50, 50, 0)
			}
		}
		b.epoch(e)
	}
}

// silent has three validators that set no weights from the third epoch on.
func silent(b *builder) {
	b.network(2, 1600, 1600, 1500, 300)
	for e := 1; e <= 10; e++ {
		if e < 3 {
			for v := range 3 {
				b.weigh(v, 50, 50)
			}
		}
		b.weigh(3, 0, 1)
		b.epoch(e)
	}
}

// sybils has twelve seats behind two honest miners.
func sybils(b *builder) {
	b.network(14, 1000, 1000, 1000)
	values := make([]uint16, 14)
	values[0], values[1] = 60, 40
	for e := 1; e <= 6; e++ {
		for v := range 3 {
			b.weigh(v, values...)
		}
		b.epoch(e)
	}
}

// Choice tells in a line what can be chosen.
func Choice(name string) string {
	for _, s := range shipped {
		if s.name == name {
			return fmt.Sprintf("%s: %s", s.name, s.shows)
		}
	}
	return ""
}
