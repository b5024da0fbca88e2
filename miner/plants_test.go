package miner_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// garden is a world in which the seat plants some of its four answers of a round.
type garden struct {
	*world
	secret  [32]byte
	planted []uint16
	bare    []uint16
}

const gardenSlots = 4

// newGarden tries secrets until both slots that are planted and others are there.
func newGarden(t *testing.T) *garden {
	t.Helper()
	for try := range byte(64) {
		g := &garden{world: newWorld(t), secret: [32]byte{1, try}}
		local := params.Local()
		g.p.Schedule.OpenPlantsBlocks, g.p.Plants = local.Schedule.OpenPlantsBlocks, local.Plants
		g.p.Plants.Rate = params.One / 2
		maker := plant.NewMaker(plant.Seed(g.secret, 0), 0)
		g.put(ledger.PlanterKey(g.seat.UID), &ledger.Planter{Seat: g.seat, Next: plant.NewChain(0, maker.Anchor())})
		g.ask(2, gardenSlots)
		g.ask(3, gardenSlots)
		g.draw(round)
		seeds, _, err := ledger.ReadRound(g.tree, round)
		if err != nil {
			t.Fatal(err)
		}
		link, _ := maker.Link(2)
		for slot := range uint16(gardenSlots) {
			if plant.Of(link, seeds.TaskSeed, g.seat).Has(slot, g.p.Plants.Rate) {
				g.planted = append(g.planted, slot)
			} else {
				g.bare = append(g.bare, slot)
			}
		}
		if len(g.planted) > 0 && len(g.bare) > 0 {
			return g
		}
	}
	t.Fatal("no secret plants some answers and not others")
	return nil
}

func (g *garden) miner(s *memory, r prometheus.Registerer) *miner.Miner {
	g.t.Helper()
	cfg := g.config(s, puppet{})
	cfg.Plants, cfg.Metrics = g.secret, r
	m, err := miner.New(cfg)
	if err != nil {
		g.t.Fatal(err)
	}
	return m
}

// answer has the round answered and committed, and some of its slots drawn.
func (g *garden) answer(m *miner.Miner, drawn []uint16) {
	g.t.Helper()
	g.step(m, start+3)
	g.work(m)
	g.include(start + 5)
	var duties ledger.DutyRecord
	for _, slot := range drawn {
		for judge := range protocol.UID(2) {
			duties.Duties = append(duties.Duties, ledger.Duty{Slot: slot, Judge: protocol.SeatID{UID: judge}})
		}
	}
	g.put(ledger.DutyKey(round, g.seat.UID), &duties)
}

// opened returns what was sent of plants.
func (g *garden) opened() (out []*wire.OpenPlants) {
	for _, b := range g.submitted {
		if p, ok := b.(*wire.OpenPlants); ok {
			out = append(out, p)
		}
	}
	return out
}

// TestALinkIsOpenedWithAllThatIsDueOrNotAtAll: to open it while a proof is missing
// costs collateral, not to open it the epoch.
func TestALinkIsOpenedWithAllThatIsDueOrNotAtAll(t *testing.T) {
	const lost, other = "is not in the database", "another commitment"
	for name, c := range map[string]struct {
		bare    bool // only what is not planted is drawn
		empty   bool // the database is lost
		foreign bool // another process committed
		fault   string
	}{
		"all is there":                         {},
		"the database is lost":                 {empty: true, fault: lost},
		"another process committed":            {foreign: true, fault: other},
		"nothing is due, the database is lost": {bare: true, empty: true},
		"nothing is due of another's":          {bare: true, foreign: true},
	} {
		g := newGarden(t)
		store := newMemory()
		m := g.miner(store, nil)
		drawn := append(append([]uint16(nil), g.bare...), g.planted...)
		if c.bare {
			drawn = g.bare
		}
		g.answer(m, drawn)
		if c.foreign {
			g.put(ledger.CommitKey(round, g.seat.UID), &ledger.CommitRecord{Seat: g.seat, Root: protocol.Hash{9}, Height: start + 5})
		}
		if c.empty {
			m = g.miner(newMemory(), nil)
		}
		g.step(m, g.p.Schedule.OpenCardsDeadline(2))
		got, faults := g.opened(), strings.Join(m.Status().Faults, "; ")
		if c.fault != "" {
			if len(got) != 0 || !strings.Contains(faults, c.fault) {
				t.Errorf("%s: opened %+v, faults %q", name, got, faults)
			}
			continue
		}
		var slots []uint16
		for i := range got {
			for j := range got[i].Proofs {
				slots = append(slots, got[i].Proofs[j].Slot)
			}
		}
		want := g.planted
		if c.bare {
			want = nil
		}
		if len(got) != 1 || len(slots) != len(want) || strings.Contains(faults, "unproven") {
			t.Errorf("%s: opened %d times, slots %d, want %d, faults %q", name, len(got), slots, want, faults)
		}
	}
}

