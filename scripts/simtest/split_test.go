package simtest_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
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
// their collateral had earned as stake meanwhile.
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
		people = append(people, protocoltest.Actor{Name: owner})
	}
	s := openKinds(t, honest, *seed, protocoltest.Config{Cast: people, Params: p}, table, echo{})
	s.enter("dora", "dora", capacity)
	s.enter("emil", "emil", capacity)
	s.play(enters - 1)
	before := s.balance("mallory")
	var names []string
	for i := range seats {
		part := (i+1)*capacity/seats - i*capacity/seats
		names = append(names, fmt.Sprintf("mallory %d", i+1))
		s.enter(names[i], "mallory", part)
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
// behind one seat and behind many, and fails where many have more. ASSAY_SPLITS=1
// plays all capacities up to 64, which takes a while, but not behind more than
// sixteen seats: each costs a quarter more than the one before, and so many are
// dearer than the thousand tokens that the machine's owner has.
func TestAMachineBehindManySeatsHasNoMoreThanBehindOne(t *testing.T) {
	t.Parallel()
	plays := map[int][]int{4: {4}}
	if os.Getenv("ASSAY_SPLITS") != "" {
		plays = map[int][]int{1: {}, 2: {2}, 4: {2, 4}, 8: {2, 4, 8}, 16: {2, 4, 16}, 32: {2, 8}, 64: {2, 8}}
	}
	var mu sync.Mutex
	nets := map[[2]int]float64{}
	lines := map[[2]int]string{}
	t.Cleanup(func() { // when all have played
		var b strings.Builder
		worst, at := -1e9, [2]int{}
		for capacity := 1; capacity <= 64; capacity *= 2 {
			for k := 1; k <= capacity; k *= 2 {
				id := [2]int{capacity, k}
				if lines[id] == "" {
					continue
				}
				fmt.Fprintln(&b, lines[id])
				if one := nets[[2]int{capacity, 1}]; k > 1 {
					if nets[id] > one {
						t.Errorf("%d answers behind %d seats have %.2f, behind one %.2f", capacity, k, nets[id], one)
					}
					if nets[id]-one > worst {
						worst, at = nets[id]-one, id
					}
				}
			}
		}
		t.Logf("seed %d; tokens after %d epochs\ncapacity  seats      paid     price  collateral       net\n%sthe worst: %d answers behind %d seats have %.2f more than behind one",
			*seed, followed, b.String(), at[0], at[1], worst)
	})
	for capacity, splits := range plays {
		for _, k := range append([]int{1}, splits...) {
			t.Run(fmt.Sprintf("%d behind %d", capacity, k), func(t *testing.T) {
				t.Parallel()
				paid, price, locked, net := splitNet(t, capacity, k)
				mu.Lock()
				defer mu.Unlock()
				nets[[2]int{capacity, k}] = net
				lines[[2]int{capacity, k}] = fmt.Sprintf("%8d  %5d  %8.2f  %8.2f  %10.2f  %8.2f", capacity, k, paid, price, locked, net)
			})
		}
	}
}
