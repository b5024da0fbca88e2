package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
)

// anyTree is a tree of which the ledger does not know that it is in memory.
type anyTree struct{ ledger.Tree }

// What blocks write, change and remove is the same in memory as in any tree, in
// which one record is written after the other.
func TestABlockIsWrittenToMemoryAsToAnyTree(t *testing.T) {
	const seed = 13
	rng := rand.New(rand.NewPCG(seed, 1))
	mem, other := &ledger.MemTree{}, &ledger.MemTree{}
	walked := func(tree *ledger.MemTree) (out []string) {
		for _, letter := range "abc" {
			if err := tree.Iterate([]byte{byte(letter)}, func(k, v []byte) bool {
				out = append(out, fmt.Sprintf("%s=%s", k, v))
				return true
			}); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	most := 0
	for block := range 300 {
		writes := map[string][]byte{}
		for range rng.IntN(30) {
			k := fmt.Sprintf("%c%02d", 'a'+rng.IntN(3), rng.IntN(60))
			writes[k] = []byte(fmt.Sprint(rng.IntN(3)))
			if rng.IntN(2) == 0 {
				writes[k] = nil
			}
		}
		for _, tree := range []ledger.Tree{mem, anyTree{other}} {
			if err := ledger.Flush(tree, writes); err != nil {
				t.Fatal(err)
			}
		}
		got, want := walked(mem), walked(other)
		if mem.Hash() != other.Hash() || !slices.Equal(got, want) {
			t.Fatalf("seed %d, block %d:\ngot  %v\nwant %v", seed, block, got, want)
		}
		most = max(most, len(want))
	}
	if most < 50 {
		t.Errorf("at most %d records at a time, too few to tell", most)
	}
}
