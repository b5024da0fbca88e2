package arith

import "golang.org/x/sys/cpu"

// vectors says that the processor has what fast_amd64.s is written in.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// rows4 sets y[r][k] to row r times token k. w are the weights of the four rows,
// [4][blocks], 32 of 16 bits to a words4, in the order of abreast.put; scales are
// scale and minimum of each block and row, or both scales where halves is set; x,
// dx and tx are the tokens'. blocks is at least 1.
//
//go:noescape
func rows4(y *[4][8]float32, w *words4, scales *[4][2]float32, x *[BlockLen / 2][8]uint32, dx, tx *[8]float32, blocks int, halves bool)

// sums32 sets out[l] to the fused sum of x[i]·m[i·stride+l] over ascending i, n of
// them, from +0. n is at least 1.
//
//go:noescape
func sums32(out *[32]float32, x, m *float32, n, stride int)
