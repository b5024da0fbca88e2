//go:build cgo && linux

package native_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

func TestInterleavedWeightsAreReadOnceAndTheFileIsNeededNoMore(t *testing.T) {
	tokens := tinyTokens(70, 1)
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q4_1, gguf.Q6_K} {
		_, _, m := cuttable(t, kind)
		want, _ := reference(t, m, tokens)
		forEachLevel(t, func(t *testing.T, l native.Level) {
			path, f, m := cuttable(t, kind)
			n := openWith(t, m, native.Config{Threads: 2, Level: l.String(), Weights: native.Interleaved, File: f.Bytes()})
			if resident := residentOf(t, path); resident > 256<<10 {
				t.Errorf("%s: %d bytes of a file of %d are still in memory", kind, resident, f.Size())
			}
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
			for i, s := range ran(t, n, n.NewCache(), tokens) {
				if !same(s, want[i]) {
					t.Fatalf("%s: the state at %d differs", kind, i)
				}
			}
			if err := n.Check(); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		})
	}
}

func TestAFileThatIsCutOffBeforeItsWeightsAreInterleavedIsAnError(t *testing.T) {
	path, f, m := cuttable(t, gguf.Q8_0)
	if err := os.Truncate(path, f.Size()/2); err != nil {
		t.Fatal(err)
	}
	n, err := native.New(m, native.Config{Threads: 2, Weights: native.Interleaved, File: f.Bytes()})
	if !errors.Is(err, backend.ErrFile) || n != nil {
		t.Errorf("got %v", err)
	}
}

func TestWeightsAreInterleavedByTheProcessorUnlessToldOtherwise(t *testing.T) {
	_, _, m := cuttable(t, gguf.Q8_0)
	forEachLevel(t, func(t *testing.T, l native.Level) {
		auto := native.Mapped
		if l == native.AVX512 || l == native.AMX || l == native.AMXEmulated {
			auto = native.Interleaved
		}
		for told, want := range map[string]string{"": auto, native.Auto: auto, native.Mapped: native.Mapped, native.Interleaved: native.Interleaved} {
			if got := openWith(t, m, native.Config{Threads: 1, Level: l.String(), Weights: told}).Weights(); got != want {
				t.Errorf("weights %q are %s, want %s", told, got, want)
			}
		}
	})
	if _, err := native.New(m, native.Config{Threads: 1, Weights: "woven"}); !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("woven weights: %v", err)
	}
}

// residentOf is how many bytes of mappings of the file at path this process has
// in memory.
func residentOf(t *testing.T, path string) (bytes int64) {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = maps.Close() }() // only read
	found, inside := false, false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		var kib int64
		switch _, err := fmt.Sscanf(line, "Rss: %d kB", &kib); {
		case strings.HasSuffix(line, " "+path):
			found, inside = true, true
		case inside && err == nil:
			bytes, inside = bytes+kib<<10, false
		}
	}
	if !found {
		t.Fatal("the file is not mapped")
	}
	return bytes
}
