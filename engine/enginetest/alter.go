package enginetest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/assaynet/assay/engine/gguf"
)

// alterEvery is the distance between changed blocks: one weight in 2,048
// changes, far too few for a reader of the answers to notice.
const alterEvery = 64

// Alter copies the model file at from to to, with some weights changed by one
// level: the model of a cheat. All metadata and shapes stay, every number
// stays finite, and the model id differs. Seed chooses which weights; it is
// taken modulo 64.
func Alter(from, to string, seed uint64) (err error) {
	f, err := gguf.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &gguf.Writer{Version: f.Version()}
	for _, kv := range f.Metadata() {
		if kv.Key != "general.alignment" {
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	changed := 0
	for _, t := range f.Tensors() {
		if start, size := quants(t.Type); size > 0 {
			t.Data = bytes.Clone(t.Data)
			for at := int(seed%alterEvery) * size; at < len(t.Data); at += alterEvery * size {
				t.Data[at+start] ^= 1
				changed++
			}
		}
		w.AddTensor(t)
	}
	if changed == 0 {
		return fmt.Errorf("enginetest: %q has no weights that can be altered", from)
	}
	return w.WriteFile(to)
}

// quants returns where the weights of a block start and the size of the block,
// or 0, 0 for a type that Alter leaves alone.
func quants(t gguf.Type) (start, size int) {
	_, bytes := t.Block()
	switch t {
	case gguf.Q8_0, gguf.Q4_0:
		return 2, int(bytes)
	case gguf.Q4_1:
		return 4, int(bytes)
	case gguf.Q5_0:
		return 6, int(bytes)
	case gguf.Q5_1:
		return 8, int(bytes)
	case gguf.Q4_K:
		return 16, int(bytes)
	case gguf.Q5_K:
		return 48, int(bytes)
	case gguf.Q6_K:
		return 0, int(bytes)
	case gguf.BF16, gguf.F16:
		return 0, 32 * int(bytes) // the lowest bit of one weight in 32
	}
	return 0, 0
}
