package makers_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/cmd/internal/makers"
	"github.com/assaynet/assay/cmd/internal/simulation/simulationtest"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/synthetic"
)

// small is the shipped scenario without the shares that are varied.
func small(t *testing.T) *makers.Scenario {
	t.Helper()
	s, err := makers.Read(makers.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	s.Cases = slices.DeleteFunc(s.Cases, func(c makers.Case) bool { return len(c.Varied) > 0 })
	return s
}

func run(t *testing.T, s *makers.Scenario, seed uint64, threads int) *makers.Report {
	t.Helper()
	p := params.Local()
	r, err := makers.Run(t.Context(), makers.Config{Scenario: s, Rules: synthetic.Default(), Params: &p, Seed: seed, Worlds: 2, Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryDemandOfTheShippedScenarioHolds(t *testing.T) {
	r := run(t, small(t), 1, 2)
	rows := map[string]makers.Row{}
	for _, row := range r.Rows {
		if rows[row.Case] = row; !row.Holds {
			t.Errorf("%s: %s, and got pay %v, net %v, paid %v", row.Case, row.Demand, row.Pay, row.Net, row.Paid)
		}
	}
	if r.Failed() != 0 || r.Demands() != 8 {
		t.Errorf("%d of %d demands do not hold", r.Failed(), r.Demands())
	}
	for name, gate := range map[string]string{"template fillers": "novelty", "self-duplicates": "alike", "copies": "alike", "replayers of a named set": "novelty"} {
		found := false
		for _, g := range rows[name].Gates {
			found = found || g.Gate == gate && g.Share > 0.5
		}
		if !found {
			t.Errorf("%s: the gate %s does not stop them: %+v", name, gate, rows[name].Gates)
		}
	}
	// What no gate can tell is told: it is paid as honest work is.
	if p := rows["replayers of an unnamed set"].Pay; p < 0.9 {
		t.Errorf("an unnamed set pays %v: name it among those that are caught", p)
	}
	// Nobody chooses a place: of two who hand in one text in one block each has it
	// about as often, and there are seven others to take from.
	if p := rows["grinding for a place"].Pay; p < 0.3 || p > 0.8 {
		t.Errorf("grinding for a place pays %v", p)
	}
}

// TestWhoSpinsEnoughIsPaid: a seventh of the words replaced is nothing new, and
// three tenths are in one case of four; but who places what he replaces is paid
// with these. The table says so; a scenario that hid it would show nothing.
func TestWhoSpinsEnoughIsPaid(t *testing.T) {
	s, err := makers.Read(makers.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	s.Cases = slices.DeleteFunc(s.Cases, func(c makers.Case) bool { return c.Cheat != "spin" && c.Cheat != "apart" })
	s.Model.RecordsEach = 20
	for i := range s.Cases {
		s.Cases[i].Varied = []float64{0, 0.14, 0.3}
	}
	r := run(t, s, 1, 2)
	chance, apart := r.Rows[0].Tried, r.Rows[1].Tried
	if chance[0].Pay > 0.05 || chance[1].Pay > 0.1 || chance[2].Pay < 0.1 || chance[2].Pay > 0.4 {
		t.Errorf("by chance: got %+v", chance)
	}
	if apart[0].Pay > 0.05 || apart[1].Pay > 0.05 || apart[2].Pay < 0.6 || r.Rows[1].Varied != 0.3 {
		t.Errorf("apart: got %+v", apart)
	}
}

// TestAGrammarIsNotPaidForAFewWordsOfItsOwn: those demands of the shipped scenario
// in which a cheat varies a share.
func TestAGrammarIsNotPaidForAFewWordsOfItsOwn(t *testing.T) {
	s, err := makers.Read(makers.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	s.Cases = slices.DeleteFunc(s.Cases, func(c makers.Case) bool { return len(c.Varied) != 1 })
	r := run(t, s, 11, 2)
	for _, row := range r.Rows {
		if !row.Holds || row.Paid < 0.98 {
			t.Errorf("%s: %s, and got pay %v, of honest records paid %v", row.Case, row.Demand, row.Pay, row.Paid)
		}
	}
	if r.Demands() != 2 {
		t.Errorf("%d demands", r.Demands())
	}
}

func TestThreadsChangeNothingAndTheSeedDoes(t *testing.T) {
	s := small(t)
	s.Cases, s.Model.RecordsEach = s.Cases[:3], 10
	simulationtest.Threads(t, func(seed uint64, threads int) *makers.Report { return run(t, s, seed, threads) })
}

func TestADemandThatDoesNotHoldIsCounted(t *testing.T) {
	s := small(t)
	s.Cases, s.Model.RecordsEach = s.Cases[:1], 5
	*s.Cases[0].MinPaid = 1.1
	if r := run(t, s, 1, 2); r.Rows[0].Holds || r.Failed() != 1 {
		t.Errorf("got %+v", r.Rows[0])
	}
}

func TestAScenarioThatCannotBeIsRefused(t *testing.T) {
	simulationtest.Refuses(t, makers.Shipped(), makers.Read, map[string][3]string{
		"no TOML":          {"[model]", "[model", "line"},
		"an unknown field": {"seals =", "seal =", "there is no"},
		"no seals":         {"seals = 8", "seals = 0", "seals are 1 to"},
		"a share":          {"phrase_share = 0.12", "phrase_share = 1.5", "0 to 1"},
		"too many records": {"records_each = 100", "records_each = 1000000", "at most"},
		"too many makers":  {"makers = 10", "makers = 100000", "makers are 2 to"},
		"no makers":        {"makers = 10", "makers = 0", "makers are 2 to"},
		"short texts":      {"words = [50, 90]", "words = [1, 2]", "words are 10 to"},
		"an unknown cheat": {`"filler"`, `"fillers"`, `there is no cheat "fillers"`},
		"cheats alone":     {"seats = 3", "seats = 10", "leaves one"},
		"no seats":         {"seats = 3", "seats = 0", "leaves one"},
		"a varied share":   {"varied = [0, 0.05", "varied = [nan, 0.05", "varied is 0 to 1"},
	})
}

func FuzzRead(f *testing.F) { simulationtest.Fuzz(f, makers.Shipped(), makers.Read) }
