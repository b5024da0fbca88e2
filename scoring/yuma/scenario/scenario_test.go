package scenario_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/scoring/yuma/scenario"
)

// Package yuma's tests run every vector of the schema by Read and Run.
func TestVectorsOfOtherSchemasAreNoScenarios(t *testing.T) {
	for _, name := range []string{"13_weighted_median_topk", "14_max_upscale", "19_validator_permits"} {
		file, err := os.ReadFile("../testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.Read(file); !errors.Is(err, scenario.ErrScenario) {
			t.Errorf("%s: %v, want %v", name, err, scenario.ErrScenario)
		}
	}
}

func TestAModelThatSaysSomethingElseIsNamed(t *testing.T) {
	file, err := os.ReadFile("../testdata/01_bonds_ema_yc2.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	s.Ops[0].Model.ValidatorEmission[3]++
	var found []string
	if err := s.Run(func(r scenario.Ran) error { found = append(found, r.Differs); return nil }); err != nil {
		t.Fatal(err)
	}
	if found[0] != "validator_emission" || found[1] != "" {
		t.Errorf("differs %q in the first epoch, %q in the second", found[0], found[1])
	}
}

// outcome is what the last epoch of a scenario that ships paid each seat.
func outcome(t *testing.T, name string) *scenario.Result {
	t.Helper()
	s := scenario.Shipped(name)
	if s == nil {
		t.Fatalf("there is no %s", name)
	}
	var last *scenario.Result
	if err := s.Run(func(r scenario.Ran) error { last = r.Result; return nil }); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return last
}

func TestWhatShipsShowsWhatItSays(t *testing.T) {
	if r := outcome(t, "honest"); r.ServerEmission[4] != 3_999_987_789 || r.ServerEmission[7] != 1_000_012_205 {
		t.Errorf("of 10 tokens, honest miners of work 40 and 10 earn %d and %d", r.ServerEmission[4], r.ServerEmission[7])
	}
	for _, name := range []string{"cabal-40", "cabal-50", "self-dealing"} {
		if r := outcome(t, name); r.ServerEmission[7] != 0 {
			t.Errorf("%s: its miner earns %d", name, r.ServerEmission[7])
		}
	}
	if r := outcome(t, "cabal-60"); r.ServerEmission[7] == 0 || r.ServerEmission[4] != 0 {
		t.Errorf("cabal-60: its miner earns %d, an honest one %d", r.ServerEmission[7], r.ServerEmission[4])
	}
	if r := outcome(t, "self-dealing"); r.ValidatorEmission[3] != 0 || r.ValidatorEmission[0] == 0 {
		t.Errorf("self-dealing: its validator earns %d, an honest one %d", r.ValidatorEmission[3], r.ValidatorEmission[0])
	}
	if r := outcome(t, "copiers"); r.ValidatorEmission[3] >= r.ValidatorEmission[0] {
		t.Errorf("copiers: the copier earns %d, an honest validator %d", r.ValidatorEmission[3], r.ValidatorEmission[0])
	}
	if r := outcome(t, "silent-majority"); r.ValidatorEmission[0] != 0 || r.ServerEmission[5] == 0 || r.ServerEmission[4] != 0 {
		t.Errorf("silent-majority: who is silent earns %d, the minority's miner %d, the other %d", r.ValidatorEmission[0], r.ServerEmission[5], r.ServerEmission[4])
	}
	r := outcome(t, "sybils")
	for uid := 5; uid < 17; uid++ {
		if r.ServerEmission[uid] != 0 {
			t.Errorf("sybils: seat %d earns %d", uid, r.ServerEmission[uid])
		}
	}
}

func TestWhoSeesAGoodMinerEarlyEarnsMoreThanWhoSeesItLate(t *testing.T) {
	var earned [4]uint64
	err := scenario.Shipped("early-discoverer").Run(func(r scenario.Ran) error {
		for v := range earned {
			earned[v] += r.Result.ValidatorEmission[v]
		}
		return nil
	})
	if err != nil || earned[0] <= earned[3] || earned[0] >= earned[1] || earned[1] != earned[2] {
		t.Errorf("early, two with the majority, late: earned %d (%v)", earned, err)
	}
}

func TestWhatShipsIsAFileThatCanBeReadAgain(t *testing.T) {
	for _, name := range scenario.Names() {
		file, err := json.Marshal(scenario.Shipped(name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.Read(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNonsenseIsRefusedByName(t *testing.T) {
	const seat = `"setup":{"n":1,"stake":[1],"registered_at":[1],"last_update":[1],"validator_permit":[true]}`
	for file, why := range map[string]string{
		`{}`:                        `schema ""`,
		`{"schema":"yuma-math/1"}`:  `schema "yuma-math/1"`,
		`{"schema":"yuma-epoch/1"}`: "n is 0",
		`{"schema":"yuma-epoch/1","setup":{"n":2,"stake":[1]}}`:                                  "stake has 1 elements for 2 seats",
		`{"schema":"yuma-epoch/1",` + seat + `,"ops":[{"op":"fly"}]}`:                            `no operation "fly"`,
		`{"schema":"yuma-epoch/1",` + seat + `,"ops":[{"op":"epoch"}]}`:                          "epoch lacks a field",
		`{"schema":"yuma-epoch/1",` + seat + `,"ops":[{"op":"reset_bonds","uid":1}]}`:            "seat 1, of 1",
		`{"schema":"yuma-epoch/1",` + seat + `,"ops":[{"op":"set_weights","uid":0,"uids":[0]}]}`: "1 uids and 0 values",
		`{"schema":"yuma-epoch/1",` + seat + `,"kapa":1}`:                                        "kapa",
		`{"schema":"yuma-epoch/1",` + seat + `} {}`:                                              "after top-level value",
	} {
		if _, err := scenario.Read([]byte(file)); !errors.Is(err, scenario.ErrScenario) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", file, err, why)
		}
	}
	s, err := scenario.Read([]byte(`{"schema":"yuma-epoch/1",` + seat + `,"ops":[{"op":"set_weights","uid":0,"uids":[0,0],"values":[1,1]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(nil); !errors.Is(err, scenario.ErrScenario) || !strings.Contains(err.Error(), "operation 1") {
		t.Errorf("a seat weighed twice: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range scenario.Names() {
		file, err := json.Marshal(scenario.Shipped(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := scenario.Read(file)
		if err != nil || s.Setup.N > 64 {
			return
		}
		err = s.Run(func(r scenario.Ran) error {
			if r.Number > 64 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, scenario.ErrScenario) && !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
	})
}

var errEnough = errors.New("enough")
