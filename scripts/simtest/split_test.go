package simtest_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// crowded is echo offered by a seat with a capacity.
type crowded struct {
	echo
	capacity uint16
}

// Offer implements miner.Worker.
func (c crowded) Offer() wire.Offer { return wire.Offer{Kind: echoes, Capacity: c.capacity} }

// The splits that are played: a machine enters a network of two others of the same
// size when all is settled, and is followed for thirty epochs.
const (
	enters   = protocol.Epoch(6)
	followed = protocol.Epoch(30)
)

// splitNet plays a machine that can give so many answers a round behind so many
// seats, in shipped constants but for the kind, of which a seat is asked up to the
// machine's capacity: else one seat could not hold it. It returns what the seats
// have after thirty epochs: what they were paid, less what they cost, and less what
// their collateral had earned as stake meanwhile. Miners are handed no cards, by
// which they count what judges say of them, and do nothing: that is a third of what
// it costs to play sixty-four of them.
func splitNet(t *testing.T, capacity, seats int) (paid, price, locked, net float64) {
	t.Helper()
	p := protocoltest.Params(honest.ID())
	local := params.Local()
	p.Tasks.Retention, p.Seats.MaxPerColdkey = 4, uint32(seats)
	p.Kinds = []params.Kind{{Name: echoes, Share: params.One, Slots: uint32(capacity), Judges: 2, Rounds: 1, Keep: local.Kinds[0].Keep}}
	p.Seats.Max = uint32(max(seats+8, 16))
	table := append(task.Table{echo{}}, kinds.All()...)
	var people []protocoltest.Actor
	for _, name := range judges {
		people = append(people, protocoltest.Actor{Name: name, Stake: stake})
	}
	for _, owner := range []string{"dora", "emil", "mallory"} {
		people = append(people, protocoltest.Actor{Name: owner, More: 9000 * protocol.Unit}) // for sixty-four seats
	}
	s := openKinds(t, honest, *seed, protocoltest.Config{Cast: people, Params: p}, table, echo{})
	s.deaf = true
	s.enter("dora", "dora", capacity)
	s.enter("emil", "emil", capacity)
	s.play(enters - 1)
	before := s.balance("mallory")
	var names []string
	for i := range seats {
		part := (i+1)*capacity/seats - i*capacity/seats
		names = append(names, fmt.Sprintf("mallory %d", i+1))
		s.enter(names[i], "mallory", part)
		if i%12 == 11 { // of one account a pool takes 32 transactions
			s.block()
		}
	}
	s.block()
	collateral := protocol.Amount(capacity) * p.Seats.Collateral
	price = tokens(before - s.balance("mallory") - collateral)
	end := enters + followed - 1
	s.play(end)
	var judged protocol.Amount
	for _, name := range judges {
		judged += s.Judged(name, enters, end)
	}
	for _, name := range names {
		paid += tokens(s.Mined(name, enters, end))
	}
	locked = tokens(collateral) * tokens(judged) / tokens(stake*protocol.Amount(len(judges)))
	return paid, price, locked, paid - price - locked
}

func tokens(a protocol.Amount) float64 { return float64(a) / float64(protocol.Unit) }

// enter registers a seat that can give so many echoes, with the collateral for
// them.
func (s *stage) enter(name, owner string, capacity int) {
	s.Helper()
	worker := crowded{capacity: uint16(capacity)}
	s.miner(name, func(c *miner.Config) {
		c.Workers = []miner.Worker{worker}
		c.Announce = func() wire.Serve {
			body := *s.serve(name, 0)
			body.Offers = []wire.Offer{worker.Offer()}
			return body
		}
	})
	body, err := s.Register(name, owner)
	if err != nil {
		s.Fatal(err)
	}
	s.tx(protocoltest.Cold(owner), body)
	s.tx(protocoltest.Cold(owner), &wire.AddCollateral{Hotkey: protocoltest.Named(name).PublicKey(), Amount: protocol.Amount(capacity) * s.Params().Seats.Collateral})
}

var _ miner.Worker = crowded{}

// TestAMachineBehindManySeatsHasNoMoreThanBehindOne prints what a machine has
// behind one seat and behind many, and fails where many have more. ASSAY_SPLITS=all
// plays all capacities up to 64, behind 2, 3, 4, 8 … 64 seats, ASSAY_SPLITS=64 that
// one. Networks are played one after the other, on one core.
func TestAMachineBehindManySeatsHasNoMoreThanBehindOne(t *testing.T) {
	t.Parallel()
	plays := map[int][]int{4: {1, 4}}
	if which := os.Getenv("ASSAY_SPLITS"); which != "" {
		plays = map[int][]int{}
		for capacity := 1; capacity <= 64; capacity *= 2 {
			if which == "all" || which == strconv.Itoa(capacity) {
				plays[capacity] = splitsOf(capacity)
			}
		}
		if len(plays) == 0 {
			t.Fatalf("ASSAY_SPLITS is %q, not all, 1, 2, 4, 8, 16, 32 or 64", which)
		}
	}
	worst, at := math.Inf(-1), ""
	t.Logf("seed %d; tokens after %d epochs", *seed, followed)
	t.Log("capacity  seats      paid     price  collateral       net  beside one")
	for _, capacity := range slices.Sorted(maps.Keys(plays)) {
		one := 0.0
		for _, k := range plays[capacity] {
			paid, price, locked, net := splitNet(t, capacity, k)
			if k == 1 {
				one = net
			}
			t.Logf("%8d  %5d  %8.2f  %8.2f  %10.2f  %8.2f  %10.2f", capacity, k, paid, price, locked, net, net-one)
			if k > 1 && net > one {
				t.Errorf("%d answers behind %d seats have %.2f, behind one %.2f", capacity, k, net, one)
			}
			if k > 1 && net-one > worst {
				worst, at = net-one, fmt.Sprintf("%d answers behind %d seats", capacity, k)
			}
		}
	}
	if at != "" {
		t.Logf("the worst: %s have %.2f more than behind one", at, worst)
	}
}

// splitsOf returns behind how many seats a machine of a capacity is played, one
// first: powers of two, and three, which does not divide any of them.
func splitsOf(capacity int) []int {
	var out []int
	for k := 1; k <= capacity; k *= 2 {
		out = append(out, k)
		if k == 2 && capacity > 3 {
			out = append(out, 3)
		}
	}
	return out
}
