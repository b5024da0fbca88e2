package export_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	families "github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/protocol/wire"
	rules "github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gate"
)

const chain = "assay-test-01234567"

// opened is a task of seat 2 with a miner's answer that opens its commitment, at
// height 61 of round 3.
func opened(t *testing.T, who string, k wire.Task, answer []byte) *api.Task {
	t.Helper()
	s := task.Sealed{Tasks: []wire.Task{k}, Salts: make([][32]byte, 1), Answers: [][]byte{answer}}
	miner := apitest.Key(who)
	root, err := s.Commitment(kinds.All(), chain, miner.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Opening(kinds.All(), chain, miner.PublicKey(), 0)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := wire.Seal(miner, wire.DomainAnswer, chain, 33, wire.Encode(a))
	if err != nil {
		t.Fatal(err)
	}
	body, err := api.TaskBody(&k)
	if err != nil {
		t.Fatal(err)
	}
	return &api.Task{
		ID: k.ID, Kind: k.Kind, Epoch: 1, Round: 3, UID: 2, Hotkey: miner.PublicKey(), Body: body,
		Commitment: &api.Commitment{Root: root, Height: 61}, Answers: []api.Answer{{Raw: wire.Encode(sealed)}},
	}
}

// made is a record that opens its commitment, with a card where code is one.
func made(t *testing.T, text string, code inference.Code, gates, checks []string) *api.Task {
	t.Helper()
	return madeBy(t, "miner-0", text, code, gates, checks)
}

func madeBy(t *testing.T, miner, text string, code inference.Code, gates, checks []string) *api.Task {
	t.Helper()
	seed := wire.HashOf("seed")
	q, err := families.Derive(families.Arithmetic, seed)
	if err != nil {
		t.Fatal(err)
	}
	k := wire.Task{ID: wire.HashOf("task"), Kind: families.Kind, Round: 3, Seat: protocol.SeatID{UID: 2}}
	asked := families.Task{Family: families.Arithmetic, Seed: seed}
	asked.Run = inference.Task{Model: wire.HashOf("model"), Prompt: q.Prompt, TopK: 1, TopP: 1, MaxTokens: 9, Seed: wire.HashOf("run")}
	k.Body = wire.Encode(&asked)
	answer := wire.Encode(&families.Record{Text: text, Run: inference.Result{Output: []int32{1}, Finish: "stop", Leaves: make([]protocol.Hash, 1)}})
	out := opened(t, miner, k, answer)
	if code != "" {
		c := wire.Card{
			Round: 3, Seat: k.Seat, Task: k.ID, Answer: wire.HashOf("answer"), Kind: k.Kind, Finding: families.FindingOf(code),
			Body: wire.Encode(&families.Card{Run: inference.Card{Code: code, Root: wire.HashOf("root"), Tokens: 1}, Gates: gates, Checks: checks}),
		}
		card, err := wire.Seal(apitest.Key("validator-0"), wire.DomainCard, chain, 35, wire.Encode(&c))
		if err != nil {
			t.Fatal(err)
		}
		out.Cards = []api.Card{{Finding: c.Finding, Raw: wire.Encode(card)}}
	}
	return out
}

// TestRecordsHaveTheirChecks: a judge's word stands in the row; where there is
// none, the same is found here. What fails another gate than that of its checks is
// left out.
func TestRecordsHaveTheirChecks(t *testing.T) {
	q, err := families.Derive(families.Arithmetic, wire.HashOf("seed"))
	if err != nil {
		t.Fatal(err)
	}
	const long = "The sum of all that was bought at the market on that day comes to nothing that anyone could know."
	var failed []export.Finding
	for _, name := range q.Checks() {
		failed = append(failed, export.Finding{Check: name})
	}
	for name, c := range map[string]struct {
		task *api.Task
		rows int
	}{
		"judged":                  {made(t, long, inference.CodeExact, []string{"checks"}, q.Checks()), 1},
		"not judged":              {made(t, long, "", nil, nil), 1},
		"too short, judged":       {made(t, "No.", inference.CodeExact, []string{"length", "checks"}, q.Checks()), 0},
		"too short, not judged":   {made(t, "No.", "", nil, nil), 0},
		"of another model, false": {made(t, long, inference.CodeToken, nil, nil), 0},
	} {
		var got []export.Record
		dropped, err := export.Synthetic(chain, func(_ context.Context, kind protocol.Kind, _ protocol.Epoch, yield func(*api.Task) error) error {
			if kind != families.Kind {
				t.Errorf("asked for %s", kind)
			}
			return yield(c.task)
		}, nil)(t.Context(), 1, func(r *export.Record) error {
			got = append(got, *r)
			return nil
		})
		if err != nil || len(got) != c.rows || int(dropped) != 1-c.rows {
			t.Errorf("%s: got %d rows, %d left out, %v", name, len(got), dropped, err)
			continue
		}
		if c.rows == 0 {
			continue
		}
		want := export.Record{
			Prompt: q.Prompt, Response: long, Family: "arithmetic", Checks: failed, Failed: []string{"checks"}, Passed: int32(len(c.task.Cards)),
			Provenance: export.Provenance{
				Task: wire.HashOf("task").String(), Model: wire.HashOf("model").String(), Seed: wire.HashOf("run").String(), Miner: apitest.Public("miner-0").String(),
				UID: 2, Epoch: 1, Round: 3, Block: 61, Root: c.task.Commitment.Root.String(), Answer: got[0].Provenance.Answer,
			},
		}
		if !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s: got %+v, want %+v", name, got[0], want)
		}
	}
}

