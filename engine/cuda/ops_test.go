package cuda_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// halves are the types of weights, and where a stored block has its binary16
// scales.
var halves = map[gguf.Type][]int{
	gguf.Q8_0: {0}, gguf.Q4_0: {0}, gguf.Q4_1: {0, 2}, gguf.Q5_0: {0}, gguf.Q5_1: {0, 2}, gguf.Q4_K: {0, 2}, gguf.Q5_K: {0, 2},
	gguf.Q6_K: {208}, gguf.IQ4_NL: {0}, gguf.MXFP4: nil,
}

// randomMatrix has blocks of random bytes. The scales of odd rows are of every
// finite kind: ordinary, subnormal, zero, the largest; those of even rows lie so
// close together that no block's part of a sum is lost beside the others.
func randomMatrix(r *rand.Rand, kind gguf.Type, rows, cols int) *weights.Matrix {
	elements, size := kind.Block()
	w := &weights.Matrix{Rows: rows, Cols: cols, Type: kind, Data: make([]byte, rows*cols/int(elements)*int(size))}
	for i := range w.Data {
		w.Data[i] = byte(r.Uint32())
	}
	for at := 0; at < len(w.Data); at += int(size) {
		plain := at/int(size)*int(elements)/cols%2 == 0
		if kind == gguf.MXFP4 {
			w.Data[at] = byte(r.IntN(8)) + []byte{0, 120, 247}[r.IntN(3)] // 255 is NaN, which a file may not hold
			if plain {
				w.Data[at] = byte(120 + r.IntN(8))
			}
		}
		for _, h := range halves[kind] {
			d := uint16(r.Uint32())&0x83ff | uint16([]int{0, 8, 12, 15, 30}[r.IntN(5)])<<10
			if plain {
				d = d&0x83ff | uint16(10+r.IntN(4))<<10
			}
			binary.LittleEndian.PutUint16(w.Data[at+h:], d)
		}
	}
	return w
}

// awkward are activations of a token: among ordinary blocks some of zeros, of
// subnormals, of huge numbers, and with an infinity or a NaN.
func awkward(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for at := 0; at < n; at += 32 {
		size := []float64{1, 1, 1e-3, 0, 0x1p-140, 0x1p-100, 0x1p120}[r.IntN(7)]
		for i := range 32 {
			x[at+i] = float32(size * r.NormFloat64())
		}
		switch r.IntN(40) {
		case 0:
			x[at+r.IntN(32)] = float32(math.Inf(1))
		case 1:
			x[at+r.IntN(32)] = float32(math.NaN())
		case 2: // quotients halfway between two integers
			for i := range 32 {
				x[at+i] = float32(i) + 0.5
			}
			x[at] = 127
		}
	}
	return x
}

