package gguf_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

func id(t *testing.T, w *gguf.Writer) [32]byte {
	t.Helper()
	f, err := gguf.Parse(render(t, w))
	if err != nil {
		t.Fatal(err)
	}
	return gguf.ModelID(f)
}

func TestModelIDIgnoresNamesOrderAndAlignment(t *testing.T) {
	want := id(t, sample())
	w := &gguf.Writer{Alignment: 256, Version: 2}
	w.AddString("general.name", "another name")
	w.AddFloat32s("tokenizer.scores", []float32{0.5, -1})
	w.AddInt32s("tokenizer.types", []int32{1, -3, 1<<31 - 1})
	w.AddString("general.license", "none")
	w.AddStrings("tokenizer.tokens", []string{"a", "", "\xff"})
	w.AddBool("tokenizer.add", true)
	w.AddFloat32("llama.eps", 1e-5)
	w.AddUint32("llama.block_count", 2)
	w.AddString("general.architecture", "llama")
	w.AddUint32("gemma.block_count", 9)
	w.AddTensor(gguf.Tensor{Name: "y", Dims: []uint64{64, 2}, Type: gguf.Q4_1, Data: bytes.Repeat([]byte{2}, 80)})
	w.AddTensor(gguf.Tensor{Name: "x", Dims: []uint64{3}, Type: gguf.F32, Data: bytes.Repeat([]byte{1}, 12)})
	if got := id(t, w); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestModelIDChangesWithWhatDecidesTheOutput(t *testing.T) {
	seen := map[[32]byte]string{id(t, sample()): "the sample"}
	for name, change := range map[string]func(w *gguf.Writer){
		"a weight":         func(w *gguf.Writer) { retensor(w, func(x *gguf.Tensor) { x.Data[79] ^= 1 }) },
		"a shape":          func(w *gguf.Writer) { retensor(w, func(x *gguf.Tensor) { x.Dims = []uint64{128, 1} }) },
		"a dimension of 1": func(w *gguf.Writer) { retensor(w, func(x *gguf.Tensor) { x.Dims = []uint64{64, 2, 1} }) },
		"a name":           func(w *gguf.Writer) { retensor(w, func(x *gguf.Tensor) { x.Name = "z" }) },
		"another tensor": func(w *gguf.Writer) {
			w.AddTensor(gguf.Tensor{Name: "z", Dims: []uint64{1}, Type: gguf.I8, Data: []byte{0}})
		},
		"a key of the family":  func(w *gguf.Writer) { w.AddUint32("llama.more", 1) },
		"a key of tokenizer":   func(w *gguf.Writer) { w.AddUint32("tokenizer.more", 1) },
		"its value":            func(w *gguf.Writer) { w.AddUint32("tokenizer.more", 2) },
		"its type":             func(w *gguf.Writer) { w.AddRaw("tokenizer.more", gguf.Int32, []byte{1, 0, 0, 0}) },
		"its type to an array": func(w *gguf.Writer) { w.AddInt32s("tokenizer.more", nil) },
	} {
		w := sample()
		change(w)
		got := id(t, w)
		if old, dup := seen[got]; dup {
			t.Errorf("%s and %s have the same model id", name, old)
		}
		seen[got] = name
	}
}

// retensor adds a changed copy of the sample's tensor y under a new place: the
// sample is built again without it.
func retensor(w *gguf.Writer, change func(*gguf.Tensor)) {
	x := gguf.Tensor{Name: "y", Dims: []uint64{64, 2}, Type: gguf.Q4_1, Data: bytes.Repeat([]byte{2}, 80)}
	change(&x)
	w.ReplaceTensor("y", x)
}

func TestCachedModelIDIsKeptAndForgotten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.gguf")
	write := func(w *gguf.Writer, age time.Duration) {
		t.Helper()
		if err := w.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		enginetest.Aged(t, path, age)
	}
	cached := func() [32]byte {
		t.Helper()
		return gguf.CachedModelID(enginetest.Open(t, path))
	}
	write(sample(), time.Hour)
	want := cached()
	if want != id(t, sample()) {
		t.Fatal("the cached id is not the id")
	}
	kept, err := os.ReadFile(path + gguf.IDCacheSuffix)
	if err != nil {
		t.Fatal(err)
	}
	// A kept id is believed: with another one in the file, that is returned.
	other := bytes.Replace(kept, kept[bytes.LastIndex(kept, []byte(`:"`))+2:][:4], []byte("0000"), 1)
	if err := os.WriteFile(path+gguf.IDCacheSuffix, other, 0o600); err != nil {
		t.Fatal(err)
	}
	if cached() == want {
		t.Error("the kept id was not used")
	}
	changed := sample()
	changed.AddUint32("tokenizer.more", 1)
	write(changed, 2*time.Hour)
	if got := cached(); got != id(t, changed) {
		t.Error("a kept id survived a change of the file")
	}
	if err := os.WriteFile(path+gguf.IDCacheSuffix, []byte("{nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := cached(); got != id(t, changed) {
		t.Error("nonsense in the cache was believed")
	}
}

func TestCachedModelIDIsNotKeptForAFreshFile(t *testing.T) {
	path := written(t)
	f := enginetest.Open(t, path)
	if gguf.CachedModelID(f) != gguf.ModelID(f) {
		t.Error("the cached id is not the id")
	}
	names, err := filepath.Glob(path + ".*")
	if err != nil || slices.ContainsFunc(names, func(s string) bool { return strings.HasSuffix(s, gguf.IDCacheSuffix) }) {
		t.Errorf("a file changed a moment ago has a kept id: %v, %v", names, err)
	}
}