// TestPlantedAnswersAreCountedAsOthersAre: who reads the metrics learns of none
// which it is.
func TestPlantedAnswersAreCountedAsOthersAre(t *testing.T) {
	g := newGarden(t)
	registry := prometheus.NewRegistry()
	g.answer(g.miner(newMemory(), registry), g.planted)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counted := 0.0
	for _, f := range families {
		if f.GetName() == "assay_miner_answers_total" {
			counted = f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	if counted != gardenSlots {
		t.Errorf("%g answers counted, of which %d are planted, want %d", counted, len(g.planted), gardenSlots)
	}
}

// TestTheNextHotkeyProvesWhatTheOneBeforePlanted: with the database comes the
// secret of the chain, and proofs are bound to the hotkey that answered. Without
// it the link stays closed, which costs the epoch.
func TestTheNextHotkeyProvesWhatTheOneBeforePlanted(t *testing.T) {
	for _, moved := range []bool{false, true} {
		g := newGarden(t)
		store := newMemory()
		g.answer(g.miner(store, nil), g.planted)
		want := g.opens(g.miner(store, nil))
		if len(want) != 1 || len(want[0].Proofs) != len(g.planted) {
			t.Fatalf("the hotkey itself opens %+v", want)
		}
		g.submitted = nil
		g.hotkey, g.secret = named(t, "successor"), [32]byte{9}
		g.put(ledger.HotkeyKey(g.hotkey.PublicKey()), g.seat.UID)
		g.put(ledger.SeatKey(g.seat.UID), &ledger.Seat{ID: g.seat, Hotkey: g.hotkey.PublicKey(), Collateral: 10 * protocol.Unit})
		if moved {
			store = newMemory()
		}
		got := g.opens(g.miner(store, nil))
		if moved && len(got) != 0 {
			t.Errorf("without the database it opens %+v", got)
		}
		if !moved && (len(got) != 1 || !reflect.DeepEqual(got[0], want[0])) {
			t.Errorf("it opens %+v, want %+v", got, want)
		}
	}
}

// opens has a miner do what is due when the plants of epoch 2 are to be opened.
func (g *garden) opens(m *miner.Miner) []*wire.OpenPlants {
	g.t.Helper()
	g.step(m, g.p.Schedule.OpenCardsDeadline(2))
	return g.opened()
}

// TestAStrangersCardAboutARoundToComeHidesNoPlant: what a card about the round made
// the miner look up before it had answered is not what it answered.
func TestAStrangersCardAboutARoundToComeHidesNoPlant(t *testing.T) {
	g := newGarden(t)
	m := g.miner(newMemory(), nil)
	judge, id := named(t, "judge"), protocol.SeatID{UID: 9, Registered: 1}
	c := wire.Card{
		Judge: id, Round: round, Seat: g.seat, Slot: g.planted[0], Answer: protocol.Hash{1}, Kind: inference.Kind, Finding: wire.FindingFalse, Body: said(inference.CodeToken),
	}
	send := func(s signer, at protocol.Height) error {
		e, err := wire.Seal(s, wire.DomainCard, chain, at, wire.Encode(&c))
		if err != nil {
			t.Fatal(err)
		}
		return m.OnCard(wire.Encode(e))
	}
	g.world.opens(judge, c)
	if err := g.tree.Remove(ledger.RoundKey(round)); err != nil { // its tasks are not drawn yet
		t.Fatal(err)
	}
	g.step(m, start)
	if err := send(named(t, "stranger"), start); !errors.Is(err, miner.ErrUnknown) {
		t.Fatal(err)
	}
	g.draw(round)
	g.answer(m, g.planted)
	at := g.p.Schedule.OpenCardsDeadline(2)
	g.step(m, at)
	if err := send(judge, at); err != nil && !errors.Is(err, miner.ErrUnknown) {
		t.Fatal(err)
	}
	g.step(m, at+1)
	if s := m.Status(); s.Findings[wire.FindingFalse] != 0 {
		t.Errorf("%d plants are told as wrong answers", s.Findings[wire.FindingFalse])
	}
}
