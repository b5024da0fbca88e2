package shelf

import (
	"fmt"
	"os"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// About is what can be told of a model that is not open.
type About struct {
	Context, Width int
	Family         string // general.architecture
	Quantization   string // the type that most tensors' bytes have
	Template       string // for conversations, or empty
	Weights        uint64
	Size           int64 // of the file, in bytes
	Modified       time.Time
	Need           int64 // of memory, in bytes: see [Describe]
}

// Memory beside the weights, in bytes: what the tokenizer takes for each token,
// and the program itself with what steps work in: 58 to 78 MiB, for the system
// counts as much of the program's file as it has read ahead. Between what was
// measured after an answer of 32 tokens (VmRSS, x86-64 with AVX2): 161,384 to
// 182,212 KiB with SmolLM2-135M Q4_1, 337,264 to 358,536 KiB with gemma-3-270m
// Q4_K_M; mapped and interleaved weights take the same.
const (
	perToken = 120
	working  = 70 << 20
)

// Describe reads a GGUF file's head. Need is what a model takes once it has
// read all of its weights, without keys and values, which are bounded by
// engine.Config.KVBytes. Errors are those of packages gguf and weights.
func Describe(path string) (About, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return About{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	w, err := weights.Load(f)
	if err != nil {
		return About{}, fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return About{}, err
	}
	a := About{Context: w.Context, Width: w.Width, Size: f.Size(), Modified: info.ModTime(), Need: f.Size() + int64(w.Vocab)*perToken + working}
	a.Family, _ = f.String("general.architecture")
	for _, key := range []string{"tokenizer.chat_template", "tokenizer.chat_template.default"} {
		if a.Template == "" {
			a.Template, _ = f.String(key)
		}
	}
	bytes := map[string]uint64{}
	for _, t := range f.Tensors() {
		a.Weights += t.Elements()
		name := t.Type.String()
		bytes[name] += t.Elements()
		if bytes[name] > bytes[a.Quantization] || bytes[name] == bytes[a.Quantization] && name < a.Quantization {
			a.Quantization = name
		}
	}
	return a, nil
}

// Opened is a model that somebody else has opened, and closes: it stays.
func Opened(name string, m *engine.Model, opened time.Time) Spec {
	i := m.Info()
	a := About{Context: i.Context, Width: i.Width, Weights: i.Weights, Size: i.FileSize, Family: i.Arch, Template: m.Tokenizer().ChatTemplate(), Modified: opened}
	return Spec{Name: name, About: a, Model: m}
}
