package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// dutyNetwork has six validators, one of which is asked as well, and a miner
// that belongs to the owner of a validator.
func dutyNetwork(t *testing.T) *network {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Tasks.Retention = 16, 16
	g.Seats = nil
	for i := range 6 {
		s := seat(fmt.Sprintf("v%d", i+1), protocol.Amount(20+10*i)*protocol.Unit, true)
		if i == 5 {
			m := seat("v6", 0, false)
			s.Offers = m.Offers
		}
		g.Seats = append(g.Seats, s)
	}
	own := seat("m1", 0, false)
	own.Coldkey = secret("v1 cold").Public()
	g.Seats = append(g.Seats, own, seat("m2", 0, false))
	n := newNetwork(t, g)
	for _, name := range []string{"v5", "v6"} {
		n.names[secret(name).Public()] = name
		n.consKeys[secret(name+" consensus").Public()] = name
		n.makers[name] = []*ledger.ChainMaker{chainOf(name, 1)}
	}
	return n
}

func TestEveryJudgeDrawsEverySeatOfOthersInAWindow(t *testing.T) {
	n := dutyNetwork(t)
	asked := []string{"v6", "m1", "m2"}
	drew := make(map[protocol.UID]map[protocol.UID]int) // seat, judge
	drawn := make(map[protocol.UID]uint32)
	for n.height < 121 { // three windows of two epochs, four rounds each
		sched := n.p.Schedule
		r := sched.RoundOf(n.next())
		if n.next() == sched.CommitDeadline(r)-1 {
			var txs [][]byte
			for _, name := range asked {
				txs = append(txs, n.tx(name, &wire.Commit{Round: r, Root: protocol.Hash{1}}))
			}
			n.block(txs...)
		} else {
			n.block()
		}
		for r := r - min(r, 1); r <= n.p.Schedule.RoundOf(n.next()); r++ {
			rec, _, _ := ledger.ReadRound(n.tree, r)
			if rec.DutyHeight == n.height && !rec.DutySeed.IsZero() {
				for _, name := range asked {
					checkDuties(t, n, name, r, drew, drawn)
				}
			}
		}
		// The last duties of a window are drawn in the second block after it.
		if n.height > 1 && uint64(n.height)%(2*sched.Tempo) == 1 {
			want := map[string]int{"v6": 5, "m1": 5, "m2": 6} // not himself, not his owner
			for name, judges := range want {
				if got := len(drew[n.seat(name).ID.UID]); got != judges {
					t.Errorf("window before %d: %d judges drew %s, want %d", n.height, got, name, judges)
				}
			}
			clear(drew)
		}
	}
	for e := range protocol.Epoch(6) {
		for uid := range protocol.UID(6) {
			rec, _, _ := ledger.ReadDrawn(n.tree, e, uid)
			for _, n := range rec.Counts() {
				drawn[uid] -= n
			}
		}
	}
	for uid, left := range drawn {
		if left != 0 {
			t.Errorf("judge %d: counts differ by %d", uid, int32(left))
		}
	}
}

func checkDuties(t *testing.T, n *network, name string, r protocol.Round, drew map[protocol.UID]map[protocol.UID]int, drawn map[protocol.UID]uint32) {
	t.Helper()
	s := n.seat(name)
	rec, ok, err := ledger.ReadDuties(n.tree, r, s.ID.UID)
	if err != nil || !ok {
		t.Fatalf("round %d: duties of %s: %v, %v", r, name, ok, err)
	}
	perSlot := make(map[uint16]int)
	if drew[s.ID.UID] == nil {
		drew[s.ID.UID] = make(map[protocol.UID]int)
	}
	for _, d := range rec.Duties {
		perSlot[d.Slot]++
		drew[s.ID.UID][d.Judge.UID]++
		drawn[d.Judge.UID]++
		judge, _, _ := ledger.ReadSeat(n.tree, d.Judge.UID)
		if judge.ID.UID == s.ID.UID || judge.Coldkey == s.Coldkey {
			t.Errorf("round %d: %s is judged by its owner", r, name)
		}
	}
	for slot, judges := range perSlot {
		if judges < 2 || slot >= s.Slots {
			t.Errorf("round %d: slot %d of %s has %d judges", r, slot, name, judges)
		}
	}
}

func TestStakeDrawsInProportion(t *testing.T) {
	judges := []ledger.RosterJudge{
		{ID: protocol.SeatID{UID: 1}, Stake: 10}, {ID: protocol.SeatID{UID: 2}, Stake: 0}, {ID: protocol.SeatID{UID: 3}, Stake: 30},
	}
	counts := make(map[protocol.UID]int)
	for i := range 4000 {
		got := ledger.DrawByStake(protocol.Hash{byte(i), byte(i >> 8)}, judges, 1)
		counts[got[0].ID.UID]++
	}
	if counts[2] != 0 || counts[1] < 850 || counts[1] > 1150 {
		t.Errorf("got %v of 4000, want about 1000, 0 and 3000", counts)
	}
	everyone := ledger.DrawByStake(protocol.Hash{1}, judges, 9)
	uids := make([]protocol.UID, 0, len(everyone))
	for _, j := range everyone {
		uids = append(uids, j.ID.UID)
	}
	slices.Sort(uids)
	if !slices.Equal(uids, []protocol.UID{1, 2, 3}) {
		t.Errorf("got %v, want each once", uids)
	}
}
