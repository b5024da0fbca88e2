package inference_test

import (
	"bytes"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/goldentest"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

const chain = "assay-test-01234567"

var seat = protocol.SeatID{UID: 7, Registered: 41}

// asked is four slots of a model.
func asked(models ...protocol.ModelID) []task.Asked {
	return []task.Asked{{Kind: inference.Kind, Slots: 4, Models: models}}
}

// derived is a task with what its body asks.
type derived struct {
	*wire.Task
	asks *inference.Task
}

func deriveWith(t *testing.T, p *params.Params, chain, seed string, round protocol.Round, seat protocol.SeatID, slot uint16, models ...protocol.ModelID) derived {
	t.Helper()
	table := task.Table{inference.New()}
	d, err := table.Derive(&task.Round{
		Chain: chain, Params: p, Number: round, Seat: seat, Due: []task.Due{{Asked: asked(models...)[0], Seed: wire.HashOf(seed)}},
	}, slot)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Check(), table.CheckTask(d)); err != nil {
		t.Fatalf("derived task: %v", err)
	}
	b, err := inference.ReadTask(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	return derived{d, b}
}

func derive(t *testing.T, seed string, round protocol.Round, seat protocol.SeatID, slot uint16) derived {
	t.Helper()
	p := params.Local()
	return deriveWith(t, &p, chain, seed, round, seat, slot, p.Kinds[0].Models[0].ID)
}

// golden is what another implementation needs to compare itself with.
type golden struct {
	Seed        string          `json:"seed"`
	Round       protocol.Round  `json:"round"`
	Seat        protocol.SeatID `json:"seat"`
	Slot        uint16          `json:"slot"`
	ID          protocol.TaskID `json:"id"`
	Prompt      string          `json:"prompt"`
	Temperature uint32          `json:"temperature_bits"`
	TopP        uint32          `json:"top_p"`
	TaskSeed    protocol.Hash   `json:"task_seed"`
}

func TestDeriveGivesTheGoldenTasks(t *testing.T) {
	var got []golden
	for _, seed := range []string{"a", "b", "c"} {
		for slot := range uint16(4) {
			task := derive(t, seed, 12, seat, slot)
			got = append(got, golden{seed, 12, seat, slot, task.ID, task.asks.Prompt, task.asks.TemperatureBits, task.asks.TopP, task.asks.Seed})
		}
	}
	goldentest.JSON(t, "testdata/tasks.json", got)
}

func TestDeriveNeverRepeatsAPromptAndKeepsTheShareOfSampledTasks(t *testing.T) {
	p := params.Local()
	models := []protocol.ModelID{p.Kinds[0].Models[0].ID}
	seen := map[string]bool{}
	sampled, longest := 0, 0
	const n = 100_000
	for i := range n {
		task := inference.Draw(&p, wire.HashOf("seed", []byte{byte(i), byte(i >> 8), byte(i >> 16)}), models)
		if seen[task.Prompt] {
			t.Fatalf("prompt %q comes twice in %d tasks", task.Prompt, i)
		}
		seen[task.Prompt] = true
		longest = max(longest, len(task.Prompt))
		if task.TemperatureBits != 0 {
			sampled++
		}
	}
	if share := sampled * 100 / n; share < 24 || share > 25 {
		t.Errorf("%d of %d tasks are sampled, want a quarter", sampled, n)
	}
	if longest > 110 {
		t.Errorf("longest prompt has %d bytes, want at most 110 (about 35 tokens)", longest)
	}
}

func TestEveryTemplateHasEnoughFormsNeverToRepeat(t *testing.T) {
	place := regexp.MustCompile(`\{([^}]*)\}`)
	for _, family := range inference.Families {
		for _, template := range family {
			bits := 0.0
			for _, m := range place.FindAllStringSubmatch(template, -1) {
				bits += math.Log2(float64(inference.Forms(m[1])))
			}
			if bits < 40 {
				t.Errorf("%q has 2^%.1f forms, want 2^40", template, bits)
			}
		}
	}
}

func TestListsHoldNoWordTwice(t *testing.T) {
	for name, list := range inference.Lists {
		seen := map[string]bool{}
		for _, w := range list {
			if seen[w] {
				t.Errorf("list %s holds %q twice", name, w)
			}
			seen[w] = true
		}
		if n := len(list); n&(n-1) != 0 {
			t.Errorf("list %s has %d words, want a power of two", name, n)
		}
	}
}

func TestTasksOfTwoSeatsRoundsSlotsAndChainsDiffer(t *testing.T) {
	p := params.Local()
	base := derive(t, "a", 12, seat, 0)
	others := map[string]derived{
		"slot":       derive(t, "a", 12, seat, 1),
		"round":      derive(t, "a", 13, seat, 0),
		"uid":        derive(t, "a", 12, protocol.SeatID{UID: 8, Registered: 41}, 0),
		"registered": derive(t, "a", 12, protocol.SeatID{UID: 7, Registered: 42}, 0),
		"seed":       derive(t, "b", 12, seat, 0),
		"chain":      deriveWith(t, &p, chain+"x", "a", 12, seat, 0, p.Kinds[0].Models[0].ID),
	}
	for what, o := range others {
		if o.ID == base.ID || o.asks.Seed == base.asks.Seed || o.asks.Prompt == base.asks.Prompt {
			t.Errorf("another %s gives the same id, seed or prompt", what)
		}
	}
}

func TestDeriveDrawsOnlyModelsThatTheNetworkPaysFor(t *testing.T) {
	p := params.Local()
	paid := protocol.ModelID{1}
	p.Kinds[0].Models = append(p.Kinds[0].Models, params.Model{ID: paid, Name: "b", Class: params.One})
	unpaid := protocol.ModelID{2}
	count := map[protocol.ModelID]int{}
	for i := range 400 {
		task := inference.Draw(&p, wire.HashOf("m", []byte{byte(i), byte(i >> 8)}), []protocol.ModelID{unpaid, paid, p.Kinds[0].Models[0].ID})
		count[task.Model]++
	}
	if count[unpaid] != 0 || count[paid] < 150 || count[p.Kinds[0].Models[0].ID] < 150 {
		t.Errorf("models drawn %v, want the paid ones about 200 times each", count)
	}
	if got := inference.Draw(&p, wire.HashOf("m"), []protocol.ModelID{unpaid}).Model; !got.IsZero() {
		t.Errorf("model %s drawn though none is paid for", got)
	}
}

func TestCheckResultFindsWhatNeedsNoRun(t *testing.T) {
	const vocab, stop = 100, 99
	leaves := func(n int) (l []protocol.Hash) {
		for i := range n {
			l = append(l, protocol.Hash{byte(i + 1)})
		}
		return l
	}
	whole := func(finish string, out ...int32) inference.Result {
		l := leaves(len(out))
		return inference.Result{Output: out, Finish: finish, Leaves: l, Fingerprint: wire.MerkleRoot(l)}
	}
	task := &inference.Task{MaxTokens: 4}
	with := func(r inference.Result, f func(*inference.Result)) inference.Result { f(&r); return r }
	for _, c := range []struct {
		name string
		r    inference.Result
		want inference.Code
		pos  int
	}{
		{"stopped", whole("stop", 1, stop), inference.CodeExact, 0},
		{"stopped at once", whole("stop", stop), inference.CodeExact, 0},
		{"stopped at the maximum", whole("stop", 1, 2, 3, stop), inference.CodeExact, 0},
		{"full length", whole("length", 1, 2, 3, 4), inference.CodeExact, 0},
		{"empty", whole("length"), inference.CodeLength, 0},
		{"too long", whole("length", 1, 2, 3, 4, 5), inference.CodeLength, 4},
		{"token too large", whole("length", 1, 2, vocab, 4), inference.CodeRange, 2},
		{"token negative", whole("length", 1, -1, 3, 4), inference.CodeRange, 1},
		{"ended after one token", whole("length", 1), inference.CodeEnd, 1},
		{"ended too early, called a stop", whole("stop", 1, 2), inference.CodeEnd, 2},
		{"ended too late", whole("length", 1, stop, 3, 4), inference.CodeEnd, 1},
		{"stop called length", whole("length", 1, stop), inference.CodeEnd, 1},
		{"length called stop", whole("stop", 1, 2, 3, 4), inference.CodeEnd, 3},
		{"leaf missing", with(whole("length", 1, 2, 3, 4), func(r *inference.Result) { r.Leaves = r.Leaves[:3] }), inference.CodeLeaves, 3},
		{"another root", with(whole("length", 1, 2, 3, 4), func(r *inference.Result) { r.Fingerprint[0]++ }), inference.CodeLeaves, 0},
	} {
		if got, pos := inference.CheckResult(task, &c.r, vocab, []int32{stop}); got != c.want || pos != c.pos {
			t.Errorf("%s: got %s at %d, want %s at %d", c.name, got, pos, c.want, c.pos)
		}
	}
}

func TestMessagesBeginWithTheSharedSystemPrompt(t *testing.T) {
	task := derive(t, "a", 1, seat, 0).asks
	m := inference.Messages(task)
	if len(m) != 2 || m[0].Role != "system" || m[0].Content != params.Local().Inference.System || m[1].Role != "user" || m[1].Content != task.Prompt {
		t.Errorf("got %+v", m)
	}
	task.System = ""
	if m := inference.Messages(task); len(m) != 1 || m[0].Role != "user" {
		t.Errorf("without a system prompt: got %+v", m)
	}
}

func TestBodiesThatNoHonestProgramMakesAreRefused(t *testing.T) {
	table := task.Table{inference.New()}
	ask := func(change func(*inference.Task)) error {
		d := derive(t, "a", 1, seat, 0)
		change(d.asks)
		return table.CheckTask(&wire.Task{Kind: inference.Kind, Body: wire.Encode(d.asks)})
	}
	answer := func(change func(*inference.Result)) error {
		r := &inference.Result{Output: []int32{1, 2}, Finish: form.Length, Leaves: make([]protocol.Hash, 2)}
		change(r)
		return table.CheckAnswer(&wire.Task{Kind: inference.Kind}, wire.Encode(r))
	}
	card := func(f wire.Finding, change func(*inference.Card)) error {
		b := &inference.Card{Code: inference.CodeToken, Position: 1, Root: protocol.Hash{1}, Tokens: 2}
		change(b)
		return table.CheckCard(&wire.Card{Kind: inference.Kind, Finding: f, Body: wire.Encode(b)})
	}
	for what, c := range map[string]struct{ got, want error }{
		"a derived task":             {ask(func(*inference.Task) {}), nil},
		"a long prompt":              {ask(func(a *inference.Task) { a.Prompt = strings.Repeat("a", 64<<10) }), wire.ErrLimit},
		"a prompt beyond the bytes":  {ask(func(a *inference.Task) { a.Prompt = strings.Repeat("a", 70<<10) }), wire.ErrTooLarge},
		"no tokens":                  {ask(func(a *inference.Task) { a.MaxTokens = 0 }), wire.ErrLimit},
		"a maximum beyond the limit": {ask(func(a *inference.Task) { a.MaxTokens = inference.MaxOutputTokens + 1 }), wire.ErrLimit},
		"top-k of none":              {ask(func(a *inference.Task) { a.TopK = 0 }), wire.ErrLimit},
		"top-k of many":              {ask(func(a *inference.Task) { a.TopK = 257 }), wire.ErrLimit},
		"top-p of none":              {ask(func(a *inference.Task) { a.TopP = 0 }), wire.ErrLimit},
		"top-p of more":              {ask(func(a *inference.Task) { a.TopP = 1<<16 + 1 }), wire.ErrLimit},
		"an answer":                  {answer(func(*inference.Result) {}), nil},
		"too many tokens":            {answer(func(r *inference.Result) { r.Output = make([]int32, inference.MaxOutputTokens+1) }), wire.ErrLimit},
		"too many leaves":            {answer(func(r *inference.Result) { r.Leaves = make([]protocol.Hash, inference.MaxOutputTokens+1) }), wire.ErrLimit},
		"an unknown finish":          {answer(func(r *inference.Result) { r.Finish = "tired" }), wire.ErrLimit},
		"no bytes":                   {table.CheckAnswer(&wire.Task{Kind: inference.Kind}, nil), wire.ErrMalformed},
		"a card":                     {card(wire.FindingFalse, func(*inference.Card) {}), nil},
		"an unknown code":            {card(wire.FindingFalse, func(b *inference.Card) { b.Code = "fine" }), wire.ErrUnknown},
		"exact without a root":       {card(wire.FindingPassed, func(b *inference.Card) { b.Code, b.Root = inference.CodeExact, protocol.Hash{} }), wire.ErrLimit},
		"a root without a run":       {card(wire.FindingMalformed, func(b *inference.Card) { b.Code = inference.CodeEnd }), wire.ErrLimit},
		"a position too high":        {card(wire.FindingFalse, func(b *inference.Card) { b.Position = inference.MaxOutputTokens + 1 }), wire.ErrLimit},
		"tokens too many":            {card(wire.FindingFalse, func(b *inference.Card) { b.Tokens = inference.MaxOutputTokens + 1 }), wire.ErrLimit},
		"a code of another finding":  {card(wire.FindingPassed, func(*inference.Card) {}), wire.ErrLimit},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", what, c.got, c.want)
		}
	}
}

