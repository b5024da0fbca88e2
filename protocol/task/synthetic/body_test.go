package synthetic_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
)

var (
	model = params.SmolLM2().ID
	root  = protocol.Hash{1}
)

func TestATaskFollowsFromItsIDAlone(t *testing.T) {
	p := params.Local()
	seen := map[synthetic.Family]int{}
	for i := range 100 {
		id := wire.HashOf("task", []byte{byte(i)})
		k := synthetic.Draw(&p, id, []protocol.ModelID{{9}, model, model})
		read, err := synthetic.ReadTask(wire.Encode(k))
		if err != nil {
			t.Fatal(err)
		}
		if again := synthetic.Draw(&p, id, []protocol.ModelID{model}); *again != *k || *read != *k {
			t.Errorf("task %d: got %+v, then %+v, read back as %+v", i, k, again, read)
		}
		q, err := synthetic.Derive(k.Family, k.Seed)
		if err != nil || q.Prompt != k.Run.Prompt {
			t.Errorf("task %d asks %q, its seed %q, %v", i, k.Run.Prompt, q.Prompt, err)
		}
		want := inference.Task{
			Model: model, Prompt: q.Prompt, TemperatureBits: 0x3f333333, TopK: 40, TopP: 62259, Seed: k.Run.Seed, MaxTokens: 64,
		}
		if k.Run != want || k.Run.Seed == k.Seed {
			t.Errorf("task %d runs %+v, want %+v", i, k.Run, want)
		}
		seen[k.Family]++
	}
	for _, f := range synthetic.Families() {
		if seen[f] < 5 {
			t.Errorf("%d of 100 tasks are of the family %s", seen[f], f)
		}
	}
}

// TestOfNoModelThatIsPaidTheTaskNamesNone also where the network lacks the kind.
func TestOfNoModelThatIsPaidTheTaskNamesNone(t *testing.T) {
	p := params.Local()
	if k := synthetic.Draw(&p, root, []protocol.ModelID{{9}}); !k.Run.Model.IsZero() {
		t.Errorf("got %s", k.Run.Model)
	}
	p.Kinds = p.Kinds[:1]
	if k := synthetic.Draw(&p, root, []protocol.ModelID{model}); !k.Run.Model.IsZero() {
		t.Errorf("got %s", k.Run.Model)
	}
	if w := synthetic.New().Work(&p, []task.Opened{{Task: &wire.Task{}}}); !slices.Equal(w, []task.Worth{{}}) {
		t.Errorf("got %v", w)
	}
}

func result(tokens int) inference.Result {
	return inference.Result{Output: make([]int32, tokens), Leaves: make([]protocol.Hash, tokens), Finish: "length"}
}

