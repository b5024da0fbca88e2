package cuda

import "slices"

// launcher starts kernels until one cannot be started.
type launcher struct {
	b     *Backend
	n     int // rows
	tiles tiles
	at    facts
	// behind says that what was begun last is a kernel, and where the next one is
	// begun, too.
	behind bool
	err    error
}

// fact is where a fact of the rows begins.
func (l *launcher) fact(at int) pointer { return l.b.m.facted + pointer(at) }

// beside starts what the parts start, none of which follows another. Kernels of
// one token that begin early follow one another all the same, which leaves memory
// no more idle, and costs no meeting.
func (l *launcher) beside(parts ...func()) {
	if l.err != nil {
		return
	}
	if l.n == 1 && l.b.early() {
		for _, part := range parts {
			part()
		}
		return
	}
	list := make([]func() error, len(parts))
	for i, part := range parts {
		list[i] = func() error {
			l.behind = false
			part()
			return l.err
		}
	}
	l.err = l.b.dev.Beside(list...)
	l.behind = false
}

// early tells whether kernels of one token begin early.
func (b *Backend) early() bool { return b.kernels["norm_quantise"].early && !b.plain }

func (l *launcher) start(kernel string, x, y, threads int, args ...any) {
	if l.err == nil {
		k := l.b.kernels[kernel]
		l.err = l.b.dev.Launch(k.handle, x, y, threads, arguments(args...), k.early && l.behind && !l.b.plain)
		l.behind = true
	}
}

// threadsOf is how many threads a block has that takes a row of n elements.
func threadsOf(n int) int { return min(rowThreads, lanes*blocks(n, lanes)) }

// blocks is how many blocks of threads n elements take.
func blocks(n, threads int) int { return (n + threads - 1) / threads }

// linear multiplies the quantised activations.
func (l *launcher) linear(m matrix, out pointer) { l.linearOnto(m, l.b.m.rows, 0, out) }

// linearOnto adds the product of some to what is there, where onto is not 0.
func (l *launcher) linearOnto(m matrix, in quantised, onto, out pointer) {
	if l.n == 1 {
		l.single(m, in, onto, out)
		return
	}
	if matrix := kernelName("matrix_", m.kind, ""); l.n >= matrixFrom && l.b.kernels[matrix].handle != 0 {
		rows, y := matrixRows, blocks(l.n, matrixTokens)
		if blocks(m.rows, matrixRows)*y < l.b.full {
			matrix, rows = kernelName("chunks_", m.kind, ""), chunksRows
		}
		l.start(matrix, blocks(m.rows, rows), y, matrixThreads,
			m.quants, m.scales, in.quants, in.dx, in.tx, m.bias, onto, out, m.rows, m.blocks, l.n)
		return
	}
	l.start(kernelName("linear_", m.kind, "_8"), blocks(m.rows, lanes), blocks(l.n, linearTokens), lanes*min(linearWarps, blocks(m.blocks, chunkBlocks)),
		m.quants, m.scales, in.quants, in.dx, in.tx, m.bias, onto, out, m.rows, m.blocks, l.n)
}

// single is linearOnto of one token.
func (l *launcher) single(m matrix, in quantised, onto, out pointer) {
	rows, warps, halved := lanes, min(singleWarpsOf(m.rows), blocks(m.blocks, chunkBlocks)), 0
	if l.b.halved(m) {
		rows, warps, halved = lanes/2, min(warps, m.blocks/chunkBlocks/2), 1
	}
	l.start(kernelName("linear_", m.kind, "_1"), blocks(m.rows, rows), 1, lanes*warps,
		m.quants, m.scales, in.quants, in.dx, in.tx, m.bias, onto, out, m.rows, m.blocks, halved)
}

// halved tells whether blocks of threads take 16 rows of a matrix for one token:
// there are twice as many then, and all begin at once.
func (b *Backend) halved(m matrix) bool {
	least := halvedChunks
	if b.early() {
		least = halvedNear
	}
	return m.blocks%(2*chunkBlocks) == 0 && m.blocks/chunkBlocks >= least && blocks(m.rows, lanes/2) <= b.info.Multiprocessors
}

// singleWarpsOf is how many warps a block has at most that takes 32 of so many
// rows for one token.
func singleWarpsOf(rows int) int {
	if rows >= wideRows {
		return linearWarps
	}
	return singleWarps
}

