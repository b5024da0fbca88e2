package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// The models here are honest tiny ones of each architecture, of which a hostile
// hand has changed some bytes.

var architectures = []string{"llama", "qwen2", "qwen3", "gemma3", "phi3"}

// victims keeps what victim made.
var victims sync.Map

// victim returns the bytes of a tiny model, a copy that the caller may change.
func victim(t *testing.T, arch string) []byte {
	t.Helper()
	if data, ok := victims.Load(arch); ok {
		return bytes.Clone(data.([]byte))
	}
	w, err := enginetest.Build(enginetest.Options{Arch: arch, Factors: true})
	if err != nil {
		t.Fatal(err)
	}
	data := written(t, w)
	victims.Store(arch, data)
	return bytes.Clone(data)
}

func written(t *testing.T, w *gguf.Writer) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read parses data; the tensors of the result lie in data.
func read(t *testing.T, data []byte) *gguf.File {
	t.Helper()
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// after returns what follows a name and its length in a file.
func after(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	_, rest, ok := bytes.Cut(data, append(binary.LittleEndian.AppendUint64(nil, uint64(len(name))), name...))
	if !ok {
		t.Fatalf("the file has no %s", name)
	}
	return rest
}

// place is where the description of a tensor says how long its rows are, how
// many there are, of which type, and where they lie.
type place struct{ dims, kind, offset []byte }

func tensorPlace(t *testing.T, data []byte, name string) place {
	t.Helper()
	p := after(t, data, name)
	n := 8 * binary.LittleEndian.Uint32(p)
	return place{dims: p[4 : 4+n], kind: p[4+n : 8+n], offset: p[8+n : 16+n]}
}

// refusals are the kinds of errors for files that are no good.
var refusals = []error{
	engine.ErrWeights, engine.ErrUnsupported, tokenizer.ErrData, tokenizer.ErrUnsupported,
	gguf.ErrLimit, gguf.ErrMetadata, gguf.ErrTensor, gguf.ErrTruncated, gguf.ErrType,
}

// openHostile opens a file of data: an error that says what is wrong, or a
// model that runs or fails like any. Opening never takes much more memory than
// the file and an honest model's tables do.
func openHostile(t *testing.T, what string, data []byte) (refused bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hostile.gguf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	const enough = 4 << 20 // an honest tiny model takes a quarter
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := engine.Open(context.Background(), path, engine.Config{Threads: 1})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > enough+8*uint64(len(data)) {
		t.Errorf("%s: opening it took %d bytes", what, took)
	}
	if err != nil {
		if !slices.ContainsFunc(refusals, func(kind error) bool { return errors.Is(err, kind) }) {
			t.Errorf("%s: got %v", what, err)
		}
		return true
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	r := request(tinyPrompt(5, 1), 2)
	if _, err := m.Generate(context.Background(), r, nil); err != nil && !errors.Is(err, engine.ErrNotFinite) && !errors.Is(err, engine.ErrContext) &&
		!errors.Is(err, engine.ErrToken) {
		t.Errorf("%s: it opens, and gives %v", what, err)
	}
	return false
}

func mustRefuse(t *testing.T, what string, data []byte) {
	t.Helper()
	if !openHostile(t, what, data) {
		t.Errorf("%s: it opens", what)
	}
}

func TestHonestVictimsOpen(t *testing.T) {
	for _, arch := range architectures {
		if openHostile(t, arch, victim(t, arch)) {
			t.Errorf("%s is refused as it is", arch)
		}
	}
}

func TestOverlappingTensorsAreRefused(t *testing.T) {
	for _, arch := range architectures {
		tensors := read(t, victim(t, arch)).Tensors()
		for i := range tensors[1:] {
			data := victim(t, arch)
			first, second := tensors[i].Name, tensors[i+1].Name
			copy(tensorPlace(t, data, second).offset, tensorPlace(t, data, first).offset)
			mustRefuse(t, arch+": "+second+" at the place of "+first, data)
		}
	}
}

func TestTensorsOutsideTheFileAreRefused(t *testing.T) {
	for _, arch := range architectures {
		for _, x := range read(t, victim(t, arch)).Tensors() {
			for _, at := range []uint64{1 << 40, math.MaxUint64 - 31, 7} {
				data := victim(t, arch)
				binary.LittleEndian.PutUint64(tensorPlace(t, data, x.Name).offset, at)
				mustRefuse(t, fmt.Sprintf("%s: %s at %#x", arch, x.Name, at), data)
			}
		}
	}
}

func TestScalesAndNumbersThatAreNotFiniteAreRefused(t *testing.T) {
	for _, arch := range architectures {
		for _, x := range read(t, victim(t, arch)).Tensors() {
			data := victim(t, arch)
			hurt, _ := read(t, data).Tensor(x.Name)
			elements, size := hurt.Type.Block()
			last := hurt.Data[len(hurt.Data)-int(size):]
			if elements > 1 {
				binary.LittleEndian.PutUint16(last, 0x7e00) // its scale, a NaN of 16 bits
			} else {
				binary.LittleEndian.PutUint32(last, math.Float32bits(float32(math.Inf(-1))))
			}
			mustRefuse(t, arch+": "+x.Name+" that is not finite", data)
		}
	}
}

func TestEveryTensorNeedsItsShape(t *testing.T) {
	for _, arch := range architectures {
		for _, x := range read(t, victim(t, arch)).Tensors() {
			for what, change := range map[string]func(p place){
				"of no rows":             func(p place) { binary.LittleEndian.PutUint64(p.dims[len(p.dims)-8:], 0) },
				"of one row less":        func(p place) { p.dims[len(p.dims)-8]-- },
				"of one row more":        func(p place) { p.dims[len(p.dims)-8]++ },
				"of 2^40 rows":           func(p place) { binary.LittleEndian.PutUint64(p.dims[len(p.dims)-8:], 1<<40) },
				"of rows of 2^40":        func(p place) { binary.LittleEndian.PutUint64(p.dims, 1<<40) },
				"of 2^64 elements":       func(p place) { copy(p.dims, bytes.Repeat([]byte{0xff}, len(p.dims))) },
				"of a type that is none": func(p place) { p.kind[0] = 99 },
				"of a type of programs":  func(p place) { p.kind[0] = byte(gguf.Q8_1) },
			} {
				data := victim(t, arch)
				change(tensorPlace(t, data, x.Name))
				mustRefuse(t, arch+": "+x.Name+" "+what, data)
			}
			if len(x.Dims) == 2 && x.Dims[0] != x.Dims[1] {
				data := victim(t, arch)
				dims := tensorPlace(t, data, x.Name).dims
				copy(dims, slices.Concat(dims[8:16], dims[:8]))
				mustRefuse(t, arch+": "+x.Name+" on its side", data)
			}
		}
	}
}

// rewritten is a model with some of its metadata and tensors changed, renamed
// or left out.
func rewritten(t *testing.T, data []byte, pair func(*gguf.KV) bool, tensor func(*gguf.Tensor) bool) []byte {
	t.Helper()
	f, w := read(t, data), &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if kv.Raw = bytes.Clone(kv.Raw); pair == nil || pair(&kv) {
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	for _, x := range f.Tensors() {
		if tensor == nil || tensor(&x) {
			w.AddTensor(x)
		}
	}
	return written(t, w)
}

// optional are the tensors that a model may lack: biases, and factors of RoPE's
// frequencies, but for phi3's, which come in pairs.
func optional(name string) bool {
	return name == "rope_freqs.weight" || strings.HasSuffix(name, ".bias")
}

func TestEveryTensorIsNeededAndNoneTwice(t *testing.T) {
	for _, arch := range architectures {
		whole := victim(t, arch)
		for _, x := range read(t, whole).Tensors() {
			if !optional(x.Name) {
				mustRefuse(t, arch+" without "+x.Name, rewritten(t, whole, nil, func(y *gguf.Tensor) bool { return y.Name != x.Name }))
			}
			mustRefuse(t, arch+" with a strange "+x.Name, rewritten(t, whole, nil, func(y *gguf.Tensor) bool {
				if y.Name == x.Name {
					y.Name += "s"
				}
				return true
			}))
		}
		twice := victim(t, arch)
		at := bytes.Index(twice, []byte("blk.1.ffn_norm.weight"))
		twice[at+len("blk.")] = '0'
		mustRefuse(t, arch+" with a tensor twice", twice)
	}
}

// TestShapesOfAnotherArchitectureAreRefused calls a model of one architecture
// one of another.
func TestShapesOfAnotherArchitectureAreRefused(t *testing.T) {
	for _, is := range architectures {
		for _, says := range architectures {
			if is == says {
				continue
			}
			data := rewritten(t, victim(t, is), func(kv *gguf.KV) bool {
				if kv.Key == "general.architecture" {
					kv.Raw = append(binary.LittleEndian.AppendUint64(nil, uint64(len(says))), says...)
				}
				kv.Key = strings.Replace(kv.Key, is+".", says+".", 1)
				return true
			}, nil)
			// Layers of llama and qwen2 may have the same biases or none, so
			// that each may be called the other.
			same := is == "qwen2" && says == "llama" || is == "llama" && says == "qwen2"
			if refused := openHostile(t, is+" as "+says, data); !refused && !same {
				t.Errorf("%s opens as %s", is, says)
			}
		}
	}
}

func TestNumbersBeyondReasonAreRefusedOrHarmless(t *testing.T) {
	for _, arch := range architectures {
		for _, kv := range read(t, victim(t, arch)).Metadata() {
			if !strings.HasPrefix(kv.Key, arch+".") && !strings.HasPrefix(kv.Key, "tokenizer.") {
				continue
			}
			for _, bad := range []uint32{0, 3, 1 << 20, math.MaxUint32, math.Float32bits(float32(math.NaN())), math.Float32bits(-1)} {
				data := victim(t, arch)
				value := after(t, data, kv.Key)[4:]
				if kv.Type != gguf.Uint32 && kv.Type != gguf.Float32 {
					continue
				}
				binary.LittleEndian.PutUint32(value, bad)
				openHostile(t, fmt.Sprintf("%s with %s of %#x", arch, kv.Key, bad), data)
			}
			mustRefuseOrRun := func(change func(*gguf.KV) bool, what string) {
				openHostile(t, fmt.Sprintf("%s with %s %s", arch, kv.Key, what), rewritten(t, victim(t, arch), func(x *gguf.KV) bool {
					return x.Key != kv.Key || change(x)
				}, nil))
			}
			mustRefuseOrRun(func(*gguf.KV) bool { return false }, "missing")
			mustRefuseOrRun(func(x *gguf.KV) bool { x.Type, x.Raw = gguf.Bool, []byte{1}; return true }, "true")
			mustRefuseOrRun(func(x *gguf.KV) bool {
				x.Type, x.Raw = gguf.Uint64, binary.LittleEndian.AppendUint64(nil, 1<<40)
				return true
			}, "2^40")
		}
	}
}

func TestAVocabularyOf2To40IsRefused(t *testing.T) {
	const huge = 1 << 40
	for _, arch := range architectures {
		for _, list := range []string{"tokens", "token_type", "merges"} {
			data := victim(t, arch)
			binary.LittleEndian.PutUint64(after(t, data, "tokenizer.ggml."+list)[8:], huge)
			mustRefuse(t, arch+": 2^40 "+list, data)
		}
		data := victim(t, arch)
		binary.LittleEndian.PutUint64(tensorPlace(t, data, "token_embd.weight").dims[8:], huge)
		mustRefuse(t, arch+": embeddings of 2^40", data)
		// All agree, and only the bytes are missing.
		binary.LittleEndian.PutUint64(after(t, data, "tokenizer.ggml.tokens")[8:], huge)
		binary.LittleEndian.PutUint64(after(t, data, "tokenizer.ggml.token_type")[8:], huge)
		mustRefuse(t, arch+": 2^40 of all", data)
		// A token that says it has 2^40 bytes.
		data = victim(t, arch)
		binary.LittleEndian.PutUint64(after(t, data, "tokenizer.ggml.tokens")[16:], huge)
		mustRefuse(t, arch+": a token of 2^40 bytes", data)
	}
}

// TestMergesThatFormACycleEnd gives merges that lead from each other's results
// to each other's parts. A join makes one symbol of two, so that even these
// end, in time; what is no list of joins is refused.
func TestMergesThatFormACycleEnd(t *testing.T) {
	with := func(arch string, tokens, merges []string) []byte {
		return rewritten(t, victim(t, arch), func(kv *gguf.KV) bool {
			w := &gguf.Writer{}
			switch kv.Key {
			case "tokenizer.ggml.merges":
				w.AddStrings(kv.Key, merges)
			case "tokenizer.ggml.tokens":
				list, _ := read(t, victim(t, arch)).Strings(kv.Key)
				copy(list[len(list)-len(tokens):], tokens)
				w.AddStrings(kv.Key, list)
			default:
				return true
			}
			kv.Raw = read(t, written(t, w)).Metadata()[0].Raw
			return true
		}, nil)
	}
	tokens := []string{"ab", "ba", "aba", "bab", "abab", "baba", "abaab", "babba"}
	cycle := []string{"a b", "b a", "ab a", "b ab", "ba b", "a ba", "ab" + " ab", "ba" + " ba", "aba ab", "bab ba"}
	for _, arch := range architectures {
		for what, bad := range map[string][]string{
			"a merge with itself again": append(slices.Clone(cycle), "a b"),
			"a merge of nothing":        append(slices.Clone(cycle), " ab"),
			"a merge into nothing":      append(slices.Clone(cycle), "ab "),
			"a merge to what is none":   append(slices.Clone(cycle), "abaab babba"),
			"a merge of itself":         append(slices.Clone(cycle), "ab"),
		} {
			mustRefuse(t, arch+": "+what, with(arch, tokens, bad))
		}
		path := filepath.Join(t.TempDir(), "cycle.gguf")
		if err := os.WriteFile(path, with(arch, tokens, cycle), 0o600); err != nil {
			t.Fatal(err)
		}
		m := open(t, path, engine.Config{Threads: 1})
		text := strings.Repeat("abba"+strings.Repeat("ab", 999), 100)
		ids, err := m.Tokenizer().Encode(text, tokenizer.Options{})
		if err != nil || string(m.Tokenizer().Decode(ids)) != text || len(ids) > len(text)/2 {
			t.Errorf("%s: %d tokens of %d bytes, %v", arch, len(ids), len(text), err)
		}
	}
}
