package gguf_test

import (
	"encoding/hex"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// The id of SmolLM2-135M-Instruct.Q4_1.gguf (SHA-256 b179c952…), computed by an
// independent program from the text of the specification.
const smolLM2ID = "9d255136b6213a617c630c65eaea151c3af4101f94a44a5f5541cadcdc0cabfc"

func TestModelIDOfARealModel(t *testing.T) {
	f := enginetest.Open(t, enginetest.Real(t))
	id := gguf.ModelID(f)
	if got := hex.EncodeToString(id[:]); got != smolLM2ID {
		t.Errorf("got %s, want %s", got, smolLM2ID)
	}
}
