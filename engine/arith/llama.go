package arith

import "fmt"

// llama reads a model of the llama family: SmolLM2, Llama 2 and 3, TinyLlama, Mistral.
func (l *loader) llama() (*Model, error) {
	l.refuse("expert_count")
	m := &Model{Dims: Dims{
		Arch:    l.arch,
		Layers:  l.number("block_count", 0, maxLayers),
		Width:   l.number("embedding_length", 0, maxWidth),
		Heads:   l.number("attention.head_count", 0, maxHeads),
		FFN:     l.number("feed_forward_length", 0, maxWidth),
		Context: l.number("context_length", 0, maxContext),
		Eps:     l.positive("attention.layer_norm_rms_epsilon", 0),
	}}
	m.KVHeads = l.number("attention.head_count_kv", m.Heads, maxHeads)
	m.Head = l.number("attention.key_length", m.Width/m.Heads, maxWidth)
	if v := l.number("attention.value_length", m.Head, maxWidth); v != m.Head {
		l.fail(fmt.Errorf("%w: values of %d elements beside keys of %d", ErrUnsupported, v, m.Head))
	}
	rot := l.number("rope.dimension_count", m.Head, maxWidth)
	if m.Heads%m.KVHeads != 0 || rot%2 != 0 || rot > m.Head {
		l.fail(fmt.Errorf("%w: %d heads, %d key heads of %d elements, %d turned", ErrWeights, m.Heads, m.KVHeads, m.Head, rot))
	}
	base, scale, factors := l.positive("rope.freq_base", 10000), l.ropeScale(), l.ropeFactors(rot)
	if l.err != nil {
		return nil, l.err
	}
	m.rope = NewRope(RopeConfig{Base: base, Rot: rot, Factors: factors, Scale: scale})
	m.scale = 1 / sqrt32(float32(m.Head))
	l.ends(m)
	for i := 0; i < m.Layers && l.err == nil; i++ {
		m.layers = append(m.layers, l.llamaLayer(&m.Dims, fmt.Sprintf("blk.%d.", i)))
	}
	if l.err != nil {
		return nil, l.err
	}
	for _, ly := range m.layers {
		for _, w := range []linear{ly.q, ly.k, ly.v, ly.o, ly.gate, ly.up, ly.down} {
			m.packing |= w.m.Packing()
		}
	}
	return m, nil
}

func (l *loader) llamaLayer(d *Dims, at string) layer {
	q, kv := d.Heads*d.Head, d.KVHeads*d.Head
	return layer{
		attnNorm: l.vector(at+"attn_norm.weight", d.Width),
		q:        l.linear(at+"attn_q", q, d.Width),
		k:        l.linear(at+"attn_k", kv, d.Width),
		v:        l.linear(at+"attn_v", kv, d.Width),
		o:        l.linear(at+"attn_output", d.Width, q),
		ffnNorm:  l.vector(at+"ffn_norm.weight", d.Width),
		gate:     l.linear(at+"ffn_gate", d.FFN, d.Width),
		up:       l.linear(at+"ffn_up", d.FFN, d.Width),
		down:     l.linear(at+"ffn_down", d.Width, d.FFN),
	}
}

// ends reads what stands before and after the layers: embedding, last norm and output, which may be the embedding again.
func (l *loader) ends(m *Model) {
	t, ok := l.f.Tensor("token_embd.weight")
	if !ok || len(t.Dims) != 2 || t.Dims[1] < 1 || t.Dims[1] > maxVocab {
		l.fail(fmt.Errorf("%w: token_embd.weight is missing or has an impossible shape", ErrWeights))
		return
	}
	m.Vocab = int(t.Dims[1])
	m.embed = l.linear("token_embd", m.Vocab, m.Width).m
	m.norm = l.vector("output_norm.weight", m.Width)
	m.output = linear{m: m.embed}
	if _, ok := l.f.Tensor("output.weight"); ok {
		m.output = l.linear("output", m.Vocab, m.Width)
	}
}
