// Scripted writes a model that says what it is told to, however long the prompt:
// with it agents that are programs of others go through a task with a tool,
// without a model that can think.
//
//	go run ./scripts/clients/scripted -vocabulary FILE.gguf -call '{"name": …}' -end 'Done.' OUT.gguf
//	go run ./scripts/clients/scripted -vocabulary FILE.gguf -random 256 [-template FILE.jinja] OUT.gguf
//
// The second is of random weights instead, takes so many tokens, and has the
// template of the file that its tokens are from, or another.
//
// It is a real model, computed like any other. Its template ends a prompt with
// one of two marks: the last message is what a tool gave, or there are no tools; or
// not. Each token after a mark is the only one that follows the one before it: for
// the embedding of a token is a unit vector, attention and feed-forward are zero,
// and the output has the next token's row in the same place.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/assaynet/assay/engine/gguf"
)

// The shape, and how many letters a token of the script has at most.
const (
	width   = 128
	ffn     = 32
	context = 65536
	letters = 12
)

// template writes a conversation, and which of the scripts comes next. It names
// the tools as Hermes does.
const template = `{%- if tools %}{{ '<|im_start|>system\n<tools>' }}{%- for t in tools %}{{ t | tojson }}{%- endfor %}{{ '</tools> <tool_call><|im_end|>\n' }}{%- endif %}` +
	`{%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content or '') + '<|im_end|>\n' }}{%- endfor %}` +
	`{%- if tools and messages[-1].role != 'tool' %}{{ '<|call|>' }}{%- else %}{{ '<|end|>' }}{%- endif %}`

