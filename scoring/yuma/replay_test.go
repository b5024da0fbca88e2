package yuma_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/scoring/yuma/scenario"
)

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
}

func TestEpochsHoldTheVectorsExactly(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	random, err := filepath.Glob("testdata/random/*.json")
	if err != nil {
		t.Fatal(err)
	}
	epochs := 0
	for _, path := range append(files, random...) {
		var kind struct{ Schema string }
		readJSON(t, path, &kind)
		if kind.Schema != "yuma-epoch/1" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) { epochs += replay(t, path) })
	}
	if want := 631; epochs != want {
		t.Errorf("replayed %d epochs, want %d", epochs, want)
	}
}

// asserted is what a file says that tests of the reference assert, beside what
// package scenario reads.
type asserted struct {
	Ops []struct {
		Op       string
		Asserted map[string]json.RawMessage `json:"upstream_asserted"`
	}
}

// replay runs a scenario (testdata/README.md) and returns the number of its epochs.
func replay(t *testing.T, path string) int {
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	var reference asserted
	decode(t, file, &reference)
	epochs, k := 0, 0 // k is the operation
	err = s.Run(func(r scenario.Ran) error {
		for s.Ops[k].Op != scenario.Epoch {
			k++
		}
		if r.Differs != "" {
			t.Errorf("operation %d: %s is not the model's", k, r.Differs)
		}
		out := fields(t, r.Result)
		for name, want := range reference.Ops[k].Asserted {
			compareAsserted(t, fmt.Sprintf("operation %d, asserted %s", k, name), out, name, want)
		}
		epochs, k = epochs+1, k+1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return epochs
}

// fields returns what an epoch decided under the names that the vectors have.
func fields(t *testing.T, r *scenario.Result) map[string]any {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	decode(t, b, &out)
	return out
}

// compareAsserted compares what a test of the reference asserts: a whole list,
// single elements by index, or decimals.
func compareAsserted(t *testing.T, what string, out map[string]any, name string, want json.RawMessage) {
	t.Helper()
	switch name {
	case "dividends_float":
		var shares []float64
		decode(t, want, &shares)
		for i, share := range shares {
			near(t, fmt.Sprintf("%s %d", what, i), element(t, out["dividends"], i), share, 1e-3)
		}
		return
	case "bonds_float":
		var block struct {
			Columns []int
			Rows    [][]float64
		}
		decode(t, want, &block)
		for i, row := range block.Rows {
			for k, level := range row {
				near(t, fmt.Sprintf("%s %d,%d", what, i, block.Columns[k]), element(t, out["bonds"], i, block.Columns[k]), level, 2e-4)
			}
		}
		return
	}
	var elements map[string]any
	if want[0] == '[' {
		var list any
		decode(t, want, &list)
		elements = map[string]any{"": list}
	} else {
		decode(t, want, &elements)
	}
	for index, value := range elements {
		var at []int
		for part := range strings.SplitSeq(index, ",") {
			if k, err := strconv.Atoi(part); err == nil {
				at = append(at, k)
			}
		}
		if got := element(t, out[name], at...); !reflect.DeepEqual(got, value) {
			t.Errorf("%s %s: got %v, want %v", what, index, got, value)
		}
	}
}

// element returns the element of a list, or of a list of lists, at an index; all of
// it without one.
func element(t *testing.T, list any, index ...int) any {
	t.Helper()
	for _, i := range index {
		l, ok := list.([]any)
		if !ok || i >= len(l) {
			t.Fatalf("there is no element %v", index)
		}
		list = l[i]
	}
	return list
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // emissions are beyond the integers of binary64
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func near(t *testing.T, what string, got any, want, tolerance float64) {
	t.Helper()
	n, err := strconv.ParseUint(fmt.Sprint(got), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	if x := float64(n) / math.MaxUint16; math.Abs(x-want) > tolerance {
		t.Errorf("%s: got %.6f, want %.6f", what, x, want)
	}
}
