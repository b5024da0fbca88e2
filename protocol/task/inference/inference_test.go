package inference_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"regexp"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

const chain = "assay-test-01234567"

var seat = protocol.SeatID{UID: 7, Registered: 41}

func derive(t *testing.T, seed string, round protocol.Round, seat protocol.SeatID, slot uint16) wire.InferenceTask {
	t.Helper()
	p := params.Local()
	task := inference.Derive(chain, &p, wire.HashOf(seed), round, seat, []protocol.ModelID{p.Tasks.Models[0].ID}, slot)
	if err := task.Check(); err != nil {
		t.Fatalf("derived task: %v", err)
	}
	return task
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
	const file = "testdata/tasks.json"
	var got []golden
	for _, seed := range []string{"a", "b", "c"} {
		for slot := range uint16(4) {
			task := derive(t, seed, 12, seat, slot)
			got = append(got, golden{seed, 12, seat, slot, task.ID, task.Prompt, task.TemperatureBits, task.TopP, task.Seed})
		}
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(text) {
		t.Errorf("tasks differ from %s; got\n%s", file, text)
	}
}

func TestDeriveNeverRepeatsAPromptAndKeepsTheShareOfSampledTasks(t *testing.T) {
	p := params.Local()
	models := []protocol.ModelID{p.Tasks.Models[0].ID}
	seen := map[string]bool{}
	sampled, longest := 0, 0
	const n = 100_000
	for i := range n {
		task := inference.Derive(chain, &p, wire.HashOf("seed"), protocol.Round(i/100), protocol.SeatID{UID: protocol.UID(i % 100)}, models, 0)
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
	models := []protocol.ModelID{p.Tasks.Models[0].ID}
	base := derive(t, "a", 12, seat, 0)
	others := map[string]wire.InferenceTask{
		"slot":       derive(t, "a", 12, seat, 1),
		"round":      derive(t, "a", 13, seat, 0),
		"uid":        derive(t, "a", 12, protocol.SeatID{UID: 8, Registered: 41}, 0),
		"registered": derive(t, "a", 12, protocol.SeatID{UID: 7, Registered: 42}, 0),
		"seed":       derive(t, "b", 12, seat, 0),
		"chain":      inference.Derive(chain+"x", &p, wire.HashOf("a"), 12, seat, models, 0),
	}
	for what, o := range others {
		if o.ID == base.ID || o.Seed == base.Seed || o.Prompt == base.Prompt {
			t.Errorf("another %s gives the same id, seed or prompt", what)
		}
	}
}

func TestDeriveDrawsOnlyModelsThatTheNetworkPaysFor(t *testing.T) {
	p := params.Local()
	paid := protocol.ModelID{1}
	p.Tasks.Models = append(p.Tasks.Models, params.Model{ID: paid, Name: "b", Class: params.One})
	unpaid := protocol.ModelID{2}
	count := map[protocol.ModelID]int{}
	for i := range 400 {
		task := inference.Derive(chain, &p, wire.HashOf("m"), protocol.Round(i), seat, []protocol.ModelID{unpaid, paid, p.Tasks.Models[0].ID}, 0)
		count[task.Model]++
	}
	if count[unpaid] != 0 || count[paid] < 150 || count[p.Tasks.Models[0].ID] < 150 {
		t.Errorf("models drawn %v, want the paid ones about 200 times each", count)
	}
	if got := inference.Derive(chain, &p, wire.HashOf("m"), 0, seat, []protocol.ModelID{unpaid}, 0).Model; !got.IsZero() {
		t.Errorf("model %s drawn though none is paid for", got)
	}
}

func hotkey(b byte) (k protocol.PublicKey) { k[0], k[1] = 2, b; return k }

// sealed returns three slots, the middle one without an answer.
func sealed(t *testing.T) *inference.Sealed {
	t.Helper()
	s := &inference.Sealed{}
	for i := range uint16(3) {
		s.Tasks = append(s.Tasks, derive(t, "a", 12, seat, i))
		s.Salts = append(s.Salts, [32]byte{9, byte(i)})
		s.Results = append(s.Results, &wire.Result{Output: []int32{int32(i), 5}, Finish: "stop"})
	}
	s.Results[1] = nil
	return s
}

func TestAnOpeningFitsItsOwnSlotOfItsOwnCommitmentOnly(t *testing.T) {
	s := sealed(t)
	root, err := s.Commitment(chain, hotkey(1))
	if err != nil {
		t.Fatal(err)
	}
	check := func(root protocol.Hash, slots uint16, k protocol.PublicKey, task int, a *wire.Answer) error {
		return inference.CheckOpening(chain, root, slots, k, &s.Tasks[task], a)
	}
	open := func() *wire.Answer {
		a, err := s.Opening(chain, hotkey(1), 2)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if err := check(root, 3, hotkey(1), 2, open()); err != nil {
		t.Fatalf("true opening refused: %v", err)
	}
	if _, err := s.Opening(chain, hotkey(1), 1); !errors.Is(err, inference.ErrUnanswered) {
		t.Errorf("opening of the empty slot: got %v, want ErrUnanswered", err)
	}
	for what, err := range map[string]error{
		"another root":   check(protocol.Hash{1}, 3, hotkey(1), 2, open()),
		"another size":   check(root, 4, hotkey(1), 2, open()),
		"another hotkey": check(root, 3, hotkey(2), 2, open()),
		"another task":   check(root, 3, hotkey(1), 0, open()),
		"another salt":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Salt[0]++; return a }()),
		"another result": check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Result.Output = []int32{3}; return a }()),
		"another slot":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Slot = 0; return a }()),
		"longer proof":   check(root, 3, hotkey(1), 2, func() *wire.Answer { a := open(); a.Proof = append(a.Proof, root); return a }()),
	} {
		if !errors.Is(err, inference.ErrOpening) {
			t.Errorf("%s: got %v, want ErrOpening", what, err)
		}
	}
}

