package native_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/weights"
)

// TestBlocksInCAreThoseOfGGUF holds blocks.h against the lists in Go, and
// writes it where UPDATE_GOLDEN is set: a new type of weights, or another size,
// is written down once.
func TestBlocksInCAreThoseOfGGUF(t *testing.T) {
	const path = "blocks.h"
	var want strings.Builder
	want.WriteString(`/* blocks.h - the types of weights and their stored blocks. Written from the lists of packages weights and gguf (blocks_test.go); do not
 * edit it.
 *
 * X(name, ggml's number, weights of a block, bytes of a block)
 */
#ifndef ENG_BLOCKS_H
#define ENG_BLOCKS_H

#define ENG_TYPES(X)`)
	types := weights.Types()
	slices.Sort(types)
	for _, kind := range types {
		elements, bytes := kind.Block()
		fmt.Fprintf(&want, " \\\n\tX(%s, %d, %d, %d)", kind, uint32(kind), elements, bytes)
	}
	want.WriteString("\n\n#endif\n")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("%s is not what the lists in Go say (make golden writes it):\n%s", path, want.String())
	}
}