func main() {
	vocabulary := flag.String("vocabulary", "", "GGUF file whose tokens prompts are read by")
	call := flag.String("call", "", "what is said between marks of a call where a tool can be called")
	end := flag.String("end", "Done.", "what is said elsewhere")
	positions := flag.Uint("random", 0, "write a model of random weights that takes so many tokens")
	other := flag.String("template", "", "file of its template; without one that of the vocabulary")
	flag.Parse()
	var err error
	if *positions > 0 {
		err = runRandom(*vocabulary, *other, flag.Arg(0), uint32(*positions))
	} else {
		err = run(*vocabulary, *call, *end, flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripted:", err)
		os.Exit(1)
	}
}

func run(vocabulary, call, end, out string) (err error) {
	if vocabulary == "" || call == "" || out == "" {
		return errors.New("it needs -vocabulary, -call and the file to write")
	}
	f, err := gguf.Open(vocabulary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &gguf.Writer{}
	tokens, kinds, stop, err := tokenizerOf(f, w, template)
	if err != nil {
		return err
	}
	s := script{tokens: tokens, kinds: kinds, next: map[int]int{}}
	s.add("<|call|>", "<tool_call>\n"+call+"\n</tool_call>", stop)
	s.add("<|end|>", end, stop)
	if len(s.next) >= width {
		return fmt.Errorf("the script has %d tokens, and at most %d have a place", len(s.next), width-1)
	}
	w.AddStrings("tokenizer.ggml.tokens", s.tokens)
	w.AddInt32s("tokenizer.ggml.token_type", s.kinds)
	s.write(w, len(tokens), stop)
	return w.WriteFile(out)
}

// runRandom writes a model of random weights.
func runRandom(vocabulary, other, out string, positions uint32) (err error) {
	if vocabulary == "" || out == "" {
		return errors.New("it needs -vocabulary and the file to write")
	}
	f, err := gguf.Open(vocabulary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, _ := f.String("tokenizer.chat_template")
	if other != "" {
		b, err := os.ReadFile(other)
		if err != nil {
			return err
		}
		text = string(b)
	}
	w := &gguf.Writer{}
	tokens, kinds, _, err := tokenizerOf(f, w, text)
	if err != nil {
		return err
	}
	w.AddStrings("tokenizer.ggml.tokens", tokens)
	w.AddInt32s("tokenizer.ggml.token_type", kinds)
	random(w, kinds, positions)
	return w.WriteFile(out)
}

// tokenizerOf copies a file's tokenizer, but for its template and its tokens,
// which it returns with the one that ends an answer.
func tokenizerOf(f *gguf.File, w *gguf.Writer, template string) (tokens []string, kinds []int32, stop int, err error) {
	model, ok := f.String("tokenizer.ggml.model")
	pre, ok2 := f.String("tokenizer.ggml.pre")
	merges, ok3 := f.Strings("tokenizer.ggml.merges")
	eos, ok4 := f.Uint("tokenizer.ggml.eos_token_id")
	tokens, ok5 := f.Strings("tokenizer.ggml.tokens")
	kinds, ok6 := f.Int32s("tokenizer.ggml.token_type")
	if !ok || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || model != "gpt2" {
		return nil, nil, 0, errors.New("the file has no tokenizer of bytes with all its parts")
	}
	w.AddString("tokenizer.ggml.model", model)
	w.AddString("tokenizer.ggml.pre", pre)
	w.AddStrings("tokenizer.ggml.merges", merges)
	w.AddUint32("tokenizer.ggml.eos_token_id", uint32(eos))
	w.AddBool("tokenizer.ggml.add_bos_token", false)
	w.AddString("tokenizer.chat_template", template)
	return tokens, kinds, int(eos), nil
}

// The kinds of token.
const (
	normal  = 1
	control = 3
)

// script is a vocabulary with what is to be said added to it.
type script struct {
	tokens []string
	kinds  []int32
	next   map[int]int // from token to token
}

// add adds a mark and a text behind it, a few letters a token, then the stop.
func (s *script) add(mark, text string, stop int) {
	at := s.token(mark, control)
	for text != "" {
		n := letters
		if len(text) < 2*letters { // no short piece is left, which may be a token already
			n = len(text)
		}
		for n < len(text) && slices.Contains(s.tokens, spelled(text[:n])) {
			n++
		}
		id := s.token(spelled(text[:n]), normal)
		s.next[at], at, text = id, id, text[n:]
	}
	s.next[at] = stop
}

func (s *script) token(text string, kind int32) int {
	s.tokens, s.kinds = append(s.tokens, text), append(s.kinds, kind)
	return len(s.tokens) - 1
}

// spelled is a text of ASCII in GPT-2's alphabet.
func spelled(text string) string {
	var out []rune
	for _, b := range []byte(text) {
		r := rune(b)
		if b <= ' ' {
			r += 0x100
		}
		out = append(out, r)
	}
	return string(out)
}

// hyper adds the shape of a model of so many tokens.
func hyper(w *gguf.Writer, tokens int, positions uint32) {
	w.AddString("general.architecture", "llama")
	for _, x := range []struct {
		key string
		n   uint32
	}{
		{"block_count", 1},
		{"context_length", positions},
		{"embedding_length", width},
		{"feed_forward_length", ffn},
		{"attention.head_count", 1},
		{"attention.head_count_kv", 1},
		{"rope.dimension_count", width},
		{"vocab_size", uint32(tokens)},
	} {
		w.AddUint32("llama."+x.key, x.n)
	}
	w.AddFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5)
	w.AddFloat32("llama.rope.freq_base", 10000)
}

func addMatrix(w *gguf.Writer, name string, columns, rows int, x []float32) {
	if x == nil {
		x = make([]float32, columns*rows)
	}
	w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(columns), uint64(rows)}, Type: gguf.F32, Data: bytesOf(x)})
}

func addNorm(w *gguf.Writer, name string) {
	x := make([]float32, width)
	for i := range x {
		x[i] = 1
	}
	w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{width}, Type: gguf.F32, Data: bytesOf(x)})
}

// write adds shape and weights. Element 0 is that of all tokens without a next.
func (s *script) write(w *gguf.Writer, first, stop int) {
	w.AddString("general.name", "scripted")
	hyper(w, len(s.tokens), context)
	in, out := make([]float32, len(s.tokens)*width), make([]float32, len(s.tokens)*width)
	for id := range s.tokens {
		in[id*width] = 1
	}
	out[stop*width] = 1
	place := 1
	for id := first; id < len(s.tokens); id++ {
		if next, ok := s.next[id]; ok {
			in[id*width], in[id*width+place], out[next*width+place] = 0, 1, 1
			place++
		}
	}
	addMatrix(w, "token_embd.weight", width, len(s.tokens), in)
	addNorm(w, "blk.0.attn_norm.weight")
	for _, part := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
		addMatrix(w, "blk.0."+part+".weight", width, width, nil)
	}
	addNorm(w, "blk.0.ffn_norm.weight")
	addMatrix(w, "blk.0.ffn_gate.weight", width, ffn, nil)
	addMatrix(w, "blk.0.ffn_up.weight", width, ffn, nil)
	addMatrix(w, "blk.0.ffn_down.weight", ffn, width, nil)
	addNorm(w, "output_norm.weight")
	addMatrix(w, "output.weight", width, len(s.tokens), out)
}

func bytesOf(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, f := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
