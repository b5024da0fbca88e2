package gguf_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
)

// sample returns a writer with one value of each kind and two tensors.
func sample() *gguf.Writer {
	w := &gguf.Writer{}
	w.AddString("general.architecture", "llama")
	w.AddUint32("llama.block_count", 2)
	w.AddFloat32("llama.eps", 1e-5)
	w.AddBool("tokenizer.add", true)
	w.AddStrings("tokenizer.tokens", []string{"a", "", "\xff"})
	w.AddInt32s("tokenizer.types", []int32{1, -3, math.MaxInt32})
	w.AddFloat32s("tokenizer.scores", []float32{0.5, -1})
	w.AddTensor(gguf.Tensor{Name: "x", Dims: []uint64{3}, Type: gguf.F32, Data: bytes.Repeat([]byte{1}, 12)})
	w.AddTensor(gguf.Tensor{Name: "y", Dims: []uint64{64, 2}, Type: gguf.Q4_1, Data: bytes.Repeat([]byte{2}, 80)})
	return w
}

// written is the path of a file of the sample.
func written(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := sample().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// render returns the bytes of the file that w builds.
func render(t testing.TB, w *gguf.Writer) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		for _, align := range []uint32{0, 8, 4096} {
			w := sample()
			w.Version, w.Alignment = version, align
			f, err := gguf.Parse(render(t, w))
			if err != nil {
				t.Fatalf("version %d, alignment %d: %v", version, align, err)
			}
			checkSample(t, f)
			if got := f.Version(); got != version {
				t.Errorf("got version %d, want %d", got, version)
			}
		}
	}
}

func checkSample(t *testing.T, f *gguf.File) {
	t.Helper()
	if s, ok := f.String("general.architecture"); !ok || s != "llama" {
		t.Errorf("got architecture %q, %v", s, ok)
	}
	if n, ok := f.Uint("llama.block_count"); !ok || n != 2 {
		t.Errorf("got block count %d, %v", n, ok)
	}
	if x, ok := f.Float32("llama.eps"); !ok || x != 1e-5 {
		t.Errorf("got eps %g, %v", x, ok)
	}
	if b, ok := f.Bool("tokenizer.add"); !ok || !b {
		t.Errorf("got bool %v, %v", b, ok)
	}
	if s, ok := f.Strings("tokenizer.tokens"); !ok || !slices.Equal(s, []string{"a", "", "\xff"}) {
		t.Errorf("got strings %q, %v", s, ok)
	}
	if s, ok := f.Int32s("tokenizer.types"); !ok || !slices.Equal(s, []int32{1, -3, math.MaxInt32}) {
		t.Errorf("got int32s %v, %v", s, ok)
	}
	if s, ok := f.Float32s("tokenizer.scores"); !ok || !slices.Equal(s, []float32{0.5, -1}) {
		t.Errorf("got float32s %v, %v", s, ok)
	}
	x, _ := f.Tensor("x")
	y, ok := f.Tensor("y")
	if !ok || !reflect.DeepEqual(y.Dims, []uint64{64, 2}) || y.Type != gguf.Q4_1 || y.Rows() != 2 || y.Elements() != 128 {
		t.Errorf("got tensor %+v, %v", y, ok)
	}
	if !bytes.Equal(x.Data, bytes.Repeat([]byte{1}, 12)) || !bytes.Equal(y.Data, bytes.Repeat([]byte{2}, 80)) {
		t.Errorf("got data %v and %v", x.Data, y.Data)
	}
	if ts := f.Tensors(); len(ts) != 2 || ts[0].Name != "x" || ts[1].Name != "y" {
		t.Errorf("got tensors %+v", ts)
	}
}

func TestGettersRefuseAnotherType(t *testing.T) {
	f, err := gguf.Parse(render(t, sample()))
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range f.Metadata() {
		_, isString := f.String(kv.Key)
		_, isUint := f.Uint(kv.Key)
		_, isFloat := f.Float32(kv.Key)
		_, isBool := f.Bool(kv.Key)
		_, isStrings := f.Strings(kv.Key)
		_, isInts := f.Int32s(kv.Key)
		_, isFloats := f.Float32s(kv.Key)
		n := 0
		for _, is := range []bool{isString, isUint, isFloat, isBool, isStrings, isInts, isFloats} {
			if is {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s (%v): %d getters take it, want 1", kv.Key, kv.Type, n)
		}
	}
	if _, ok := f.String("absent"); ok {
		t.Error("an absent key was found")
	}
}

func TestUintRefusesNegativeNumbers(t *testing.T) {
	w := &gguf.Writer{}
	ones := bytes.Repeat([]byte{0xff}, 8)
	for kind, size := range map[gguf.ValueType]int{gguf.Int8: 1, gguf.Int16: 2, gguf.Int32: 4, gguf.Int64: 8} {
		w.AddRaw(kind.String(), kind, ones[:size])
	}
	w.AddRaw("uint64", gguf.Uint64, ones)
	w.AddRaw("uint8", gguf.Uint8, ones[:1])
	w.AddRaw("uint16", gguf.Uint16, ones[:2])
	f, err := gguf.Parse(render(t, w))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"int8", "int16", "int32", "int64"} {
		if n, ok := f.Uint(key); ok {
			t.Errorf("%s of -1 was taken as %d", key, n)
		}
	}
	for key, want := range map[string]uint64{"uint64": math.MaxUint64, "uint8": 255, "uint16": 65535} {
		if n, ok := f.Uint(key); !ok || n != want {
			t.Errorf("%s: got %d, %v, want %d", key, n, ok, want)
		}
	}
}

func TestOpenMapsAFile(t *testing.T) {
	f, err := gguf.Open(written(t))
	if err != nil {
		t.Fatal(err)
	}
	checkSample(t, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestOpenRefusesWhatIsNoModel(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	text := filepath.Join(dir, "text")
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(text, []byte("hello, world"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "absent"): os.ErrNotExist,
		dir:                          gguf.ErrNotGGUF,
		empty:                        gguf.ErrNotGGUF,
		text:                         gguf.ErrNotGGUF,
	} {
		if _, err := gguf.Open(path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

func TestTensorsAreWrittenAsTheFileIs(t *testing.T) {
	data := bytes.Repeat([]byte{1, 2, 3, 4}, 64)
	tensor := gguf.Tensor{Name: "w", Dims: []uint64{64}, Type: gguf.F32}
	var streamed, whole gguf.Writer
	streamed.AddTensorFunc(tensor, func(w io.Writer) error {
		for b := range slices.Chunk(data, 100) {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
	tensor.Data = data
	whole.AddTensor(tensor)
	if a, b := render(t, &streamed), render(t, &whole); !bytes.Equal(a, b) {
		t.Errorf("%d bytes differ from %d in memory", len(a), len(b))
	}
	if size, err := streamed.Size(); err != nil || size != int64(len(render(t, &whole))) {
		t.Errorf("the size is said to be %d (%v)", size, err)
	}
	for _, n := range []int{0, len(data) - 1, len(data) + 1} {
		var w gguf.Writer
		w.AddTensorFunc(tensor, func(out io.Writer) error {
			_, err := out.Write(make([]byte, n))
			return err
		})
		if _, err := w.WriteTo(io.Discard); !errors.Is(err, gguf.ErrTensor) {
			t.Errorf("%d bytes for a tensor of %d: got %v", n, len(data), err)
		}
	}
}
