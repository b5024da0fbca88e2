package arith_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
)

func TestBlocksAreReadAsAnIndependentProgramReadsThem(t *testing.T) {
	data, err := os.ReadFile("testdata/blocks.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Blocks []struct {
			Type          gguf.Type
			Name          string
			Block, Floats string
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	seen := map[gguf.Type]int{}
	for _, c := range file.Blocks {
		block, err := hex.DecodeString(c.Block)
		if err != nil {
			t.Fatal(err)
		}
		floats, err := hex.DecodeString(c.Floats)
		if err != nil {
			t.Fatal(err)
		}
		n := len(floats) / 4
		m := matrix(t, gguf.Tensor{Name: "w", Dims: []uint64{uint64(n), 1}, Type: c.Type, Data: block})
		got := make([]float32, n)
		m.Embed(got, 0)
		for i := range got {
			if want := math.Float32frombits(binary.LittleEndian.Uint32(floats[4*i:])); got[i] != want {
				t.Fatalf("%s, block %d, element %d: got %x, want %x", c.Name, seen[c.Type], i, got[i], want)
			}
		}
		seen[c.Type]++
	}
	for _, kind := range blockTypes {
		if seen[kind] == 0 {
			t.Errorf("no block of %s", kind)
		}
	}
}
