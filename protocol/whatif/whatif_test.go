package whatif_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/whatif"
	"github.com/assaynet/assay/scoring/yuma"
)

// epoch is of two validators, of which the one with 60 of 100 stake weighs seat 2
// alone, and the other seat 3 alone.
func epoch() *yuma.Input {
	return &yuma.Input{
		Params: yuma.Params{Tempo: 10, ActivityCutoff: 100, Kappa: 32767, MaxValidators: 2, BondsMovingAverage: 900_000, CarryIfNoIncentive: true},
		Block:  20, LastStep: 10, Emission: 1000,
		Stake: []uint64{60, 40, 0, 0}, RegisteredAt: make([]uint64, 4), LastUpdate: []uint64{15, 15, 0, 0}, Permit: []bool{true, true, false, false},
		Weights: [][]yuma.Entry{{{UID: 2, Value: 65535}}, {{UID: 3, Value: 65535}}, {}, {}}, Bonds: make([][]yuma.Entry, 4), Nobody: make([]uint16, 4),
	}
}

// TestAnotherKappaPaysOthers: with half of the stake seat 2 alone has a majority;
// where 0.3 is enough, seat 3 has one, too.
func TestAnotherKappaPaysOthers(t *testing.T) {
	in := epoch()
	set := in.Params
	if err := whatif.Change(&set, "kappa", "0.3"); err != nil {
		t.Fatal(err)
	}
	got, err := whatif.Run(in, &set)
	if err != nil {
		t.Fatal(err)
	}
	if got[3].Miner != 0 || got[3].MinerSet == 0 || got[2].MinerSet >= got[2].Miner {
		t.Errorf("got %+v", got)
	}
	if d := got[3].Difference(); d != "+"+got[3].MinerSet.String() {
		t.Errorf("seat 3: difference %s", d)
	}
	if d := got[2].Difference(); d != "-"+(got[2].Miner-got[2].MinerSet).String() {
		t.Errorf("seat 2: difference %s", d)
	}
	if in.Kappa != 32767 {
		t.Error("the epoch as it is was changed")
	}
}

// TestEverySettingIsReadAsItIsShown, so that a form that is sent back unchanged
// changes nothing.
func TestEverySettingIsReadAsItIsShown(t *testing.T) {
	p := yuma.Params{
		ActivityCutoff: 5000, Kappa: 32767, StakeThreshold: 12_345_678_901, BondsMovingAverage: 900_001, BondsPenalty: 65535, Yuma3: true,
		LiquidAlpha: true, AlphaLow: 45875, AlphaHigh: 58982, Steepness: -1000,
	}
	for _, s := range whatif.Settings() {
		got := p
		if err := whatif.Change(&got, s.Name, s.Value(&p)); err != nil || got != p {
			t.Errorf("%s %s: got %+v, %v", s.Name, s.Value(&p), got, err)
		}
	}
}

func TestWhatIsNoSettingIsRefused(t *testing.T) {
	p := yuma.Params{}
	for name, value := range map[string]string{
		"kapa": "0.5", "kappa": "1.1", "alpha_low": "-0.1", "alpha_high": "1e-1", "yuma3": "perhaps", "steepness": "70000", "stake_threshold": "x", "activity_cutoff": "-1",
	} {
		if err := whatif.Change(&p, name, value); !errors.Is(err, whatif.ErrSetting) && !errors.Is(err, whatif.ErrValue) {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
	in := epoch()
	set := in.Params
	set.Yuma3, set.LiquidAlpha, set.AlphaLow = true, true, 1 // above alpha_high
	if _, err := whatif.Run(in, &set); err == nil {
		t.Error("an epoch that cannot be was computed")
	}
}

func TestSettingsAreReadToTheUnit(t *testing.T) {
	for text, want := range map[string]uint16{"0": 0, "1": 65535, "0.6": 39321, "0.51": 33423, "1.0": 65535} {
		p := yuma.Params{Kappa: 7}
		if err := whatif.Change(&p, "kappa", text); err != nil || p.Kappa != want {
			t.Errorf("%s: got %d, %v, want %d", text, p.Kappa, err, want)
		}
	}
	for _, text := range []string{"", "-1", "1.1", "1/2", "0x1", "0b1", "0o1", "1e-1", "1e-999999", "+1", "a", "0.1111111111111111111111"} {
		p := yuma.Params{}
		if err := whatif.Change(&p, "kappa", text); !errors.Is(err, whatif.ErrValue) {
			t.Errorf("%q: got %v, %v", text, p.Kappa, err)
		}
	}
}

// TestExtremeSettingsMakeNoMoney: whatever a person sets, an epoch is computed or
// refused, and gives no more than there is.
func TestExtremeSettingsMakeNoMoney(t *testing.T) {
	ends := map[string][]string{
		"activity_cutoff": {"0", "4294967295"}, "alpha_high": {"0", "1"}, "alpha_low": {"0", "1"}, "bonds_moving_average": {"0", "1"},
		"bonds_penalty": {"0", "1"}, "kappa": {"0", "1"}, "stake_threshold": {"0", "18446744073.709551615"}, "steepness": {"-32768", "32767"},
	}
	in := epoch()
	all := whatif.Settings()
	for bits := range 1 << len(all) {
		set := in.Params
		for i, s := range all {
			values, ok := ends[s.Name]
			if !ok {
				values = []string{"false", "true"}
			}
			if err := whatif.Change(&set, s.Name, values[bits>>i&1]); err != nil {
				t.Fatal(err)
			}
		}
		seats, err := whatif.Run(in, &set)
		if err != nil {
			continue
		}
		var sum uint64
		for i := range seats {
			sum += uint64(seats[i].MinerSet + seats[i].ValidatorSet)
		}
		if sum > in.Emission {
			t.Fatalf("%+v: %d of %d are paid", set, sum, in.Emission)
		}
	}
}