// FuzzBodies gives bytes to every body: what is read encodes to the same bytes.
func FuzzBodies(f *testing.F) {
	p := params.Local()
	f.Add(wire.Encode(inference.Draw(&p, protocol.TaskID{1}, nil)))
	f.Add(wire.Encode(&inference.Result{Output: []int32{1}, Finish: form.Stop, Leaves: []protocol.Hash{{2}}}))
	f.Add(wire.Encode(&inference.Card{Code: inference.CodeExact, Root: protocol.Hash{3}, Tokens: 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(v any, err error) {
			if err == nil && !bytes.Equal(wire.Encode(v), b) {
				t.Errorf("%+v does not stand for %x", v, b)
			}
		}
		asks, err := inference.ReadTask(b)
		same(asks, err)
		result, err := inference.ReadResult(b)
		same(result, err)
		card, err := inference.ReadCard(b)
		same(card, err)
	})
}

// A sealed slot has one opening: neither another run, nor leaves in another shape
// of tree, nor a fingerprint that is not that of the leaves has the same sum.
func TestTheSumOfAnAnswerIsThatOfNoOther(t *testing.T) {
	leaves := []protocol.Hash{{1}, {2}, {3}}
	r := inference.Result{Output: []int32{7, 8, 9}, Finish: "stop", Leaves: leaves, Fingerprint: wire.MerkleRoot(leaves), Millis: 5}
	kind := inference.New()
	sum := func(change func(*inference.Result)) (wire.Sum, error) {
		changed := r
		change(&changed)
		return kind.Sum(wire.Encode(&changed))
	}
	own, err := sum(func(*inference.Result) {})
	if err != nil || own.Fingerprint != r.Fingerprint {
		t.Fatalf("got %v, %v", own, err)
	}
	for name, change := range map[string]func(*inference.Result){
		"another token":  func(r *inference.Result) { r.Output = []int32{7, 8, 10} },
		"another finish": func(r *inference.Result) { r.Finish = "length" },
		"another time":   func(r *inference.Result) { r.Millis++ },
		"other leaves": func(r *inference.Result) {
			r.Leaves = []protocol.Hash{{1}, {2}, {4}}
			r.Fingerprint = wire.MerkleRoot(r.Leaves)
		},
	} {
		if other, err := sum(change); err != nil || other == own {
			t.Errorf("%s: got %v, %v, want another sum", name, other, err)
		}
	}
	for name, change := range map[string]func(*inference.Result){
		"another fingerprint": func(r *inference.Result) { r.Fingerprint[0]++ },
		"other leaves":        func(r *inference.Result) { r.Leaves = []protocol.Hash{{1}, {2}, {4}} },
		"the root as a leaf":  func(r *inference.Result) { r.Leaves = []protocol.Hash{r.Fingerprint} },
	} {
		if _, err := sum(change); !errors.Is(err, wire.ErrLimit) {
			t.Errorf("%s: got %v, want %v", name, err, wire.ErrLimit)
		}
	}
}
