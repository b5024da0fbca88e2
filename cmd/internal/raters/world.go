package raters

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/assaynet/assay/scoring/preference"
)

// setting is one world: who sits where, and what each knows.
type setting struct {
	m     Model
	c     *Case
	cheat func(s *setting, r *rand.Rand, p *pair, seat int) preference.Choice
	noise float64
	// cheats sit on the first seats, honest people on the others. From turn on
	// the cheats cheat; before, they are honest.
	cheats, turn int
}

// pair is a pair with what only its makers know.
type pair struct {
	preference.Pair
	truth preference.Choice // what honest people find
	gold  bool
	trap  bool // misleads people alike
	known bool // a gold that the cheats know
	// What all seats of a cheat share: coin is a coin that they flipped
	// together, person what their one person says, outside what their model says.
	coin, person, outside preference.Choice
	odd                   bool // a pair on which the minority's taste is another
}

// epoch makes the pairs of one epoch, answered.
func (s *setting) epoch(r *rand.Rand, number int) []preference.Pair {
	raters, each := s.m.Raters, min(s.m.PerPair, s.m.Raters)
	count := s.m.PairsEach * raters / each
	out := make([]preference.Pair, 0, count)
	seats := newDeal(raters)
	kinds := s.kinds(r, count)
	for i := range count {
		p := s.pair(r, kinds[i])
		p.ID, p.Epoch = strconv.Itoa(i), uint64(number)
		setter := i % s.m.Setters
		p.Setter = strconv.Itoa(setter)
		p.known = p.gold && (setter < s.c.Leaks || r.Float64() < s.c.Knows)
		for _, seat := range seats.next(r, each) {
			p.Answers = append(p.Answers, preference.Answer{Rater: strconv.Itoa(seat), Choice: s.answer(r, p, seat, number)})
		}
		switch {
		case setter < s.c.Inverts && p.gold:
			p.Gold = -p.Gold
			p.Cell = 1 - p.Cell // an inverted gold makes Z right where it is wrong
		case setter >= s.m.Setters-s.c.Withholds:
			continue // never opened: as if it had not been
		}
		out = append(out, p.Pair)
	}
	return out
}

// kind says what a setter made a pair to be.
type kind int

const (
	ordinary kind = iota
	breakage      // a gold whose worse side was broken: the engine sees it
	repair        // a gold whose better side was repaired: the engine prefers its own error
)

// kinds deals golds to each setter's pairs: as many as the share says, and as
// many repairs as breaks, to one.
func (s *setting) kinds(r *rand.Rand, count int) []kind {
	out := make([]kind, count)
	for setter := range s.m.Setters {
		var own []int
		for i := setter; i < count; i += s.m.Setters {
			own = append(own, i)
		}
		r.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
		golds := int(math.Round(float64(len(own)) * s.m.GoldShare))
		for i, at := range own[:golds] {
			out[at] = breakage + kind((i+setter)%2)
		}
	}
	return out
}

// pair makes a pair before anyone saw it.
func (s *setting) pair(r *rand.Rand, k kind) *pair {
	p := &pair{truth: coin(r), gold: k != ordinary}
	p.coin, p.outside = coin(r), tell(r, p.truth, s.m.Outside)
	engine, longer := s.m.Engine, s.m.Longer
	if p.gold {
		// Half repairs, half breaks: nothing cheap tells them.
		if k == repair {
			p.Cell = 1
		}
		engine, longer = float64(1-p.Cell), 0.5
		p.Gold = p.truth
	} else {
		p.trap, p.odd = r.Float64() < s.m.Traps, r.Float64() < s.m.Taste
	}
	p.person = s.person(r, p, s.m.Skills[len(s.m.Skills)/2])
	p.Z = int8(tell(r, p.truth, engine))
	if r.Float64() >= s.m.SameLength {
		p.Length = int8(tell(r, p.truth, longer))
	}
	return p
}

// person is what somebody of a skill finds better.
func (s *setting) person(r *rand.Rand, p *pair, skill float64) preference.Choice {
	if !p.gold && r.Float64() < s.m.Undecided {
		return preference.Equal
	}
	if p.trap {
		skill = s.m.TrapSkill
	}
	return tell(r, p.truth, skill)
}

