package weights

import (
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/rope"
)

// family is how the models of one general.architecture differ in their graph
// (SPEC.md §5). A new one is a new entry of families.
type family struct {
	halves    bool    // RoPE pairs are (i, i + rot/2), else (2i, 2i + 1)
	bias      biased  // which linear layers may have one
	headNorm  bool    // queries and keys are normed, head by head, before RoPE
	postNorms bool    // attention's and FFN's outputs are normed before they are added
	gelu      bool    // the activation is GELU, else SiLU
	embed     bool    // embeddings are multiplied by √width
	caps      bool    // the file may ask for soft caps of scores and logits
	fused     bool    // q, k and v are the rows of one matrix, gate and up of another
	short     bool    // RoPE's factors are those for positions below the original context, which then is the context
	period    int     // all layers but each period-th see a window only, where the file has one; 0: a window ends the context
	localBase float32 // RoPE's base in layers with a window
}

// biased says which linear layers may have a bias. One that is not expected is
// refused like any tensor without a meaning.
type biased int

const (
	nowhere biased = iota
	ofQKV
	anywhere
)

// families are the architectures that Load knows.
var families = map[string]family{
	"llama":  {bias: anywhere},
	"qwen2":  {halves: true, bias: ofQKV},
	"qwen3":  {halves: true, headNorm: true},
	"gemma3": {halves: true, headNorm: true, postNorms: true, gelu: true, embed: true, caps: true, period: 6, localBase: 10000},
	"phi3":   {halves: true, fused: true, short: true},
}

// model reads a model of a family.
func (l *loader) model(f family) (*Model, error) {
	m := &Model{Dims: l.dims(), GELU: f.gelu}
	if l.err != nil {
		return nil, l.err
	}
	m.QueryScale = 1 / root(float32(m.Head))
	if f.embed {
		m.EmbedScale = root(float32(m.Width))
	}
	if f.embed && m.Layers == hugeGemma {
		m.QueryScale = 1 / root(float32(m.Width/m.Heads))
	}
	if f.caps {
		m.ScoreCap, m.LogitCap = l.positiveOr("attn_logit_softcapping", 0), l.positiveOr("final_logit_softcapping", 0)
	}
	window := 0
	if f.period == 0 {
		l.boundByWindow(&m.Dims)
	} else if _, there := l.f.Lookup(l.key("attention.sliding_window")); !there {
		f.period = 0
	}
	if f.period != 0 {
		window = l.number("attention.sliding_window", 0, maxContext)
		f.period = l.number("attention.sliding_window_pattern", f.period, maxLayers)
	}
	all, local := l.ropes(&m.Dims, f)
	m.Rope = all
	if l.err == nil {
		l.checkKeys(&m.Dims, all.Config().Rot)
	}
	l.ends(m)
	for i := 0; i < m.Layers && l.err == nil; i++ {
		ly := l.layer(&m.Dims, f, fmt.Sprintf("blk.%d.", i))
		ly.Rope = all
		if f.period != 0 && i%f.period != f.period-1 {
			ly.Rope, ly.Window = local, window
		}
		m.Stack = append(m.Stack, ly)
	}
	if l.err != nil {
		return nil, l.err
	}
	return m, nil
}

// root is the correctly rounded binary32 square root.
func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// hugeGemma is the number of layers of Gemma 3 27B, the one model whose queries
// are scaled for another size than that of its heads.
const hugeGemma = 62

// dims reads and checks the sizes.
func (l *loader) dims() Dims {
	d := Dims{
		Arch:    l.arch,
		Layers:  l.number("block_count", 0, maxLayers),
		Width:   l.number("embedding_length", 0, maxWidth),
		Heads:   l.number("attention.head_count", 0, maxHeads),
		FFN:     l.number("feed_forward_length", 0, maxWidth),
		Context: l.number("context_length", 0, maxContext),
		Eps:     l.positive("attention.layer_norm_rms_epsilon", 0),
	}
	d.KVHeads = l.number("attention.head_count_kv", d.Heads, maxHeads)
	d.Head = l.number("attention.key_length", max(d.Width/d.Heads, 1), maxWidth)
	if v := l.number("attention.value_length", d.Head, maxWidth); v != d.Head {
		l.fail(fmt.Errorf("%w: values of %d elements beside keys of %d", ErrUnsupported, v, d.Head))
	}
	if d.Heads%d.KVHeads != 0 || d.Heads*d.Head > maxWidth {
		l.fail(fmt.Errorf("%w: %d heads, %d key heads of %d elements", ErrWeights, d.Heads, d.KVHeads, d.Head))
	}
	return d
}

// defaultBase is RoPE's base where a file has none.
const defaultBase = 10000

