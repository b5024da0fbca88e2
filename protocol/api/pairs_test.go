package api_test

import (
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
	score "github.com/assaynet/assay/scoring/preference"
)

// rated is a network whose round 0 had a lane: validator 0 set two pairs and opened
// them, validator 1 two that it did not open; seats 2, 3 and 4, of three owners,
// were asked, and 2 and 3 rated: the first of the two that was shown.
func rated(t *testing.T) *api.Handler {
	t.Helper()
	n, _ := seeded(t)
	p := &n.Genesis.Params
	p.Kinds = append(p.Kinds, params.Kind{Name: preference.Kind, Share: 1, Slots: 1, Rounds: 1})
	p.Preference = params.Preference{Pairs: 2, Ratings: 8, Memory: 1, Score: score.Default()}
	set := func(key []byte, v any) {
		if err := n.Tree.Set(key, wire.Encode(v)); err != nil {
			t.Fatal(err)
		}
	}
	origin := pair.Origin{Sign: 1, Z: -1, Gold: 1}.Byte()
	sets := []preference.Set{
		{Setter: protocol.SeatID{UID: 0}, Coldkey: apitest.Public("v0"), Root: wire.HashOf("r0"), Link: wire.HashOf("l0"), Origins: []byte{origin, pair.Origin{}.Byte()}},
		{Setter: protocol.SeatID{UID: 1}, Coldkey: apitest.Public("v1"), Root: wire.HashOf("r1")},
	}
	raters := []preference.Rater{}
	for uid := range protocol.UID(3) {
		id := protocol.SeatID{UID: uid + 2}
		if uid == 2 {
			id.Registered = 30
		}
		raters = append(raters, preference.Rater{ID: id, Coldkey: apitest.Public(fmt.Sprint("owner", uid))})
	}
	set(ledger.RoundKey(0), ledger.RoundRecord{TaskSeed: wire.HashOf("seed")})
	set(ledger.SetsKey(0), ledger.SetsRecord{Sets: sets})
	set(ledger.RatersKey(0), ledger.RatersRecord{Raters: raters})
	for _, r := range raters[:2] {
		set(ledger.RatingsKey(0, r.ID.UID), ledger.RatingsRecord{Seat: r.ID, Ratings: preference.Pack([]uint8{1, 1, 1, 1})})
	}
	texts := [][3]string{{"p0", "a0", "b0"}, {"p1", "a1", "b1"}}
	n.Work.Set = map[protocol.Round]map[protocol.SeatID][][3]string{0: {sets[0].Setter: texts, sets[1].Setter: texts}}
	return handler(t, n.Config())
}

func TestOpenedPairsAreListedWithTheirRatings(t *testing.T) {
	h := rated(t)
	var all api.Page[api.Pair]
	decode(t, get(t, h, "/v1/pairs?epoch=0"), &all)
	if len(all.Items) != 2 || all.Next != "" {
		t.Fatalf("got %+v", all)
	}
	first := all.Items[0]
	if first.Prompt != "p0" || first.A != "a0" || first.Gold != 1 || first.Engine != -1 || first.Longer != 1 || first.Root != wire.HashOf("r0") || first.Hotkey != apitest.Public("validator-0") {
		t.Errorf("got %+v", first)
	}
	swapped := 0
	for i, item := range all.Items {
		if int(item.Place) != i || len(item.Ratings) != 2 {
			t.Errorf("pair %d: got %+v", i, item)
		}
		for _, r := range item.Ratings {
			if r.Key != 1 || r.Side != 1 && r.Side != -1 || r.Rater != apitest.Public("miner-0") && r.Rater != apitest.Public("miner-1") {
				t.Errorf("got %+v", r)
			}
			if r.Side == 1 {
				swapped++
			}
		}
	}
	if swapped == 0 || swapped == 4 {
		t.Errorf("the first that was shown was the second of the pair %d times of 4: choose another seed", swapped)
	}
	var one, two api.Page[api.Pair]
	decode(t, get(t, h, "/v1/pairs?limit=1"), &one)
	decode(t, get(t, h, "/v1/pairs?limit=1&cursor="+one.Next), &two)
	if got := fmt.Sprint(append(one.Items, two.Items...)); got != fmt.Sprint(all.Items) || two.Next != "" {
		t.Errorf("in pages: got %s", got)
	}
}

// set is a network in which validator 0 set a pair for round 1 and opened it, and
// validator 1 did not open its own, of which nobody has the texts; validator 2
// lied.
func set(t *testing.T) *api.Handler {
	t.Helper()
	n, _ := seeded(t)
	p := &n.Genesis.Params
	p.Kinds = append(p.Kinds, params.Kind{Name: preference.Kind, Share: 1, Slots: 1, Rounds: 1})
	sets := []preference.Set{
		{Setter: protocol.SeatID{UID: 0}, Root: wire.HashOf("r0"), Link: wire.HashOf("l0"), Origins: []byte{pair.Origin{Sign: 1, Z: -1, Gold: 1}.Byte()}},
		{Setter: protocol.SeatID{UID: 1}, Root: wire.HashOf("r1")},
		{Setter: protocol.SeatID{UID: 2}, Root: wire.HashOf("r2"), Link: wire.HashOf("l2"), Origins: []byte{pair.Origin{}.Byte()}},
	}
	for key, v := range map[string]any{
		string(ledger.RoundKey(0)): ledger.RoundRecord{TaskSeed: wire.HashOf("seed")}, string(ledger.SetsKey(1)): ledger.SetsRecord{Sets: sets},
	} {
		if err := n.Tree.Set([]byte(key), wire.Encode(v)); err != nil {
			t.Fatal(err)
		}
	}
	texts := [][3]string{{"p0", "a0", "b0"}}
	n.Work.Set = map[protocol.Round]map[protocol.SeatID][][3]string{1: {sets[0].Setter: texts, sets[2].Setter: texts}}
	n.Work.Lies = map[protocol.Round]map[protocol.SeatID]bool{1: {sets[2].Setter: true}}
	return handler(t, n.Config())
}

// TestASetIsShownWithWhatItIsMadeFrom, those that were found to be lies, too:
// whoever would show that needs them.
func TestASetIsShownWithWhatItIsMadeFrom(t *testing.T) {
	h := set(t)
	var sets [3]api.PairSet
	for i := range sets {
		decode(t, get(t, h, fmt.Sprintf("/v1/pairs/1/%d", i)), &sets[i])
	}
	honest, silent, liar := sets[0], sets[1], sets[2]
	if !honest.Open || honest.Lie || honest.Link != wire.HashOf("l0") || honest.Seed != wire.HashOf("seed") || honest.Due != 1 || honest.Model.IsZero() {
		t.Errorf("got %+v", honest)
	}
	if len(honest.Texts) != 1 || honest.Texts[0].B != "b0" || len(honest.Origins) != 1 || honest.Origins[0] != (api.PairOrigin{Longer: 1, Engine: -1, Gold: 1}) {
		t.Errorf("got %+v", honest)
	}
	if silent.Open || !silent.Link.IsZero() || len(silent.Texts) != 0 || len(silent.Origins) != 0 {
		t.Errorf("not opened: got %+v", silent)
	}
	if !liar.Lie || len(liar.Texts) != 1 {
		t.Errorf("a liar's: got %+v", liar)
	}
	for path, want := range map[string]int{"/v1/pairs/1/3": 404, "/v1/pairs/0/0": 404, "/v1/pairs/9/0": 404, "/v1/pairs/x/0": 400, "/v1/pairs/1/65536": 400} {
		if w := get(t, h, path); w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
	}
}