// TestRowsKeepTheirOrder: more of them than are on their way at once, and an error
// of who takes them ends it at once.
func TestRowsKeepTheirOrder(t *testing.T) {
	const n, last = 5000, 3333
	source := export.Compared(func(_ context.Context, _ protocol.Epoch, yield func(*export.Record) error) (int64, error) {
		var r export.Record
		for i := range n {
			r.Response, r.Provenance.Slot = strings.Repeat("one two three four five six seven ", i%2), int32(i)
			if err := yield(&r); err != nil {
				return 0, err
			}
		}
		return 7, nil
	})
	end := errors.New("enough")
	for _, stop := range []int{n, last} {
		at := 0
		dropped, err := source(t.Context(), 1, func(r *export.Record) error {
			if at == stop {
				return end
			}
			if int(r.Provenance.Slot) != at || (r.Novelty > 0) != (at == 1) {
				t.Fatalf("row %d: got %+v", at, r)
			}
			at++
			return nil
		})
		if at != stop || stop == n && (dropped != 7 || err != nil) || stop != n && !errors.Is(err, end) {
			t.Errorf("%d rows, %d left out, %v", at, dropped, err)
		}
	}
}

// TestRowsAreComparedWithThoseBefore: four rows of one maker, then one of another;
// the second epoch begins anew.
func TestRowsAreComparedWithThoseBefore(t *testing.T) {
	const first = "a slow green boat crossed the wide river before noon and nobody on either bank looked up from work"
	const half = "a slow green boat crossed the wide river before noon while seven old men argued about bread and rain"
	tasks := func(_ context.Context, _ protocol.Kind, _ protocol.Epoch, yield func(*api.Task) error) error {
		for _, text := range []string{first, first, half, first} {
			if err := yield(made(t, text, inference.CodeExact, nil, nil)); err != nil {
				return err
			}
		}
		return yield(madeBy(t, "miner-1", first, inference.CodeExact, nil, nil))
	}
	source := export.Compared(export.Synthetic(chain, tasks, nil))
	for e := range protocol.Epoch(2) {
		var got [][3]int32
		_, err := source(t.Context(), e, func(r *export.Record) error {
			got = append(got, [3]int32{r.Novelty, r.Alike, r.Diversity})
			return nil
		})
		// Each has 15 runs of five words, of which the third text has 6 of the first's:
		// 9 are new; 31 of 112 positions are equal, but no band of eight is. Three with
		// two that are one count ⌊3·112²·65536 ÷ (112²·5 + 4·31²)⌋.
		want := [][3]int32{{65536, 0, 65536}, {0, 112, 32768}, {39321, 0, 37050}, {0, 112, 25062}, {0, 112, 65536}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("epoch %d: got %v, %v, want %v", e, got, err, want)
		}
	}
}

// TestAMakersRowsCountBesideItsOthers: of two makers, of whom one has more than the
// window holds, each row counts as it does one by one.
func TestAMakersRowsCountBesideItsOthers(t *testing.T) {
	window := rules.Default().Window
	r := rand.New(rand.NewPCG(11, 3))
	crowds := map[string]*gate.Crowd{"a": {}, "b": {}}
	var want []int32
	source := export.Compared(func(_ context.Context, _ protocol.Epoch, yield func(*export.Record) error) (int64, error) {
		for i := range 2*window + 100 {
			row := export.Record{Family: "dialogue"}
			if row.Provenance.Miner = "a"; i%5 == 0 {
				row.Provenance.Miner = "b"
			}
			for range r.IntN(9) {
				row.Response += []string{"one ", "two ", "three "}[r.IntN(3)]
			}
			c := crowds[row.Provenance.Miner]
			if c.Len() == window {
				c.Clear()
			}
			share := uint32(0)
			if grams := families.Family(row.Family).Grams(text.Words(row.Response)); len(grams) > 0 {
				sign := gate.Sign(grams)
				share = c.Add(&sign)
			}
			want = append(want, int32(share))
			if err := yield(&row); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	at := 0
	_, err := source(t.Context(), 1, func(row *export.Record) error {
		if row.Diversity != want[at] {
			t.Fatalf("row %d: got %d, want %d", at, row.Diversity, want[at])
		}
		at++
		return nil
	})
	if err != nil || at != 2*window+100 {
		t.Errorf("%d rows, %v", at, err)
	}
}
