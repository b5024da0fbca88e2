package ledger_test

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// set is a set of ten members, each with a stake of 100 tokens, and two seats that
// could join them, 10 with 120 and 11 with 110 tokens.
type set struct {
	seats  []ledger.Seat
	stakes []protocol.Amount
	old    []ledger.Power
	last   map[protocol.UID]protocol.Height
	most   uint32 // validators
}

func tenOfTwelve() *set {
	s := &set{last: map[protocol.UID]protocol.Height{}, most: 16}
	for uid := range protocol.UID(12) {
		seat := ledger.Seat{ID: protocol.SeatID{UID: uid}, Beacon: ledger.Chain{Start: 1, Link: protocol.Hash{1}}}
		seat.Consensus.Key[0], seat.Consensus.Key[1] = 2, byte(uid+1)
		s.seats = append(s.seats, seat)
		s.stakes = append(s.stakes, 100*protocol.Unit)
		if uid < 10 {
			s.old = append(s.old, ledger.Power{UID: uid, Key: seat.Consensus.Key, Power: 100})
		}
	}
	s.stakes[10], s.stakes[11] = 120*protocol.Unit, 110*protocol.Unit
	return s
}

// without takes the stake of members away.
func (s *set) without(uids ...protocol.UID) {
	for _, uid := range uids {
		s.stakes[uid] = 0
	}
}

// next makes the next set the old one, and returns its members.
func (s *set) next() (uids []protocol.UID) {
	p := testParams()
	p.Seats.MaxValidators = s.most
	s.old, _ = ledger.Choose(&p, s.seats, s.stakes, s.old, s.last, 1)
	for _, v := range s.old {
		uids = append(uids, v.UID)
	}
	return uids
}

func (s *set) becomes(t *testing.T, epochs ...[]protocol.UID) {
	t.Helper()
	for i, want := range epochs {
		if got := s.next(); !slices.Equal(got, want) {
			t.Fatalf("epoch %d: got %v, want %v", i+1, got, want)
		}
	}
}

// powers returns those of members.
func (s *set) powers(uids ...protocol.UID) (out []uint64) {
	for _, uid := range uids {
		i := slices.IndexFunc(s.old, func(v ledger.Power) bool { return v.UID == uid })
		out = append(out, s.old[i].Power)
	}
	return out
}

func (s *set) have(t *testing.T, uids []protocol.UID, want ...uint64) {
	t.Helper()
	if got := s.powers(uids...); !slices.Equal(got, want) {
		t.Errorf("powers of %v: got %v, want %v", uids, got, want)
	}
}

// Entries move at most a fifth of the set's power, 200 of 1000: the first of the
// two has 120, and the other 80 of its 110, and the rest an epoch later.
func TestEntriesMoveAFifthOfPowerAnEpoch(t *testing.T) {
	s := tenOfTwelve()
	all := []protocol.UID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	s.becomes(t, all)
	s.have(t, []protocol.UID{9, 10, 11}, 100, 120, 80)
	s.becomes(t, all)
	s.have(t, []protocol.UID{9, 10, 11}, 100, 120, 110)
}

