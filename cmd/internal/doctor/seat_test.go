package doctor_test

import (
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/doctor"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// TestTheSeatIsJudgedByWhatTheLedgerHas: seat, permit and stake, of a daemon
// that does not run.
func TestTheSeatIsJudgedByWhatTheLedgerHas(t *testing.T) {
	p := params.Local()
	hotkey, coldkey := protocol.PublicKey{2, 1}, protocol.PublicKey{2, 2}
	least := p.Seats.MinStake
	for _, tc := range []struct {
		name   string
		role   config.Role
		seat   *ledger.Seat
		stake  protocol.Amount
		state  doctor.State
		detail string
		hint   string
	}{
		{"a stranger", config.Miner, nil, 0, doctor.Fail, "has no seat at height 7", "assay tx register"},
		{"a miner", config.Miner, &ledger.Seat{Asked: true}, 0, doctor.OK, "seat 5, asked, at height 7", ""},
		{"a miner that is new", config.Miner, &ledger.Seat{}, 0, doctor.OK, "seat 5, at height 7 not asked yet", ""},
		{"a validator", config.Validator, &ledger.Seat{Permit: true}, 0, doctor.OK, "seat 5 with a permit, at height 7", ""},
		{"a validator without stake", config.Validator, &ledger.Seat{}, 0, doctor.Fail, "0.000000000 are staked on it", "--amount " + least.String()},
		{"a validator with too little", config.Validator, &ledger.Seat{}, least - 1, doctor.Fail, "the least is " + least.String(), "--amount 0.000000001"},
		{"a validator with others' stake alone", config.Validator, &ledger.Seat{}, least, doctor.Fail, "0.000000000 of its stake are its owner's", "by the seat's coldkey: assay tx stake"},
		{"a validator with enough", config.Validator, &ledger.Seat{LastUpdate: 1}, least, doctor.Fail, "no permit at height 7, with " + least.String() + " staked", "at the end of each epoch"},
		{"one whose hotkey is swapped", config.Validator, &ledger.Seat{Permit: true, Swap: ledger.HotkeySwap{To: protocol.PublicKey{2, 7}, From: 9}}, 0, doctor.Warn, "is to work in this seat from epoch 9 on", "assay tx keep-hotkey"},
		{"a validator that is no seat", config.Validator, nil, least, doctor.Fail, "has no seat at height 7", "assay tx register"},
	} {
		tree := new(ledger.MemTree)
		put := func(key []byte, v any) {
			if err := tree.Set(key, wire.Encode(v)); err != nil {
				t.Fatal(err)
			}
		}
		if tc.seat != nil {
			tc.seat.ID, tc.seat.Hotkey, tc.seat.Coldkey = protocol.SeatID{UID: 5, Registered: 3}, hotkey, coldkey
			put(ledger.HotkeyKey(hotkey), protocol.UID(5))
			put(ledger.SeatKey(5), tc.seat)
		}
		if tc.stake > 0 {
			put(ledger.PoolKey(hotkey), &ledger.Pool{Amount: tc.stake, Shares: uint64(tc.stake)})
			// Another's stake on it counts as the owner's does, who must have some.
			own := uint64(0)
			if tc.seat != nil && tc.seat.LastUpdate > 0 {
				own = uint64(p.Seats.MinSelf)
				put(ledger.StakeKey(hotkey, coldkey), &ledger.Stake{Shares: own})
			}
			put(ledger.StakeKey(hotkey, protocol.PublicKey{2, 3}), &ledger.Stake{Shares: uint64(tc.stake) - own})
		}
		f, err := doctor.Judge(tc.role, &p, hotkey, tree, 7)
		if err != nil || f.State != tc.state || !strings.Contains(f.Detail, tc.detail) || !strings.Contains(f.Hint, tc.hint) || (f.Hint == "") != (tc.hint == "") {
			t.Errorf("%s: got %+v, %v, want %s %q, %q", tc.name, f, err, tc.state, tc.detail, tc.hint)
		}
	}
}

// TestARunningDaemonSpeaksForItself: what it says of its seat and its work, and
// which of it fails the check.
func TestARunningDaemonSpeaksForItself(t *testing.T) {
	const late = "late: 2 rounds"
	for _, tc := range []struct {
		name       string
		role       config.Role
		r          api.Status
		seat, work doctor.State
	}{
		{"a miner that earns", config.Miner, api.Status{Height: 7, Registered: true}, doctor.OK, doctor.OK},
		{"a miner that is late", config.Miner, api.Status{Height: 7, Registered: true, Reasons: []string{late}}, doctor.OK, doctor.Warn},
		{"a miner that is deaf", config.Miner, api.Status{Height: 7, Registered: true, Faults: []string{"deaf"}, Reasons: []string{"deaf", late}}, doctor.OK, doctor.Fail},
		{"one whose place is taken", config.Miner, api.Status{Height: 7, Faults: []string{"another hotkey"}, Reasons: []string{"another hotkey"}}, doctor.Fail, doctor.Fail},
		{"one that waits for its seat", config.Miner, api.Status{Height: 7, Reasons: []string{"the hotkey has its seat with epoch 9"}}, doctor.Warn, doctor.Warn},
		{"a miner without a seat", config.Miner, api.Status{Height: 7, Faults: []string{"no seat"}, Reasons: []string{"no seat"}}, doctor.Fail, doctor.Fail},
		{"a miner before the first block", config.Miner, api.Status{}, doctor.Warn, doctor.OK},
		{"a validator", config.Validator, api.Status{Height: 7, Registered: true, Permit: true}, doctor.OK, doctor.OK},
		{"one that catches up", config.Validator, api.Status{Height: 7, CatchingUp: true, Faults: []string{"catching up"}}, doctor.Warn, doctor.Fail},
		{"a validator without a permit", config.Validator, api.Status{Height: 7, Registered: true, Reasons: []string{"no permit"}}, doctor.Fail, doctor.Warn},
	} {
		seat, work := doctor.Running(t.Context(), tc.role, &status.Report{Status: tc.r})
		if seat.State != tc.seat || work.State != tc.work {
			t.Errorf("%s: got seat %+v and work %+v, want %s and %s", tc.name, seat, work, tc.seat, tc.work)
		}
	}
}

// TestAPermitThatStakeDoesNotBringIsNotHintedAtStake: what a running validator
// says of its seat, word for word, and what doctor makes of it.
func TestAPermitThatStakeDoesNotBringIsNotHintedAtStake(t *testing.T) {
	for why, want := range map[string]doctor.Finding{
		"no permit: 1.000000000 is staked on the hotkey, and it takes 2.000000000 (assay tx stake)":                                       {State: doctor.Fail, Hint: "see assay tx stake --help"},
		"no permit yet: with a stake of 200.000000000, it comes with epoch 9":                                                             {State: doctor.Warn, Hint: "wait for that epoch"},
		"no permit: the consensus key is not on the ledger yet; this program sends it":                                                    {State: doctor.Warn, Hint: "wait for the end of the epoch"},
		"no permit: no beacon chain of the seat is on the ledger yet; this program sends one, which serves from the epoch after the next": {State: doctor.Warn, Hint: "wait for that epoch"},
		"jailed since epoch 3, and free with the next one":                                                                                {State: doctor.Warn, Hint: "wait for that epoch"},
		"jailed since epoch 3, for nothing was heard of it for too long; it can be free with epoch 9 (assay tx unjail)":                   {State: doctor.Fail, Hint: "find out why; then see assay tx unjail --help, for more stake frees nobody"},
		"the seat of this hotkey is the coldkey's assay1x, which is not its owner: nothing is done for it":                                {State: doctor.Fail, Hint: "name that key in keys.coldkey, if it is yours, or begin with another hotkey"},
	} {
		r := api.Status{Height: 7, Registered: true, Reasons: []string{"the network is not heard now", why}}
		seat, _ := doctor.Running(t.Context(), config.Validator, &status.Report{Status: r})
		if seat.State != want.State || seat.Hint != want.Hint || !strings.HasSuffix(seat.Detail, why) {
			t.Errorf("%s: got %+v, want %+v", why, seat, want)
		}
	}
	// The announcement may be a thief's: the way out is to stop it, and not to follow.
	swap := ledger.HotkeySwap{To: protocol.PublicKey{2, 7}, From: 9}
	why := swap.Notice()
	seat, _ := doctor.Running(t.Context(), config.Miner, &status.Report{Status: api.Status{Height: 7, Registered: true, Reasons: []string{why}}})
	if seat.State != doctor.Warn || seat.Hint != "assay tx keep-hotkey stops it" || !strings.HasSuffix(seat.Detail, why) {
		t.Errorf("a swap that waits: got %+v", seat)
	}
	r := api.Status{Height: 7, Role: api.RoleObserver, Reasons: []string{"observing"}}
	if seat, _ := doctor.Running(t.Context(), config.Validator, &status.Report{Status: r}); seat.State != doctor.OK {
		t.Errorf("an observer: got %+v", seat)
	}
}