// skill is that of an honest seat: each is as frequent as the others.
func (s *setting) skill(seat int) float64 {
	return s.m.Skills[(seat-s.cheats+len(s.m.Skills)*maxRaters)%len(s.m.Skills)]
}

func (s *setting) answer(r *rand.Rand, p *pair, seat, epoch int) preference.Choice {
	if seat >= s.cheats || epoch < s.turn {
		return s.person(r, p, s.skill(seat))
	}
	return s.cheat(s, r, p, seat)
}

func coin(r *rand.Rand) preference.Choice {
	if r.Uint64()&1 == 0 {
		return preference.Left
	}
	return preference.Right
}

// tell is truth with a probability, else the other side.
func tell(r *rand.Rand, truth preference.Choice, probability float64) preference.Choice {
	if r.Float64() < probability {
		return truth
	}
	return -truth
}

// behaviours are what a seat can do. noise is asked of those that share something.
var behaviours = map[string]func(s *setting, r *rand.Rand, p *pair, seat int) preference.Choice{
	"random": func(_ *setting, r *rand.Rand, _ *pair, _ int) preference.Choice { return coin(r) },
	// The order in which responses are shown is drawn for each rater.
	"first": func(_ *setting, r *rand.Rand, _ *pair, _ int) preference.Choice { return coin(r) },
	"longer": func(_ *setting, r *rand.Rand, p *pair, _ int) preference.Choice {
		if p.Length == 0 {
			return coin(r)
		}
		return preference.Choice(p.Length)
	},
	"engine": func(s *setting, r *rand.Rand, p *pair, _ int) preference.Choice {
		return s.noisy(r, preference.Choice(p.Z))
	},
	"outside": func(s *setting, r *rand.Rand, p *pair, _ int) preference.Choice { return s.noisy(r, p.outside) },
	"copies":  func(s *setting, r *rand.Rand, p *pair, _ int) preference.Choice { return s.noisy(r, p.person) },
	"taste": func(s *setting, r *rand.Rand, p *pair, seat int) preference.Choice {
		x := s.person(r, p, s.skill(seat))
		if p.odd {
			return -x
		}
		return x
	},
	"half": func(s *setting, r *rand.Rand, p *pair, seat int) preference.Choice {
		if coin(r) == preference.Left {
			return coin(r)
		}
		return s.person(r, p, s.skill(seat))
	},
	"golds-random": func(s *setting, r *rand.Rand, p *pair, seat int) preference.Choice {
		if p.gold {
			return s.person(r, p, s.skill(seat))
		}
		return coin(r)
	},
	"golds-engine": func(s *setting, r *rand.Rand, p *pair, seat int) preference.Choice {
		if p.gold {
			return s.person(r, p, s.skill(seat))
		}
		return preference.Choice(p.Z)
	},
	"clique": func(s *setting, r *rand.Rand, p *pair, _ int) preference.Choice {
		if p.known {
			return p.truth
		}
		return s.noisy(r, p.coin)
	},
}

// noisy is x, or a coin of one's own as often as the noise says.
func (s *setting) noisy(r *rand.Rand, x preference.Choice) preference.Choice {
	if r.Float64() < s.noise {
		return coin(r)
	}
	return x
}

// deal deals seats from a shuffled deck, so that all are asked as often.
type deal struct{ deck, seats []int }

func newDeal(n int) *deal {
	d := &deal{}
	for i := range n {
		d.seats = append(d.seats, i)
	}
	return d
}

// next draws n seats, none twice; it is good until the next call.
func (d *deal) next(r *rand.Rand, n int) []int {
	left := len(d.deck)
	if left < n {
		// The seats that are left come first, then the others in a new order.
		r.Shuffle(len(d.seats), func(i, j int) { d.seats[i], d.seats[j] = d.seats[j], d.seats[i] })
		deck := append([]int(nil), d.deck...)
		for _, s := range d.seats {
			if !slices.Contains(d.deck, s) {
				deck = append(deck, s)
			}
		}
		d.deck = append(deck, d.deck...) // and those again, at the end of the deck
	}
	out := d.deck[:n]
	d.deck = d.deck[n:]
	return out
}
