package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/synth"
)

func TestParseOfWhatLlamaCppPrints(t *testing.T) {
	v := values{}
	bench := "{\"build_commit\": \"x\", \"n_prompt\": 512, \"n_gen\": 0, \"avg_ts\": 1661.25}\n{\"n_prompt\": 0, \"n_gen\": 128, \"avg_ts\": 275.5}\n"
	if err := parseBench([]byte(bench), v); err != nil || v[rowPrefill] != 1661.25 || v[rowDecode] != 275.5 {
		t.Errorf("values %v, error %v", v, err)
	}
	batched := "loading\n\n{\"pl\": 8, \"speed_tg\": 400.5}\n{\"pl\": 32, \"speed_tg\": 700}\n\nperf: 1\n"
	if err := parseBatchedBench([]byte(batched), v); err != nil || v[rowDecode8] != 400.5 || v[rowDecode32] != 700 {
		t.Errorf("values %v, error %v", v, err)
	}
	long := "{\"pl\": 1, \"speed_pp\": 90.5, \"speed_tg\": 10}\n{\"pl\": 8, \"speed_pp\": 91, \"speed_tg\": 30}\n"
	if err := parseLong(8192)([]byte(long), v); err != nil || v[longRows(8192)[0]] != 90.5 || v[longRows(8192)[1]] != 10 || v[longRows(8192)[2]] != 30 {
		t.Errorf("values %v, error %v", v, err)
	}
	for _, bad := range []string{"", "{\"n_prompt\": 512}\n", "{broken\n"} {
		if err := parseBench([]byte(bad), values{}); err == nil {
			t.Errorf("%q was taken for figures", bad)
		}
		if err := parseLong(8192)([]byte(bad), values{}); err == nil {
			t.Errorf("%q was taken for figures behind a long prompt", bad)
		}
	}
}

func TestAnonymousMemoryLeavesOutFiles(t *testing.T) {
	status := "Name:\tx\nVmHWM:\t  900 kB\nRssAnon:\t     100 kB\nRssFile:\t    4000 kB\nRssShmem:\t      20 kB\n"
	if got, want := anonymous([]byte(status)), int64(120<<10); got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
}

func TestTableShowsMediansAndTheRatioOfEachRepeat(t *testing.T) {
	r := &result{
		model: "/models/m.gguf", size: 98_000_000, identity: identity{Backend: "native", ISA: "avx2"}, threads: 2, repeat: 3,
		ours:      map[string][]float64{rowPrefill: {300, 100, 200}, rowGenerate: {8, 8, 8}, rowVerify: {1, 2, 1}},
		theirs:    map[string][]float64{rowPrefill: {100, 100, 100}},
		gigabytes: 49,
	}
	got := r.table()
	for _, want := range []string{
		"| prefill of 512 tokens, tokens/s | 200 | 100 | 2.00 | 1.00 to 3.00 |",
		"| verifying ÷ generating | 1/8.0 | – | – | 1/4.0 to 1/8.0 |",
		"49.0 GB/s, passes/s | 500 |",
		"ours native/avx2, 2 threads, medians of 3",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "NO FIGURES") {
		t.Errorf("a calm measure is called disturbed:\n%s", got)
	}
	r.disturbances = []disturbance{{others: 0.01}, {others: 0.3, stolen: 0.2}}
	if !strings.Contains(r.table(), "NO FIGURES") {
		t.Error("a disturbed measure is not called so")
	}
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	c := &comparison{self: "/nowhere", llama: "/nowhere", threads: 1, repeat: 1, parts: parts()[:1]}
	if _, err := c.run(t.Context(), t.TempDir()); err == nil {
		t.Error("got no error")
	}
}

func TestTableSaysThatPatienceEnded(t *testing.T) {
	r := &result{model: "m", unfinished: true}
	if got := r.table(); !strings.Contains(got, "patience ended") {
		t.Errorf("got:\n%s", got)
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{4, 1, 3}); got != 3 {
		t.Errorf("median of three is %v", got)
	}
	if got := median([]float64{4, 1}); got != 2.5 {
		t.Errorf("median of two is %v", got)
	}
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
}

func TestOurSideMeasuresEveryPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := writeRandom(path, synth.Options{Shape: "tiny", Type: "q8_0"}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"speed": {rowPrefill, rowDecode}, "batch": {rowDecode8, rowDecode32}, "verify": {rowGenerate, rowVerify}, "load": nil,
	}
	want["long"] = longRows(300)
	for _, p := range append(slices.DeleteFunc(parts(), func(p part) bool { return p.asked }), longPart("long", 300)) {
		var out strings.Builder
		if err := (ours{model: path, threads: 2}).run(t.Context(), p, &out); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		v, who, err := parseOurs([]byte(out.String()))
		if err != nil || who.Backend == "" || len(v) != len(want[p.name]) {
			t.Errorf("%s: %v %v, error %v", p.name, v, who, err)
		}
		if err := has(v, want[p.name]...); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

func TestRunOfAnUnknownCommandOrModelFails(t *testing.T) {
	for _, args := range [][]string{nil, {"dance"}, {"ours", "-part", "speed", "-model", "/nowhere"}, {"compare"}, {"ours", "-part", "x"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}