// normed quantises the norm of the residual stream. Of one token, kernels that
// begin early have the beginnings of the rows of next, one matrix or two alike,
// brought near meanwhile.
func (l *launcher) normed(norm pointer, next ...matrix) {
	m, y := l.b.m, 1
	if turns := blocks(m.Width, rowThreads); l.n*turns <= fewBlocks {
		y = turns
	}
	var at [2]pointer
	parts, size, groups, most := y, 0, 0, 0
	if len(next) > 0 && l.n == 1 && l.b.early() {
		_, bytes := next[0].kind.Block()
		lay := layouts[next[0].kind]
		size = l.stored(next[0]) * lanes * (int(bytes) - lay.to + lay.from)
		groups = blocks(next[0].rows, lanes)
		most = broughtNear / (groups * len(next)) / lineBytes * lineBytes
		for i := range next {
			at[i] = next[i].quants
		}
		y += bringers
	}
	l.start("norm_quantise", l.n, y, threadsOf(m.Width), m.x, norm, m.rows.quants, m.rows.dx, m.rows.tx, m.Width, m.Eps,
		parts, at[0], at[1], size, groups, most)
}

// stored is how many stored blocks a row of a matrix has.
func (l *launcher) stored(m matrix) int {
	elements, _ := m.kind.Block()
	return m.blocks * blockLen / int(elements)
}

// inPlace norms rows of n elements, where the family has a norm for them.
func (l *launcher) inPlace(x, norm pointer, rows, n int) {
	if norm != 0 {
		l.start("norm", rows, 1, threadsOf(n), x, pointer(0), norm, x, n, l.b.m.Eps)
	}
}

// residual adds a product of quantised activations, normed where the family does
// that, to the residual stream.
func (l *launcher) residual(m matrix, in quantised, norm pointer) {
	s, width := &l.b.m.scratch, l.b.m.Width
	if norm == 0 {
		l.linearOnto(m, in, s.x, s.x)
		return
	}
	l.linearOnto(m, in, 0, s.h)
	l.inPlace(s.h, norm, l.n, width)
	l.start("add", blocks(l.n*width, elementThreads), 1, elementThreads, s.x, s.h, l.n*width)
}

