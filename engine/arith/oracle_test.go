package arith_test

import (
	"encoding/binary"
	"math"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

// blockTypes are the types that matrices are multiplied in.
var blockTypes = []gguf.Type{
	gguf.Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL, gguf.MXFP4,
}

// oracleBlock reads the 32 weights of block b of a row by the plainest reading
// of ggml's layouts: integers, scale, and the minimum or, for Q6_K, the scale
// of the last sixteen.
func oracleBlock(kind gguf.Type, row []byte, b int) (w [32]int, d, m float32) {
	half := func(b []byte) float32 { return half.Widen(binary.LittleEndian.Uint16(b)) }
	elements, size := kind.Block()
	group := int(elements) / 32
	blk, sub := row[b/group*int(size):][:size], b%group
	bit := func(b []byte, i int) int { return int(b[i/8]>>(i%8)&1) << 4 }
	switch kind {
	case gguf.Q8_0:
		d = half(blk)
		for i := range w {
			w[i] = int(int8(blk[2+i]))
		}
	case gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1:
		head, less := 2, map[gguf.Type]int{gguf.Q4_0: 8, gguf.Q5_0: 16}[kind]
		d = half(blk)
		if less == 0 {
			m, head = half(blk[2:]), 4
		}
		five := kind == gguf.Q5_0 || kind == gguf.Q5_1
		quants := blk[size-16:]
		for i := range w {
			w[i] = int(quants[i%16]>>(i/16*4)&15) - less
			if five {
				w[i] += bit(blk[head:], i)
			}
		}
	case gguf.Q4_K, gguf.Q5_K:
		sc, mn := oracleSubScales(blk[4:16], sub)
		d, m = half(blk)*float32(sc), -half(blk[2:])*float32(mn)
		quants := blk[size-128:][sub/2*32:]
		for i := range w {
			w[i] = int(quants[i] >> (sub % 2 * 4) & 15)
			if kind == gguf.Q5_K {
				w[i] += int(blk[16+i]>>sub&1) << 4
			}
		}
	case gguf.IQ4_NL:
		d = half(blk)
		for i := range w {
			w[i] = [16]int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}[blk[2+i%16]>>(i/16*4)&15]
		}
	case gguf.MXFP4:
		d = float32(math.Ldexp(0.5, int(blk[0])-127))
		for i := range w {
			u := int(blk[1+i%16]>>(i/16*4)) & 15
			w[i] = [8]int{0, 1, 2, 3, 4, 6, 8, 12}[u&7] * (1 - u&8/4)
		}
	case gguf.Q6_K:
		d, m = half(blk[208:])*float32(int8(blk[192+2*sub])), half(blk[208:])*float32(int8(blk[193+2*sub]))
		for i := range w {
			e := 32*sub + i // ggml writes element e of 128 into nibble e/64 of byte e mod 64, bits 2(e/32) of byte e mod 32
			part, r := e/128, e%128
			low := int(blk[part*64+r%64]>>(r/64*4)) & 15
			high := int(blk[128+part*32+r%32]>>(r/32*2)) & 3
			w[i] = low | high<<4 - 32
		}
	}
	return w, d, m
}

// oracleSubScales unpacks the six-bit scale and minimum number j of eight.
func oracleSubScales(q []byte, j int) (sc, mn int) {
	if j < 4 {
		return int(q[j] & 63), int(q[j+4] & 63)
	}
	return int(q[j+4]&15) | int(q[j-4]>>6)<<4, int(q[j+4]>>4) | int(q[j]>>6)<<4
}
