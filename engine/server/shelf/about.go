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
	Position       int64 // bytes that each token in use takes beside Need: its keys and values
}

// Memory beside the weights, in bytes: what the tokenizer takes for each token,
// and what steps work in, 18 MiB for a short prompt and 35 for a long one, with the
// pages of the program that requests are the first to use. Measured with
// SmolLM2-135M Q4_1 and gemma-3-270m Q4_K_M on x86-64 with AVX2: VmHWM after
// answers to prompts of 4 to 6,000 tokens and to 16 of 300; with [Program] and
// Position it is told within 5 %. Mapped and interleaved weights take the same.
const (
	bytesPerNumber = 2 // of keys and values, which are binary16

	perToken = 120
	working  = 30 << 20
)

// usualProgram is [Program] where the system does not say.
const usualProgram = 40 << 20

// Program is how many bytes of the program's own file, and of others that it has
// mapped, are in memory: the system counts them as the program's, whichever models
// are open. It is to be asked before one is.
func Program() int64 {
	b, err := os.ReadFile("/proc/self/statm") // proc(5): size, resident, shared, …, in pages
	var size, resident, shared int64
	if _, err2 := fmt.Sscan(string(b), &size, &resident, &shared); err != nil || err2 != nil {
		return usualProgram
	}
	return shared * int64(os.Getpagesize())
}

// Describe reads a GGUF file's head. Need is what a model takes once it has read
// all of its weights, without the program and without keys and values, which are
// bounded by engine.Config.KVBytes: they take Position for each token of the
// sequences that run at once, and of those that are kept for their beginnings.
// Errors are those of packages gguf and weights.
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
	a.Position = bytesPerNumber * 2 * int64(w.Layers*w.KVHeads*w.Head)
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