// layers runs n rows through the model (arith/SPEC.md §5), from their tokens on,
// or in a part without the first layer from what was uploaded. Errors: *Error.
func (b *Backend) layers(n int, tiles tiles) error {
	m, l := b.m, &launcher{b: b, n: n, tiles: tiles, at: b.m.facts(n)}
	if m.Embed != nil {
		l.start(kernelName("embed_", m.embed.kind, ""), n, blocks(m.embed.blocks, embedThreads), embedThreads,
			m.embed.quants, m.embed.scales, l.fact(l.at.ids), m.x, m.embed.blocks, m.EmbedScale)
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
	next := ly.qkv
	if next.rows == 0 {
		next = ly.q
	}
	l.normed(ly.attnNorm, next)
	q, k, v := l.projected(ly)
	l.inPlace(q, ly.qNorm, l.n*m.Heads, m.Head)
	l.inPlace(k, ly.kNorm, l.n*m.KVHeads, m.Head)
	angles := l.fact(l.at.angles + 4*ly.turns*l.n*c.Rot)
	group := m.Heads / m.KVHeads
	l.start("place", l.n, m.KVHeads, threadsOf((group+1)*m.Head), q, m.turned, k, v, angles, l.fact(l.at.places), m.failed+pointer(4*i*l.n*m.KVHeads),
		m.Heads, m.KVHeads, m.Head, c.Rot, halves, i, m.QueryScale)
	out := []any{m.turned, m.att, m.rows.quants, m.rows.dx, m.rows.tx, l.fact(l.at.pages), l.fact(l.at.tables), l.fact(l.at.positions)}
	shape := []any{m.Heads, group, m.Head, i, ly.window, m.ScoreCap}
	if l.tiles.n > 0 {
		l.start(l.tiles.kernel, l.tiles.n, m.KVHeads, manyThreads, slices.Concat(out, []any{l.fact(l.at.tiles)}, shape)...)
	} else {
		threads := pageThreads
		if l.n*m.Heads <= fewBlocks {
			threads *= mostPages
		}
		l.start("attention", l.n, m.Heads, threads, slices.Concat(out, shape)...)
	}
	if m.Head%blockLen != 0 {
		l.quantise(m.att, m.Heads*m.Head)
	}
	l.residual(ly.o, m.rows, ly.attnPost)
}

// projected makes queries, keys and values: of one token, where their weights lie
// together, by one kernel, and then they lie so, too.
func (l *launcher) projected(ly *layer) (q, k, v pointer) {
	m := l.b.m
	if l.n == 1 && ly.qkv.rows > 0 {
		l.linear(ly.qkv, m.qkv)
		k = m.qkv + pointer(4*ly.q.rows)
		return m.qkv, k, k + pointer(4*ly.k.rows)
	}
	l.beside(func() { l.linear(ly.q, m.q) }, func() { l.linear(ly.k, m.k) }, func() { l.linear(ly.v, m.v) })
	return m.q, m.k, m.v
}

// ffn adds the feed-forward block of layer i.
func (l *launcher) ffn(i int) {
	m, ly := l.b.m, &l.b.m.layers[i]
	if ly.gate.kind == ly.up.kind {
		l.normed(ly.ffnNorm, ly.gate, ly.up)
	} else {
		l.normed(ly.ffnNorm, ly.gate)
	}
	if l.n == 1 && ly.gate.kind == ly.up.kind && (l.b.early() || l.b.even(blocks(m.FFN, lanes))) {
		gelu := 0
		if m.GELU {
			gelu = 1
		}
		g, u, in, out := ly.gate, ly.up, m.rows, m.gated
		l.start(kernelName("gated_", g.kind, ""), blocks(m.FFN, lanes), 1, lanes*min(singleWarpsOf(m.FFN), 2*blocks(g.blocks, chunkBlocks)),
			g.quants, g.scales, u.quants, u.scales, in.quants, in.dx, in.tx, g.bias, u.bias, out.quants, out.dx, out.tx, g.blocks, gelu)
		l.residual(ly.down, out, ly.ffnPost)
		return
	}
	l.beside(func() { l.linear(ly.gate, m.gate) }, func() { l.linear(ly.up, m.up) })
	act := "gated_silu"
	if m.GELU {
		act = "gated_gelu"
	}
	count := l.n * m.FFN
	l.start(act, blocks(count, elementThreads), 1, elementThreads, m.gate, m.up, m.rows.quants, m.rows.dx, m.rows.tx, count/blockLen)
	l.residual(ly.down, m.rows, ly.ffnPost)
}

// even tells whether so many blocks of threads begin at once, or keep all
// multiprocessors busy up to their end, but for a tenth of the time or less. Where
// kernels begin early, what follows keeps them busy.
func (b *Backend) even(count int) bool {
	sms := max(1, b.info.Multiprocessors)
	return count <= sms || blocks(count, sms)*sms*10 <= count*11
}

// quantise quantises rows of some width.
func (l *launcher) quantise(x pointer, width int) {
	m, count := l.b.m, l.n*width
	l.start("quantise", blocks(count, elementThreads), 1, elementThreads, x, m.rows.quants, m.rows.dx, m.rows.tx, count/blockLen)
}

// body runs n rows, in so many tiles, through the layers, makes the final-normed
// states of those that are wanted, and fetches what failed, and states or, in a
// part without the last layer, the residual stream where that is asked for.
// Errors: *Error.
func (b *Backend) body(n int, tiles tiles, wanted int, fetch bool) error {
	if err := b.layers(n, tiles); err != nil {
		return err
	}
	m, l := b.m, &launcher{b: b, n: n, at: b.m.facts(n)}
	if err := b.dev.Fetch(b.marks(n), uint64(m.failed)); err != nil {
		return err
	}
	if m.Norm == nil {
		return b.dev.Fetch(b.pinned.residual[:4*m.Width*n], uint64(m.x))
	}
	if wanted == 0 {
		return nil
	}
	l.start("norm", wanted, 1, threadsOf(m.Width), m.x, l.fact(l.at.wanted), m.norm, m.states, m.Width, m.Eps)
	if l.err == nil && fetch {
		l.err = b.dev.Fetch(b.pinned.states[:4*m.Width*wanted], uint64(m.states))
	}
	return l.err
}

// logits makes those of n states from number first on, and fetches the likeliest
// tokens. Errors: *Error.
func (b *Backend) logits(first, n int) error {
	m, l := b.m, &launcher{b: b, n: n}
	states := m.states + pointer(4*first*m.Width)
	l.quantise(states, m.Width)
	l.linear(m.output, m.logits)
	if m.LogitCap != 0 {
		l.start("cap", blocks(n*m.Vocab, elementThreads), 1, elementThreads, m.logits, m.LogitCap, n*m.Vocab)
	}
	l.start("likeliest", n, 1, threadsOf(m.Vocab), m.logits, states, m.best, m.Vocab, m.Width)
	if l.err == nil {
		l.err = b.dev.Fetch(b.pinned.best[4*first:4*(first+n)], uint64(m.best))
	}
	return l.err
}