// TestARecordIsWorthItsTokens up to the most that were asked for, whatever its text
// says and whenever it came.
func TestARecordIsWorthItsTokens(t *testing.T) {
	p := params.Local()
	of := &p.Kinds[p.KindIndex(synthetic.Kind)]
	of.Models = []params.Model{{ID: model, Class: 3 * params.One}}
	body := wire.Encode(synthetic.Draw(&p, root, []protocol.ModelID{model}))
	record := func(tokens int) []byte { return wire.Encode(&synthetic.Record{Text: "x", Run: result(tokens)}) }
	opened := []task.Opened{
		{Task: &wire.Task{Body: body}, Body: record(10), Delay: 1, Median: 9},
		{Task: &wire.Task{Body: body}, Body: record(65), Delay: 99, Median: 9},
		{Task: &wire.Task{Body: body}, Body: []byte{0}},
		{Task: &wire.Task{Body: []byte{0}}, Body: record(10)},
	}
	want := []task.Worth{{Units: 10, Work: 30 * params.One}, {Units: 64, Work: 192 * params.One}, {}, {}}
	if got := synthetic.New().Work(&p, opened); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBodiesThatNoHonestProgramMakesAreRefused(t *testing.T) {
	p := params.Local()
	asked := func(change func(*synthetic.Task)) []byte {
		k := synthetic.Draw(&p, root, []protocol.ModelID{model})
		change(k)
		return wire.Encode(k)
	}
	record := func(change func(*synthetic.Record)) []byte {
		r := &synthetic.Record{Text: "a", Run: result(1)}
		change(r)
		return wire.Encode(r)
	}
	card := func(c synthetic.Card) []byte { return wire.Encode(&c) }
	exact := inference.Card{Code: inference.CodeExact, Root: root, Tokens: 1}
	k := synthetic.New()
	for name, c := range map[string]struct {
		err, want error
	}{
		"an unknown family":       {k.CheckTask(&wire.Task{Body: asked(func(k *synthetic.Task) { k.Family = "poetry" })}), synthetic.ErrFamily},
		"no tokens":               {k.CheckTask(&wire.Task{Body: asked(func(k *synthetic.Task) { k.Run.MaxTokens = 0 })}), wire.ErrLimit},
		"a long prompt":           {k.CheckTask(&wire.Task{Body: asked(func(k *synthetic.Task) { k.Run.Prompt = strings.Repeat("a", 16<<10) })}), wire.ErrTooLarge},
		"a long text":             {k.CheckAnswer(nil, record(func(r *synthetic.Record) { r.Text = strings.Repeat("a", synthetic.MaxText+1) })), wire.ErrLimit},
		"no UTF-8":                {k.CheckAnswer(nil, record(func(r *synthetic.Record) { r.Text = "\xff" })), wire.ErrMalformed},
		"an unknown finish":       {k.CheckAnswer(nil, record(func(r *synthetic.Record) { r.Run.Finish = "tired" })), wire.ErrLimit},
		"an unknown code":         {k.CheckCard(&wire.Card{Body: card(synthetic.Card{Run: inference.Card{Code: "bad"}})}), wire.ErrUnknown},
		"another finding":         {k.CheckCard(&wire.Card{Finding: wire.FindingFalse, Body: card(synthetic.Card{Run: exact})}), wire.ErrLimit},
		"gates of no run":         {k.CheckCard(&wire.Card{Body: card(synthetic.Card{Run: inference.Card{Code: inference.CodeEnd}, Gates: []string{"length"}})}), wire.ErrLimit},
		"a text with a root":      {k.CheckCard(&wire.Card{Body: card(synthetic.Card{Run: inference.Card{Code: synthetic.CodeText, Root: root}})}), wire.ErrLimit},
		"a nameless gate":         {k.CheckCard(&wire.Card{Body: card(synthetic.Card{Run: exact, Gates: []string{""}})}), wire.ErrLimit},
		"a gate with a long name": {k.CheckCard(&wire.Card{Body: card(synthetic.Card{Run: exact, Checks: []string{strings.Repeat("a", 17)}})}), wire.ErrLimit},
		"many gates":              {k.CheckCard(&wire.Card{Body: card(synthetic.Card{Run: exact, Gates: slices.Repeat([]string{"a"}, 17)})}), wire.ErrLimit},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.err, c.want)
		}
	}
	for _, c := range []wire.Card{
		{Finding: wire.FindingPassed, Body: card(synthetic.Card{Run: exact, Gates: []string{"checks"}, Checks: []string{"result"}})},
		{Finding: wire.FindingMalformed, Body: card(synthetic.Card{Run: inference.Card{Code: synthetic.CodeText, Tokens: 3}})},
		{Finding: wire.FindingFalse, Body: card(synthetic.Card{Run: inference.Card{Code: inference.CodeToken, Position: 2, Root: root, Tokens: 3}})},
	} {
		if err := k.CheckCard(&c); err != nil {
			t.Error(err)
		}
	}
}

func FuzzBodies(f *testing.F) {
	p := params.Local()
	f.Add(wire.Encode(synthetic.Draw(&p, root, []protocol.ModelID{model})))
	f.Add(wire.Encode(&synthetic.Record{Text: "a", Run: result(1)}))
	f.Add(wire.Encode(&synthetic.Card{Run: inference.Card{Code: inference.CodeExact, Root: root}, Gates: []string{"checks"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := synthetic.ReadTask(b); err == nil && string(wire.Encode(k)) != string(b) {
			t.Error("another task")
		}
		if r, err := synthetic.ReadRecord(b); err == nil && string(wire.Encode(r)) != string(b) {
			t.Error("another record")
		}
		if c, err := synthetic.ReadCard(b); err == nil && string(wire.Encode(c)) != string(b) {
			t.Error("another card")
		}
	})
}