func TestCommitmentRefusesPartsThatDoNotBelongTogether(t *testing.T) {
	s := sealed(t)
	s.Salts = s.Salts[:2]
	if _, err := s.Commitment(chain, hotkey(1)); !errors.Is(err, inference.ErrSlots) {
		t.Errorf("got %v, want ErrSlots", err)
	}
	if _, err := new(inference.Sealed).Commitment(chain, hotkey(1)); !errors.Is(err, inference.ErrSlots) {
		t.Errorf("no slots: got %v, want ErrSlots", err)
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
	whole := func(finish string, out ...int32) wire.Result {
		l := leaves(len(out))
		return wire.Result{Output: out, Finish: finish, Leaves: l, Fingerprint: wire.MerkleRoot(l)}
	}
	task := &wire.InferenceTask{MaxTokens: 4}
	with := func(r wire.Result, f func(*wire.Result)) wire.Result { f(&r); return r }
	for _, c := range []struct {
		name string
		r    wire.Result
		want wire.Finding
		pos  int
	}{
		{"stopped", whole("stop", 1, stop), wire.FindingExact, 0},
		{"stopped at once", whole("stop", stop), wire.FindingExact, 0},
		{"stopped at the maximum", whole("stop", 1, 2, 3, stop), wire.FindingExact, 0},
		{"full length", whole("length", 1, 2, 3, 4), wire.FindingExact, 0},
		{"empty", whole("length"), wire.FindingLength, 0},
		{"too long", whole("length", 1, 2, 3, 4, 5), wire.FindingLength, 4},
		{"token too large", whole("length", 1, 2, vocab, 4), wire.FindingRange, 2},
		{"token negative", whole("length", 1, -1, 3, 4), wire.FindingRange, 1},
		{"ended after one token", whole("length", 1), wire.FindingEnd, 1},
		{"ended too early, called a stop", whole("stop", 1, 2), wire.FindingEnd, 2},
		{"ended too late", whole("length", 1, stop, 3, 4), wire.FindingEnd, 1},
		{"stop called length", whole("length", 1, stop), wire.FindingEnd, 1},
		{"length called stop", whole("stop", 1, 2, 3, 4), wire.FindingEnd, 3},
		{"leaf missing", with(whole("length", 1, 2, 3, 4), func(r *wire.Result) { r.Leaves = r.Leaves[:3] }), wire.FindingLeaves, 3},
		{"another root", with(whole("length", 1, 2, 3, 4), func(r *wire.Result) { r.Fingerprint[0]++ }), wire.FindingLeaves, 0},
	} {
		if got, pos := inference.CheckResult(task, &c.r, vocab, []int32{stop}); got != c.want || pos != c.pos {
			t.Errorf("%s: got %s at %d, want %s at %d", c.name, got, pos, c.want, c.pos)
		}
	}
}

func TestMessagesBeginWithTheSharedSystemPrompt(t *testing.T) {
	task := derive(t, "a", 1, seat, 0)
	m := inference.Messages(&task)
	if len(m) != 2 || m[0].Role != "system" || m[0].Content != params.Local().Tasks.System || m[1].Role != "user" || m[1].Content != task.Prompt {
		t.Errorf("got %+v", m)
	}
	task.System = ""
	if m := inference.Messages(&task); len(m) != 1 || m[0].Role != "user" {
		t.Errorf("without a system prompt: got %+v", m)
	}
}
