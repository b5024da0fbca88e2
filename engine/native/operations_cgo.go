//go:build cgo

package native

// #include "engine.h"
import "C"

import (
	"unsafe"

	"github.com/assaynet/assay/engine/gguf"
)

// The functions below run one operation at a level, on the calling thread:
// tests compare them with the reference. cgo is not allowed in test files, so
// they are here.

// TestGEMM multiplies rows × cols stored weights, as they lie or interleaved,
// by n rows of x and returns n rows; bias may be nil.
func TestGEMM(l Level, interleaved bool, t gguf.Type, rows, cols int, data []byte, n int, x, bias []float32) ([][]float32, error) {
	stride := (rows + 15) / 16 * 16
	flat := make([]float32, n*stride)
	err := status(C.eng_test_gemm(C.int(l), truth(interleaved), C.int(t), C.int(rows), C.int(cols), (*C.uint8_t)(unsafe.SliceData(data)), C.int(n),
		floats(x), floats(bias), floats(flat)), "multiply")
	out := make([][]float32, n)
	for i := range out {
		out[i] = flat[i*stride:][:rows]
	}
	return out, err
}

func truth(x bool) C.int {
	if x {
		return 1
	}
	return 0
}

// TestEmbed writes a row of stored weights as floats.
func TestEmbed(l Level, interleaved bool, t gguf.Type, rows, cols int, data []byte, row int, out []float32) error {
	return status(C.eng_test_embed(C.int(l), truth(interleaved), C.int(t), C.int(rows), C.int(cols), (*C.uint8_t)(unsafe.SliceData(data)), C.int(row),
		floats(out)), "embed")
}

// TestQuantize quantises x, whose length is a multiple of 32.
func TestQuantize(l Level, x []float32) (q []int8, dx, tx []float32, err error) {
	q, dx, tx = make([]int8, len(x)), make([]float32, len(x)/32), make([]float32, len(x)/32)
	err = status(C.eng_test_quantize(C.int(l), C.int(len(x)), floats(x), (*C.int8_t)(unsafe.SliceData(q)), floats(dx), floats(tx)), "quantise")
	return q, dx, tx, err
}

// TestNorm returns the norm of x with weights w.
func TestNorm(l Level, x, w []float32, eps float32) ([]float32, error) {
	y := make([]float32, len(x))
	return y, status(C.eng_test_norm(C.int(l), C.int(len(x)), floats(x), floats(w), C.float(eps), floats(y)), "norm")
}

// TestFunction returns a function of each x: 0 exp, 1 silu(x)·y, 2 gelu(x)·y, 3
// the soft cap y[0].
func TestFunction(l Level, kind int, x, y []float32) ([]float32, error) {
	out := make([]float32, len(x))
	return out, status(C.eng_test_function(C.int(l), C.int(kind), C.int(len(x)), floats(x), floats(y), floats(out)), "compute")
}

// TestAttend returns the attention of query rows of d elements over positions
// from … to of each; k and v are rows of d. Threads share it in so many slices,
// or one does it where there are 0; far prefetches as on machines whose second
// cache is the better place.
func TestAttend(l Level, slices int, far bool, rows, d int, softcap float32, q, k, v []float32, from, to []int32) ([]float32, error) {
	out := make([]float32, rows*d)
	var second C.int
	if far {
		second = 1
	}
	return out, status(C.eng_test_attend(C.int(l), C.int(slices), second, C.int(rows), C.int(d), C.int(len(k)/d), C.float(softcap), floats(q), floats(k), floats(v),
		int32s(from), int32s(to), floats(out)), "attend")
}

// Part is what one part of a step's attention reads, in pages.
type Part struct {
	Whole  int // keys and values, which one thread reads
	Shared int // keys, and in a second loop values, of a sequence that threads share
}

// TestParts returns the parts of the attention of a step, in the order in which
// threads take them: of one token of each of so many sequences, at positions
// past.
func TestParts(threads, heads, kvHeads, window int, past []int32) ([]Part, error) {
	most := (len(past) + 8*threads) * kvHeads
	whole, shared := make([]int32, most), make([]int32, most)
	var n C.int32_t
	err := status(C.eng_test_parts(C.int(threads), C.int(heads), C.int(kvHeads), C.int(window), C.int(len(past)), int32s(past), C.int64_t(most),
		int32s(whole), int32s(shared), &n), "divide attention")
	if err != nil {
		return nil, err
	}
	parts := make([]Part, n)
	for i := range parts {
		parts[i] = Part{int(whole[i]), int(shared[i])}
	}
	return parts, nil
}

// The functions below measure kernels alone, for scripts/bench/kernels. Each
// returns the seconds of the quickest of some rounds.

// BenchGEMM multiplies random weights by n tokens, on so many threads. It also
// returns the bytes that a file has of the weights.
func BenchGEMM(l Level, interleaved bool, threads int, t gguf.Type, rows, cols, n, rounds int) (seconds float64, bytes int64, err error) {
	var best C.double
	var size C.int64_t
	err = status(C.eng_bench_gemm(C.int(l), truth(interleaved), C.int(threads), C.int(t), C.int(rows), C.int(cols), C.int(n), C.int(rounds), &best, &size), "measure")
	return float64(best), int64(size), err
}

// BenchRead reads so many bytes and does nothing else.
func BenchRead(l Level, threads int, bytes int64, rounds int) (seconds float64, err error) {
	var best C.double
	err = status(C.eng_bench_read(C.int(l), C.int(threads), C.int64_t(bytes), C.int(rounds), &best), "measure")
	return float64(best), err
}

// BenchTile multiplies 16 rows by 8 tokens and 576 inputs, which stay in the
// first cache, a thousand times on one thread.
func BenchTile(l Level, rounds int) (seconds float64, err error) {
	var best C.double
	err = status(C.eng_bench_tile(C.int(l), C.int(rounds), &best), "measure")
	return float64(best), err
}