// Who has much more stake than a fifth of all enters at once, with a part, however
// many others go at the same time; what it has grows with each epoch.
func TestALargeEntrantDoesNotWaitForSmallLeavers(t *testing.T) {
	s := tenOfTwelve()
	s.stakes[10], s.stakes[11] = 1000*protocol.Unit, 0
	var got []uint64
	for leaver := range protocol.UID(4) { // one leaves in each epoch
		s.without(leaver)
		s.next()
		got = append(got, s.powers(10)...)
	}
	// Each time a fifth of 1000, less the 100 of who goes; in the end 3/10 of what it
	// and six others have.
	if want := []uint64{100, 200, 300, 257}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Who stakes as much as all others has its share in two epochs, not at once; of two
// that stake at once each gets half of what an epoch moves. Power falls at once.
func TestPowerGrowsByAFifthAnEpoch(t *testing.T) {
	s := tenOfTwelve()
	s.without(10, 11)
	s.stakes[0] = 1000 * protocol.Unit
	both := []protocol.UID{0, 1}
	s.next()
	s.have(t, both, 300, 100)
	s.next()
	s.have(t, both, 385, 100) // 3/10 of 1285
	s.stakes[0] = 50 * protocol.Unit
	s.next()
	s.have(t, both, 50, 100)

	s = tenOfTwelve()
	s.without(10, 11)
	s.stakes[0], s.stakes[1] = 250*protocol.Unit, 250*protocol.Unit
	s.next()
	s.have(t, both, 200, 200)
	s.next()
	s.have(t, both, 250, 250)
}

// Whatever stakes do, and whoever is jailed: what goes and what grows in an epoch
// is at most a fifth of what there was, or one member that goes, with as much for
// who comes for it at most; nobody has more than its share of those that are able.
func TestNoEpochMovesMoreThanAFifthOrOne(t *testing.T) {
	seed := rand.Int63()
	random := rand.New(rand.NewSource(seed))
	s := tenOfTwelve()
	s.most = 8
	p := testParams()
	p.Seats.MaxValidators, p.Seats.MinStake = s.most, protocol.Unit
	for epoch := range 3000 {
		for range random.Intn(3) {
			s.stakes[random.Intn(12)] = protocol.Amount(random.Intn(1<<(1+random.Intn(14)))) * protocol.Unit
			s.seats[random.Intn(12)].Jail = ledger.Jail{Held: random.Intn(3) == 0, Lied: random.Intn(2) == 0}
		}
		next, able := ledger.Choose(&p, s.seats, s.stakes, s.old, s.last, 1)
		was, is := map[protocol.UID]uint64{}, map[protocol.UID]uint64{}
		var all, grown, gone, sum uint64
		for _, v := range s.old {
			was[v.UID] = v.Power
			all += v.Power
		}
		n := uint64(0)
		for _, v := range next {
			is[v.UID] = v.Power
			grown += v.Power - min(v.Power, was[v.UID])
			if able[v.UID] {
				sum += v.Power
				n++
			}
		}
		left := 0
		for uid, power := range was {
			if is[uid] == 0 {
				gone += power
				left++
			}
		}
		if grown+gone > max(1, all/5) && (left != 1 || grown > gone) {
			t.Fatalf("seed %d, epoch %d: %v became %v: %d grew and %d went of %d", seed, epoch, s.old, next, grown, gone, all)
		}
		for _, v := range next {
			if able[v.UID] && v.Power*10 > 3*sum && v.Power*2*n > 3*sum {
				t.Fatalf("seed %d, epoch %d: %d has %d of %d", seed, epoch, v.UID, v.Power, sum)
			}
		}
		if len(next) == 0 || len(next) > 10 {
			t.Fatalf("seed %d, epoch %d: %d members", seed, epoch, len(next))
		}
		s.old = next
	}
}

// Who lied goes first, then the longest silent, then who has no stake, and entries
// wait for all of them.
func TestWhoLiedGoesFirstThenTheLongestSilent(t *testing.T) {
	s := tenOfTwelve()
	s.without(3)
	s.seats[7].Jail = ledger.Jail{Held: true}
	s.seats[5].Jail = ledger.Jail{Held: true}
	s.seats[8].Jail = ledger.Jail{Held: true, Lied: true}
	s.last = map[protocol.UID]protocol.Height{7: 10, 5: 20, 8: 99}
	s.becomes(t,
		[]protocol.UID{0, 1, 2, 3, 4, 5, 6, 9},   // 8 lied, 7 was silent since 10
		[]protocol.UID{0, 1, 2, 4, 6, 9, 10},     // 5 of 100 and 3, which had 1, of 701; 39 are left for 10
		[]protocol.UID{0, 1, 2, 4, 6, 9, 10, 11}, // 110 of 639, and 17 for 10 to grow
	)
}

// 8 lied, and has a quarter of the power; so did 6 and 7, which have little, and
// were silent for longer. Who is convicted beside it keeps it no epoch longer.
func TestOfWhoLiedTheMostPowerfulGoesFirst(t *testing.T) {
	s := tenOfTwelve()
	s.without(9, 10, 11)
	s.old, s.old[8].Power = s.old[:9], 200
	for _, uid := range []protocol.UID{6, 7} {
		s.stakes[uid], s.old[uid].Power = 10*protocol.Unit, 10
	}
	for _, uid := range []protocol.UID{6, 7, 8} {
		s.seats[uid].Jail = ledger.Jail{Held: true, Lied: true}
		s.last[uid] = protocol.Height(uid)
	}
	s.becomes(t, []protocol.UID{0, 1, 2, 3, 4, 5, 6, 7}, []protocol.UID{0, 1, 2, 3, 4, 5})
}

// Of five, 0 has by far the most stake, and three tenths of the power. It dies, and
// in the same epoch 1, of one token, lies. 0 waits: 1 goes first. Beside the three
// that are left it might have a third, but who waits to leave gains nothing: they
// have more than two thirds of the power still, without which no block is made.
func TestWhoWaitsToLeaveGainsNoPower(t *testing.T) {
	s := tenOfTwelve()
	for uid := protocol.UID(5); uid < 12; uid++ {
		s.without(uid)
	}
	s.stakes[0], s.stakes[1], s.old = 10_000*protocol.Unit, protocol.Unit, nil
	p := testParams()
	p.Seats.MinStake, p.Seats.MaxValidators = protocol.Unit, s.most
	s.old, _ = ledger.Choose(&p, s.seats, s.stakes, nil, s.last, 0)
	s.seats[0].Jail, s.seats[1].Jail = ledger.Jail{Held: true}, ledger.Jail{Held: true, Lied: true}
	set, _ := ledger.Choose(&p, s.seats, s.stakes, s.old, s.last, 1)
	var got []uint64
	for _, v := range set {
		got = append(got, v.Power)
	}
	if want := []uint64{129, 100, 100, 100}; !slices.Equal(got, want) || s.old[0].Power != 129 {
		t.Errorf("of %v: got %v, want %v", s.old, got, want)
	}
}

// Of four, nobody is a fifth; one change is made in each epoch all the same.
func TestAChangeLargerThanAFifthIsMadeAlone(t *testing.T) {
	s := tenOfTwelve()
	s.old = s.old[:4]
	s.seats[1].Jail, s.seats[2].Jail = ledger.Jail{Held: true}, ledger.Jail{Held: true}
	s.last = map[protocol.UID]protocol.Height{1: 6, 2: 5}
	for uid := protocol.UID(4); uid < 12; uid++ {
		s.without(uid)
	}
	s.becomes(t, []protocol.UID{0, 1, 3}, []protocol.UID{0, 3}, []protocol.UID{0, 3})
}

// Where there is no place the least goes with who enters, and both count; the seat
// with the lower number is the lesser of two that are equal. Who enters has as much
// as who goes, and grows afterwards.
func TestWhoEntersAFullSetMovesTwo(t *testing.T) {
	s := tenOfTwelve()
	s.most = 10
	first := *s
	first.next()
	first.have(t, []protocol.UID{9, 10}, 100, 100)
	s.becomes(t, []protocol.UID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, []protocol.UID{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, []protocol.UID{2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
}

// The last member stays until another has come, and where nobody is able all stay.
func TestTheSetIsNeverEmptied(t *testing.T) {
	s := tenOfTwelve()
	s.old = s.old[:1]
	for uid := range protocol.UID(11) {
		s.without(uid)
	}
	s.becomes(t, []protocol.UID{0, 11}, []protocol.UID{11})
	s.without(11)
	s.becomes(t, []protocol.UID{11}, []protocol.UID{11})
}
