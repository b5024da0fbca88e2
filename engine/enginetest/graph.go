package enginetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/assaynet/assay/engine/gguf"
)

// graph is what the files of an architecture have.
type graph struct {
	base      float32 // of RoPE
	head      bool    // heads may have another size than width/heads
	headNorm  bool    // norms of queries and keys
	postNorms bool    // norms after attention and FFN
	fused     bool    // q, k, v in one matrix; gate and up in one
	qkvBias   bool
}

var graphs = map[string]graph{
	"llama":  {base: 10000},
	"qwen2":  {base: 1000000, qkvBias: true},
	"qwen3":  {base: 1000000, head: true, headNorm: true},
	"gemma3": {base: 1000000, head: true, headNorm: true, postNorms: true},
	"phi3":   {base: 10000, fused: true},
}

func addTensors(w *gguf.Writer, o Options) {
	s := source{rng: rand.New(rand.NewPCG(o.Seed, 0)), o: o}
	s.embedding(w)
	for i := range o.Layers {
		s.layer(w, graphs[o.Arch], i)
	}
	s.norm(w, "output_norm.weight", o.Width, false)
	if o.Untied {
		s.matrix(w, "output.weight", o.Width, uint32(len(vocabulary())))
	}
	s.factors(w)
}

// layer adds the tensors of one layer.
func (s source) layer(w *gguf.Writer, g graph, i uint32) {
	o := s.o
	q, kv := o.Heads*o.Head, o.KVHeads*o.Head
	name := func(part string) string { return fmt.Sprintf("blk.%d.%s", i, part) }
	linear := func(part string, width, rows uint32, bias bool) {
		s.matrix(w, name(part+".weight"), width, rows)
		if bias {
			s.bias(w, name(part+".bias"), rows)
		}
	}
	s.norm(w, name("attn_norm.weight"), o.Width, i == 0 && o.FailToken != 0)
	if g.fused {
		linear("attn_qkv", o.Width, q+2*kv, false)
	} else {
		linear("attn_q", o.Width, q, o.Biases || g.qkvBias)
		linear("attn_k", o.Width, kv, o.Biases || g.qkvBias)
		linear("attn_v", o.Width, kv, o.Biases || g.qkvBias)
	}
	if g.headNorm {
		s.norm(w, name("attn_q_norm.weight"), o.Head, false)
		s.norm(w, name("attn_k_norm.weight"), o.Head, false)
	}
	linear("attn_output", q, o.Width, o.Biases)
	if g.postNorms {
		s.norm(w, name("post_attention_norm.weight"), o.Width, false)
	}
	s.norm(w, name("ffn_norm.weight"), o.Width, false)
	if g.fused {
		linear("ffn_up", o.Width, 2*o.FFN, false)
	} else {
		linear("ffn_gate", o.Width, o.FFN, o.Biases)
		linear("ffn_up", o.Width, o.FFN, o.Biases)
	}
	linear("ffn_down", o.FFN, o.Width, o.Biases)
	if g.postNorms {
		s.norm(w, name("post_ffw_norm.weight"), o.Width, false)
	}
}

// factors adds the divisors of RoPE's frequencies, growing as in real files.
func (s source) factors(w *gguf.Writer) {
	if !s.o.Factors {
		return
	}
	grow := func(most float32) []float32 {
		x := make([]float32, s.o.Rot/2)
		for i := range x {
			x[i] = 1 + most*float32(i)/float32(len(x))
		}
		return x
	}
	if s.o.Arch == "phi3" {
		addVector(w, "rope_factors_long.weight", grow(40))
		addVector(w, "rope_factors_short.weight", grow(2))
		return
	}
	addVector(w, "rope_freqs.weight", grow(7))
}