// ropes reads what the positions turn by: all is for all layers, local for
// those with a window, which know no factors and no scale.
func (l *loader) ropes(d *Dims, f family) (all, local *rope.Tables) {
	c := rope.Config{Base: l.positive("rope.freq_base", defaultBase), Halves: f.halves, Scale: l.ropeScale(f.short)}
	c.Rot = l.number("rope.dimension_count", d.Head, maxWidth)
	if c.Rot%2 != 0 || c.Rot > d.Head {
		l.fail(fmt.Errorf("%w: %d elements of heads of %d are turned", ErrWeights, c.Rot, d.Head))
		return nil, nil
	}
	if f.short {
		c.Factors = l.ropeFactors("rope_factors_short.weight", c.Rot)
		if long := l.ropeFactors("rope_factors_long.weight", c.Rot); (long == nil) != (c.Factors == nil) {
			l.fail(fmt.Errorf("%w: RoPE factors for short positions or for long ones are missing", ErrWeights))
		}
	} else {
		c.Factors = l.ropeFactors("rope_freqs.weight", c.Rot)
	}
	if f.short && c.Factors != nil {
		d.Context = min(d.Context, l.number("rope.scaling.original_context_length", d.Context, maxContext))
	}
	if f.short {
		c.Attention = l.positive("rope.scaling.attn_factor", 1)
	}
	if l.err != nil {
		return nil, nil
	}
	all = rope.New(c)
	if f.period != 0 {
		local = rope.New(rope.Config{Base: l.positive("rope.freq_base_swa", f.localBase), Rot: c.Rot, Halves: f.halves})
	}
	return all, local
}

// layer reads the weights of one layer, whose tensors' names begin with at.
func (l *loader) layer(d *Dims, f family, at string) Layer {
	q, kv := d.Heads*d.Head, d.KVHeads*d.Head
	ly := Layer{
		AttnNorm: l.vector(at+"attn_norm.weight", d.Width),
		FFNNorm:  l.vector(at+"ffn_norm.weight", d.Width),
		O:        l.linear(at+"attn_output", d.Width, q, f.bias == anywhere),
		Down:     l.linear(at+"ffn_down", d.Width, d.FFN, f.bias == anywhere),
	}
	if f.fused {
		qkv, gateUp := l.linear(at+"attn_qkv", q+2*kv, d.Width, false).Matrix, l.linear(at+"ffn_up", 2*d.FFN, d.Width, false).Matrix
		if l.err == nil {
			ly.Q, ly.K, ly.V = Linear{Matrix: qkv.part(0, q)}, Linear{Matrix: qkv.part(q, kv)}, Linear{Matrix: qkv.part(q+kv, kv)}
			ly.Gate, ly.Up = Linear{Matrix: gateUp.part(0, d.FFN)}, Linear{Matrix: gateUp.part(d.FFN, d.FFN)}
		}
	} else {
		ly.Q = l.linear(at+"attn_q", q, d.Width, f.bias >= ofQKV)
		ly.K = l.linear(at+"attn_k", kv, d.Width, f.bias >= ofQKV)
		ly.V = l.linear(at+"attn_v", kv, d.Width, f.bias >= ofQKV)
		ly.Gate = l.linear(at+"ffn_gate", d.FFN, d.Width, f.bias == anywhere)
		ly.Up = l.linear(at+"ffn_up", d.FFN, d.Width, f.bias == anywhere)
	}
	if f.headNorm {
		ly.QNorm, ly.KNorm = l.vector(at+"attn_q_norm.weight", d.Head), l.vector(at+"attn_k_norm.weight", d.Head)
	}
	if f.postNorms {
		ly.AttnPost = l.vector(at+"post_attention_norm.weight", d.Width)
		ly.FFNPost = l.vector(at+"post_ffw_norm.weight", d.Width)
	}
	return ly
}

// ends reads what stands before and after the layers: embedding, last norm and
// output, which may be the embedding again.
func (l *loader) ends(m *Model) {
	t, ok := l.f.Tensor("token_embd.weight")
	if !ok || len(t.Dims) != 2 || t.Dims[1] < 1 || t.Dims[1] > maxVocab {
		l.fail(fmt.Errorf("%w: token_embd.weight is missing or has an impossible shape", ErrWeights))
		return
	}
	m.Vocab = int(t.Dims[1])
	m.Embed = l.linear("token_embd", m.Vocab, m.Width, false).Matrix
	m.Norm = l.vector("output_norm.weight", m.Width)
	m.Output = Linear{Matrix: m.Embed}
	if _, ok := l.f.Tensor("output.weight"); ok {
		m.Output = l.linear("output", m.Vocab, m.Width, true)
	}
}
