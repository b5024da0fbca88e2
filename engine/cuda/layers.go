package cuda

// launcher starts kernels until one cannot be started.
type launcher struct {
	b   *Backend
	n   int // rows
	err error
}

func (l *launcher) start(kernel string, x, y, threads int, args ...any) {
	if l.err == nil {
		l.err = l.b.dev.Launch(l.b.kernels[kernel], x, y, threads, arguments(args...))
	}
}

// blocks is how many blocks of threads n elements take.
func blocks(n, threads int) int { return (n + threads - 1) / threads }

// linear multiplies the quantised activations.
func (l *launcher) linear(m matrix, out pointer) {
	s, name, y := &l.b.m.scratch, "_1", 1
	if matrix := kernelName("matrix_", m.kind, ""); l.n >= matrixFrom && l.b.kernels[matrix] != 0 {
		l.start(matrix, blocks(m.rows, matrixRows), blocks(l.n, matrixTokens), matrixThreads,
			m.quants, m.scales, s.quants, s.dx, s.tx, m.bias, out, m.rows, m.blocks, l.n)
		return
	}
	if l.n > 1 {
		name, y = "_8", blocks(l.n, linearTokens)
	}
	l.start(kernelName("linear_", m.kind, name), blocks(m.rows, lanes), y, lanes*min(linearWarps, blocks(m.blocks, chunkBlocks)),
		m.quants, m.scales, s.quants, s.dx, s.tx, m.bias, out, m.rows, m.blocks, l.n)
}

// normed quantises the norm of the residual stream.
func (l *launcher) normed(norm pointer) {
	m := l.b.m
	l.start("norm_quantise", l.n, 1, elementThreads, m.x, norm, m.quants, m.dx, m.tx, m.Width, m.Eps)
}

// inPlace norms rows of n elements, where the family has a norm for them.
func (l *launcher) inPlace(x, norm pointer, rows, n int) {
	if norm != 0 {
		l.start("norm", rows, 1, elementThreads, x, pointer(0), norm, x, n, l.b.m.Eps)
	}
}

// residual adds a product of the quantised activations, normed where the family
// does that, to the residual stream.
func (l *launcher) residual(m matrix, norm pointer) {
	s, width := &l.b.m.scratch, l.b.m.Width
	l.linear(m, s.h)
	l.inPlace(s.h, norm, l.n, width)
	l.start("add", blocks(l.n*width, elementThreads), 1, elementThreads, s.x, s.h, l.n*width)
}

// layers runs n rows through the model (arith/SPEC.md §5), from their tokens on,
// or in a part without the first layer from what was uploaded. Errors: *Error.
func (b *Backend) layers(n int) error {
	m, l := b.m, &launcher{b: b, n: n}
	if m.Embed != nil {
		l.start(kernelName("embed_", m.embed.kind, ""), n, blocks(m.embed.blocks, embedThreads), embedThreads,
			m.embed.quants, m.embed.scales, m.ids, m.x, m.embed.blocks, m.EmbedScale)
	}
	for i := range m.layers {
		l.attention(i)
		l.ffn(i)
	}
	return l.err
}

// attention adds the attention of layer i.
func (l *launcher) attention(i int) {
	m, ly := l.b.m, &l.b.m.layers[i]
	c := m.Rope.Config()
	halves := 0
	if c.Halves {
		halves = 1
	}
	l.normed(ly.attnNorm)
	l.linear(ly.q, m.q)
	l.linear(ly.k, m.k)
	l.linear(ly.v, m.v)
	l.inPlace(m.q, ly.qNorm, l.n*m.Heads, m.Head)
	l.inPlace(m.k, ly.kNorm, l.n*m.KVHeads, m.Head)
	angles := m.angles + pointer(4*ly.turns*mostTokens*c.Rot)
	l.start("place", l.n, 1, placeThreads, m.q, m.turned, m.k, m.v, angles, m.places, m.failed+pointer(4*i*mostTokens),
		m.Heads, m.KVHeads, m.Head, c.Rot, halves, i, m.QueryScale)
	l.start("attention", l.n, m.Heads, attentionThreads, m.turned, m.att, l.b.table, m.tables, m.positions,
		m.Heads, m.Heads/m.KVHeads, m.Head, i, ly.window, m.ScoreCap)
	l.quantise(m.att, m.Heads*m.Head)
	l.residual(ly.o, ly.attnPost)
}

// ffn adds the feed-forward block of layer i.
func (l *launcher) ffn(i int) {
	m, ly := l.b.m, &l.b.m.layers[i]
	l.normed(ly.ffnNorm)
	l.linear(ly.gate, m.gate)
	l.linear(ly.up, m.up)
	act := "gated_silu"
	if m.GELU {
		act = "gated_gelu"
	}
	count := l.n * m.FFN
	l.start(act, blocks(count, elementThreads), 1, elementThreads, m.gate, m.up, m.quants, m.dx, m.tx, count/blockLen)
	l.residual(ly.down, ly.ffnPost)
}

// quantise quantises rows of some width.
func (l *launcher) quantise(x pointer, width int) {
	m, count := l.b.m, l.n*width
	l.start("quantise", blocks(count, elementThreads), 1, elementThreads, x, m.quants, m.dx, m.tx, count/blockLen)
}

// final makes the final-normed states of n rows, whose numbers rows has, and
// downloads them if that is asked for. Errors: *Error.
func (b *Backend) final(rows []byte, n int, download bool, states []byte) error {
	m, l := b.m, &launcher{b: b, n: n}
	if err := b.dev.Upload(uint64(m.rows), rows); err != nil {
		return err
	}
	l.start("norm", n, 1, elementThreads, m.x, m.rows, m.norm, m.states, m.Width, m.Eps)
	if l.err == nil && download {
		l.err = b.dev.Download(states, uint64(m.states))
	}
	return l.err
}

// logits makes those of n states from number first on, and the likeliest
// tokens. Errors: *Error.
func (b *Backend) logits(first, n int) error {
	m, l := b.m, &launcher{b: b, n: n}
	states := m.states + pointer(4*first*m.Width)
	l.quantise(states, m.Width)
	l.linear(m.output, m.logits)
	if m.LogitCap != 0 {
		l.start("cap", blocks(n*m.Vocab, elementThreads), 1, elementThreads, m.logits, m.LogitCap, n*m.Vocab)
	}
	l.start("likeliest", n, 1, elementThreads, m.logits, states, m.best, m.Vocab, m.Width)
	return l.err
}