// ordinary are activations of a token of which none hides another in a sum.
func ordinary(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// activations are those of tokens: ordinary and awkward ones by turns, for a single
// infinity makes of a whole token's sums one that says nothing. One token alone is
// awkward where it is short, and so is finite as a rule.
func activations(r *rand.Rand, cols, tokens int) (x []float32) {
	for i := range tokens {
		if i%2 == 1 || tokens == 1 && cols <= 288 {
			x = append(x, awkward(r, cols)...)
		} else {
			x = append(x, ordinary(r, cols)...)
		}
	}
	return x
}

// biases are those of rows, ordinary and awkward by turns.
func biases(r *rand.Rand, rows int) []float32 {
	x := awkward(r, (rows+31)/32*32)[:rows]
	for i := 0; i < rows; i += 2 {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// mostThreads is what steps start for a row.
const mostThreads = 1024

// bench is a device on which single kernels run.
type bench struct {
	t      testing.TB
	mem    ptx.Memory
	s      ptx.Schedule
	module string // with matrix instructions; empty: without
	target string // whose modules are preferred; empty: the common one
	halved bool   // blocks of threads of one token have 16 rows
	// instead, where not nil, stands in the place of the kernel of its name.
	instead *ptx.Kernel
	threads int // at most, of blocks that take a row; 0: few, so that they go round
}

// kernel finds a kernel among the committed ones.
// module is of the common target where it names none.
func kernel(t testing.TB, module, name string) *ptx.Kernel {
	t.Helper()
	if !strings.Contains(module, "/") {
		module = "sm_61/" + module
	}
	text, err := cuda.Modules.ReadFile("ptx/" + module + ".ptx")
	if err != nil {
		t.Fatal(err)
	}
	m, err := cudatest.Parsed(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return m.Kernels[name]
}

func (b *bench) buffer(data []byte, n int) []byte {
	b.t.Helper()
	at, err := b.mem.Alloc(max(n, len(data), 1))
	if err == nil && len(data) > 0 {
		err = b.mem.Write(at, data)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return le64(at)
}

func (b *bench) run(module, name string, g ptx.Grid, args ...[]byte) {
	b.t.Helper()
	if _, err := fs.Stat(cuda.Modules, "ptx/"+b.target+"/"+module+".ptx"); b.target != "" && err == nil {
		module = b.target + "/" + module
	}
	k := kernel(b.t, module, name)
	if b.instead != nil && b.instead.Name == name {
		k = b.instead
	}
	if err := k.Run(&b.mem, g, args, b.s); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) floats(at []byte, n int) []float32 {
	b.t.Helper()
	data := make([]byte, 4*n)
	if err := b.mem.Read(data, binary.LittleEndian.Uint64(at)); err != nil {
		b.t.Fatal(err)
	}
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return x
}

func le32(x int) []byte    { return binary.LittleEndian.AppendUint32(nil, uint32(x)) }
func le64(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }

func floatBytes(x []float32) (data []byte) {
	for _, f := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	return data
}

// equal compares bits; a NaN is like any other.
func equal(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return x != x && y != y || math.Float32bits(x) == math.Float32bits(y) })
}

// TestLinearLayers compares quantisation and linear layers of every type with
// the reference: one token and several, rows and chunks that fill no warp or
// more than a round of them, with a bias and without.
func TestLinearLayers(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for kind := range halves {
		elements, _ := kind.Block()
		for _, shape := range [][2]int{{1, 32}, {33, 288}, {40, 2304}, {33, 16672}} {
			rows, cols := shape[0], (shape[1]+int(elements)-1)/int(elements)*int(elements)
			for _, tokens := range []int{1, 2, 9} {
				if cols > 4096 && tokens > 1 {
					continue // it is more chunks than a round of one token's
				}
				w := randomMatrix(r, kind, rows, cols)
				var bias []float32
				if tokens != 2 {
					bias = biases(r, rows)
				}
				x := activations(r, cols, tokens)
				b := &bench{t: t, s: ptx.Schedule{Random: tokens == 2, Races: tokens == 2}}
				if got, want := b.linear(w, bias, x, tokens), reference(w, bias, x, tokens); !equal(got, want) {
					t.Errorf("%s, %d × %d, %d tokens: other numbers", kind, rows, cols, tokens)
				}
				if got, want := b.embed(w, rows-1, 0.3), embedded(w, rows-1, 0.3); !equal(got, want) {
					t.Errorf("%s, %d × %d: another embedding", kind, rows, cols)
				}
			}
		}
	}
}

// TestMatrixInstructions compares linear layers for many tokens of every type,
// by the instructions of both targets: rows and tokens that fill no tile, chunks
// that are not whole, one that fills half of the two buffers and more than both,
// and more than a round of warps takes. Copies land early and late.
func TestMatrixInstructions(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	for _, module := range matrixModules {
		shapes := [][3]int{{1, 32, 16}, {33, 288, 33}, {257, 544, 40}}
		if strings.HasSuffix(module, "chunks") {
			shapes = [][3]int{{1, 32, 16}, {33, 288, 33}, {33, 2336, 66}}
		}
		for kind := range halves {
			elements, _ := kind.Block()
			for i, shape := range shapes {
				rows, tokens := shape[0], shape[2]
				cols := (shape[1] + int(elements) - 1) / int(elements) * int(elements)
				w := randomMatrix(r, kind, rows, cols)
				var bias []float32
				if i != 1 {
					bias = biases(r, rows)
				}
				x := activations(r, cols, tokens)
				b := &bench{t: t, s: ptx.Schedule{Random: i == 1, Races: i == 1, Seed: uint64(rows)}, module: module}
				if got, want := b.linear(w, bias, x, tokens), reference(w, bias, x, tokens); !equal(got, want) {
					t.Errorf("%s, %s, %d × %d, %d tokens: other numbers", module, kind, rows, cols, tokens)
				}
			}
		}
	}
}

// matrixModules are those with matrix instructions.
var matrixModules = []string{"sm_75/matrix", "sm_75/chunks", "sm_80/matrix", "sm_80/chunks"}

// linear runs the kernels, those with matrix instructions where the bench names
// their module.
func (b *bench) linear(w *weights.Matrix, bias, x []float32, tokens int) []float32 {
	b.t.Helper()
	q, s := cuda.Interleaved(w)
	quants, scales := b.buffer(q, 0), b.buffer(s, 0)
	blocks := w.Cols / 32
	in, i8, dx, tx := b.buffer(floatBytes(x), 0), b.buffer(nil, len(x)), b.buffer(nil, 4*tokens*blocks), b.buffer(nil, 4*tokens*blocks)
	b.run("quantise", "quantise", ptx.Grid{X: (len(x) + 255) / 256, Y: 1, Threads: 256}, in, i8, dx, tx, le32(tokens*blocks))
	add, onto, out := le64(0), le64(0), b.buffer(nil, 4*tokens*w.Rows)
	if bias != nil {
		add, out = b.buffer(floatBytes(bias), 0), b.buffer(floatBytes(stream(tokens*w.Rows)), 0)
		onto = out
	}
	g, n, warps := ptx.Grid{X: (w.Rows + 31) / 32, Y: 1}, 1, 16
	if tokens > 1 {
		n, g.Y, warps = 8, (tokens+7)/8, 8
	}
	if b.threads > 0 {
		warps = b.threads / 32
	}
	g.Threads = 32 * min(warps, (blocks+7)/8)
	if b.module != "" {
		_, family, _ := strings.Cut(b.module, "/")
		of := map[string]int{"matrix": 256, "chunks": 32}[family]
		b.run(b.module, cuda.KernelName(family+"_", w.Type, ""), ptx.Grid{X: (w.Rows + of - 1) / of, Y: (tokens + 63) / 64, Threads: 256},
			quants, scales, i8, dx, tx, add, onto, out, le32(w.Rows), le32(blocks), le32(tokens))
		return b.floats(out, tokens*w.Rows)
	}
	module, last := "linear", tokens
	if n == 1 {
		if module, last = "single", 0; b.halved {
			g.X, g.Threads, last = (w.Rows+15)/16, 32*min(warps, blocks/16), 1
		}
	}
	b.run(module, cuda.KernelName("linear_", w.Type, fmt.Sprintf("_%d", n)), g,
		quants, scales, i8, dx, tx, add, onto, out, le32(w.Rows), le32(blocks), le32(last))
	return b.floats(out, tokens*w.Rows)
}

// TestGatedLayers compares the first half of a feed-forward block for one token
// with the reference: chunks of which some are missing, more than shared memory
// has room for, and one; more warps than chunks and fewer; with biases and without.
func TestGatedLayers(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for kind := range halves {
		for i, cols := range []int{256, 2304, 8448} {
			for _, s := range []ptx.Schedule{{}, {Random: true, Races: true, Seed: uint64(cols)}} {
				if s.Random && i == 2 {
					continue
				}
				b := &bench{t: t, s: s, threads: []int{512, 96, 512}[i]}
				b.gated(r, kind, cols, i != 0)
			}
		}
	}
}

// gated compares two matrices of random bytes, and what their gates make of
// ordinary activations; where it is asked for, each row has a bias. Those of the
// last block are all that gates have there, or nothing: most products are so large
// that gates only let them pass or not, one as the other.
func (b *bench) gated(r *rand.Rand, kind gguf.Type, cols int, biased bool) {
	b.t.Helper()
	const rows = 96
	if elements, _ := kind.Block(); elements == 32 {
		cols += 32 // a chunk that is not whole
	}
	gate, up, x := mostlyPlain(r, kind, rows, cols), mostlyPlain(r, kind, rows, cols), ordinary(r, cols)
	clear(gate.Data[(rows-32)*gate.Stride():])
	var biases [2][]float32
	at := [2][]byte{le64(0), le64(0)}
	if biased {
		for i := range biases {
			biases[i] = ordinary(r, rows)
			biases[i][7] = float32(math.Inf(1))
			at[i] = b.buffer(floatBytes(biases[i]), 0)
		}
	}
	in, i8, dx, tx := b.buffer(floatBytes(x), 0), b.buffer(nil, cols), b.buffer(nil, cols/8), b.buffer(nil, cols/8)
	b.run("quantise", "quantise", ptx.Grid{X: (cols + 255) / 256, Y: 1, Threads: 256}, in, i8, dx, tx, le32(cols/32))
	var args [][]byte
	for _, w := range []*weights.Matrix{gate, up} {
		q, s := cuda.Interleaved(w)
		args = append(args, b.buffer(q, 0), b.buffer(s, 0))
	}
	gates, ups := plain(gate, biases[0], x), plain(up, biases[1], x)
	q, outDX, outTX := b.buffer(nil, rows), b.buffer(nil, rows/8), b.buffer(nil, rows/8)
	g := ptx.Grid{X: rows / 32, Y: 1, Threads: min(cmp.Or(b.threads, 512), 32*2*((cols+255)/256))}
	for gelu, act := range []func(float32) float32{arith.SiLU, arith.GELU} {
		want := make([]float32, rows)
		for i := range want {
			want[i] = float32(act(gates[i]) * ups[i])
		}
		b.run("single", cuda.KernelName("gated_", kind, ""), g, append(slices.Clone(args), i8, dx, tx, at[0], at[1], q, outDX, outTX, le32(cols/32), le32(gelu))...)
		b.quantised(want, q, outDX, outTX)
	}
}

// mostlyPlain is a random matrix of which all rows but the first third are as its
// even ones are: no sum of a block of theirs is infinite.
func mostlyPlain(r *rand.Rand, kind gguf.Type, rows, cols int) *weights.Matrix {
	w := randomMatrix(r, kind, 2*rows, cols)
	for i := rows / 3; i < rows; i++ {
		copy(w.Data[i*w.Stride():][:w.Stride()], w.Data[2*i*w.Stride():])
	}
	w.Rows, w.Data = rows, w.Data[:rows*w.Stride()]
	return w
}

// plain is the reference's product of one token, onto nothing.
func plain(w *weights.Matrix, bias, x []float32) []float32 {
	m := arith.NewMatrix(w)
	var batch arith.Batch
	batch.Reset(1, w.Cols, m.Packing())
	batch.Quantize(0, x)
	y := [][]float32{make([]float32, w.Rows)}
	arith.Multiply(arith.Serial, &batch, arith.Product{Matrix: m, Bias: bias, Out: y})
	return y[0]
}

func reference(w *weights.Matrix, bias, x []float32, tokens int) (out []float32) {
	m := arith.NewMatrix(w)
	var batch arith.Batch
	batch.Reset(tokens, w.Cols, m.Packing())
	y := make([][]float32, tokens)
	for i := range y {
		batch.Quantize(i, x[i*w.Cols:(i+1)*w.Cols])
		y[i] = make([]float32, w.Rows)
	}
	arith.Multiply(arith.Serial, &batch, arith.Product{Matrix: m, Bias: bias, Out: y})
	out = slices.Concat(y...)
	if bias != nil {
		for i, x := range stream(len(out)) {
			out[i] += x
		}
	}
	return out
}

// stream is a residual stream, onto which layers with a bias put their products.
func stream(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%7) - 3.3
	}
	return x
}

// embed runs the kernel for a row.
func (b *bench) embed(w *weights.Matrix, row int, scale float32) []float32 {
	b.t.Helper()
	q, s := cuda.Interleaved(w)
	out := b.buffer(nil, 4*w.Cols)
	b.run("embed", cuda.KernelName("embed_", w.Type, ""), ptx.Grid{X: 1, Y: (w.Cols/32 + 63) / 64, Threads: 64},
		b.buffer(q, 0), b.buffer(s, 0), b.buffer(le32(row), 0), out, le32(w.Cols/32), floatBytes([]float32{scale}))
	return b.floats(out, w.Cols)
}

func embedded(w *weights.Matrix, row int, scale float32) []float32 {
	x := make([]float32, w.Cols)
	arith.NewMatrix(w).Embed(x, row)
	for i := range x {
		x[i] *= scale
	}
	return x
}

// TestNorms compares norms of every length of a chunk and of more chunks than a
// block of threads has at once.
func TestNorms(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, n := range []int{32, 64, 224, 256, 288, 2080, 4352} {
		(&bench{t: t, s: ptx.Schedule{Random: true, Races: true}}).norms(r, n)
	}
	for _, n := range []int{576, 4096, 16640} { // by as many threads as steps start
		(&bench{t: t, threads: mostThreads}).norms(r, n)
	}
}

// norms compares norms of two rows of n elements: the second and the first as
// others' rows, in place, and quantised.
func (b *bench) norms(r *rand.Rand, n int) {
	b.t.Helper()
	const eps = 1e-5
	x, norm := activations(r, n, 2), awkward(r, n)
	want := make([]float32, 2*n)
	for i := range 2 {
		arith.RMSNorm(want[i*n:][:n], x[i*n:][:n], norm, eps)
	}
	g := ptx.Grid{X: 2, Y: 1, Threads: min(cmp.Or(b.threads, 256), n)}
	in, weight, out := b.buffer(floatBytes(x), 0), b.buffer(floatBytes(norm), 0), b.buffer(nil, 8*n)
	rows := b.buffer(append(le32(1), le32(0)...), 0)
	e := floatBytes([]float32{eps})
	b.run("norm", "norm", g, in, rows, weight, out, le32(n), e)
	if !equal(b.floats(out, 2*n), append(slices.Clone(want[n:]), want[:n]...)) {
		b.t.Errorf("norms of %d: other numbers", n)
	}
	for _, y := range []int{1, 3} { // blocks of a row, of which the last may have nothing to do
		q, dx, tx := b.buffer(nil, 2*n), b.buffer(nil, n/4), b.buffer(nil, n/4)
		b.run("norm", "norm_quantise", ptx.Grid{X: 2, Y: y, Threads: g.Threads}, append([][]byte{in, weight, q, dx, tx, le32(n), e}, alone(y)...)...)
		b.quantised(want, q, dx, tx)
	}
	b.run("norm", "norm", g, in, le64(0), weight, in, le32(n), e)
	if !equal(b.floats(in, 2*n), want) {
		b.t.Errorf("norms of %d in place: other numbers", n)
	}
}

// alone are the arguments of norm_quantise whose blocks of threads are all of the
// row, and bring no weights near.
func alone(parts int) [][]byte {
	return [][]byte{le32(parts), le64(0), le64(0), le32(0), le32(0), le32(0)}
}

// quantised compares what was made of x.
func (b *bench) quantised(x []float32, q, dx, tx []byte) {
	b.t.Helper()
	var v arith.Vec
	v.Quantize(x, 0)
	got := make([]byte, len(x))
	if err := b.mem.Read(got, binary.LittleEndian.Uint64(q)); err != nil {
		b.t.Fatal(err)
	}
	for i := range got {
		if int8(got[i]) != v.Q[i] {
			b.t.Fatalf("number %d of %d is %d, want %d", i, len(x), int8(got[i]), v.Q[i])
		}
	}
	if !equal(b.floats(dx, len(x)/32), v.DX) || !equal(b.floats(tx, len(x)/32), v.TX) {
		b.t.Errorf("other scales of %d", len(x))
	}
}

// TestQuantisation compares activations as they are, and after the gates.
func TestQuantisation(t *testing.T) {
	for _, s := range []ptx.Schedule{{}, {Random: true, Races: true}} {
		(&bench{t: t, s: s}).quantisation(rand.New(rand.NewPCG(27, 28)))
	}
}

func (b *bench) quantisation(r *rand.Rand) {
	b.t.Helper()
	const n = 32 * 33 // fills no block of threads
	x, up := awkward(r, n), awkward(r, n)
	silu, gelu := make([]float32, n), make([]float32, n)
	for i := range x {
		silu[i], gelu[i] = float32(arith.SiLU(x[i])*up[i]), float32(arith.GELU(x[i])*up[i])
	}
	g := ptx.Grid{X: (n + 255) / 256, Y: 1, Threads: 256}
	in, by := b.buffer(floatBytes(x), 0), b.buffer(floatBytes(up), 0)
	q, dx, tx, count := b.buffer(nil, n), b.buffer(nil, n/8), b.buffer(nil, n/8), le32(n/32)
	b.run("quantise", "quantise", g, in, q, dx, tx, count)
	b.quantised(x, q, dx, tx)
	b.run("quantise", "gated_silu", g, in, by, q, dx, tx, count)
	b.quantised(silu, q, dx, tx)
	b.run("quantise", "gated_gelu", g, in, by, q, dx, tx, count)
	b.quantised(gelu, q, dx, tx)
}

func TestTheLikeliestToken(t *testing.T) {
	(&bench{t: t, s: ptx.Schedule{Random: true, Races: true}}).likeliest(rand.New(rand.NewPCG(25, 26)))
	(&bench{t: t, threads: mostThreads}).likeliest(rand.New(rand.NewPCG(25, 26)))
}

// likeliest compares choices among logits with many equals, and finds what is
// not finite among logits and in states.
func (b *bench) likeliest(r *rand.Rand) {
	b.t.Helper()
	const rows, vocab, width = 24, 1300, 300
	threads := cmp.Or(b.threads, 128)
	logits, states, want := make([]float32, rows*vocab), make([]float32, rows*width), make([]int32, rows)
	for i := range logits {
		logits[i] = float32(r.IntN(2 << (i / vocab % 12)))
	}
	for i := range want {
		want[i] = arith.Choose(logits[i*vocab:][:vocab], arith.Sampling{}, 0)
	}
	for w := range min(8, threads/32) { // several of a block's warps find one, and where there are few, each
		logits[w*vocab+32*w], want[w] = float32(math.NaN()), -1
	}
	logits[9*vocab+999], want[9] = float32(math.Inf(-1)), -1
	states[10*width+257], want[10] = float32(math.Inf(1)), -1
	out := b.buffer(nil, 4*rows)
	b.run("choose", "likeliest", ptx.Grid{X: rows, Y: 1, Threads: threads},
		b.buffer(floatBytes(logits), 0), b.buffer(floatBytes(states), 0), out, le32(vocab), le32(width))
	for i, x := range b.floats(out, rows) {
		if got := int32(math.Float32bits(x)); got != want[i] {
			b.t.Errorf("row %d: got %d, want %d", i, got, want[i])
		}
	}
}

// BenchmarkTheInterpreter is how quick the proof is: instructions of single
// lanes a second.
func BenchmarkTheInterpreter(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q4_K} {
		b.Run(kind.String(), func(b *testing.B) {
			w, x, k := randomMatrix(r, kind, 256, 2048), awkward(r, 2048), kernel(b, "single", cuda.KernelName("linear_", kind, "_1"))
			before := k.Lanes()
			for b.Loop() {
				(&bench{t: b}).linear(w, nil, x, 1)
			}
			b.ReportMetric(float64(k.Lanes()-before)/b.Elapsed().Seconds()/1e6, "Mlanes/s")
		})
	}
}
