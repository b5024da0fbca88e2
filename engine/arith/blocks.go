package arith

import (
	"encoding/binary"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

// format is how weights of one type are stored and multiplied. A new type is a
// new entry of formats. The types that have no kernels of their own are in
// blocks_spread.go and blocks_table.go, the kernels in fast.go and its
// neighbours.
type format struct {
	bytes int     // of a stored block
	group int     // stored blocks of 256 weights hold 8 blocks of 32, which this package computes with; the others 1
	pack  Packing // what the kernels below read of a Vec
	// decode gives the weights of block sub of a stored block as integers, with
	// scale and minimum (0 where the type has none). A type with halves has a
	// second scale, of its last sixteen weights, in the place of a minimum.
	decode func(stored []byte, sub int, w *[BlockLen]int32) (d, m float32)
	halves bool
	// minimum tells that each block adds its minimum times the sum of the
	// activations.
	minimum bool
	// rows2 multiplies two rows by one token, tokens4 one row by four tokens.
	// They are quick and give up (ok false) on a sum that binary64 cannot
	// decide; plainRow then does it.
	rows2   func(a, b []byte, v *Vec) (ya, yb float32, ok bool)
	tokens4 func(row []byte, g *quad) (y [4]float32, ok bool)
	// load reads block sub of a stored block, its weights plus an offset, for lanes;
	// offset4 is the offset in each 16-bit lane of a word.
	load    func(stored []byte, sub int) spread32
	offset4 uint64
}

// formats are the types that matrices may have: weights.Types, no more and no
// fewer.
var formats = sized(map[gguf.Type]*format{
	gguf.Q8_0: {pack: Pack8, decode: decodeQ80, rows2: q80Rows2, tokens4: q80Tokens4, load: spreadQ80, offset4: 128 * everyLane},
	gguf.Q4_0: {pack: Pack4, decode: decodeQ40, rows2: q40Rows2, tokens4: q40Tokens4, load: spreadQ40, offset4: 8 * everyLane},
	gguf.Q4_1: {pack: Pack4, decode: decodeQ41, minimum: true, rows2: q41Rows2, tokens4: q41Tokens4, load: spreadQ41},
	gguf.Q5_0: spreadFormat(spreadQ50),
	gguf.Q5_1: spreadFormat(spreadQ51),
	gguf.Q4_K: spreadFormat(spreadQ4K),
	gguf.Q5_K: spreadFormat(spreadQ5K),
	gguf.Q6_K: spreadFormat(spreadQ6K),

	gguf.IQ4_NL: tableFormat(decodeIQ4NL),
	gguf.MXFP4:  tableFormat(decodeMXFP4),
})

// sized gives each format the size of its stored blocks, which package gguf knows.
func sized(formats map[gguf.Type]*format) map[gguf.Type]*format {
	for t, f := range formats {
		elements, bytes := t.Block()
		f.bytes, f.group = int(bytes), int(elements)/BlockLen
	}
	return formats
}

// decodeQ80 reads d (binary16) and 32 signed bytes.
func decodeQ80(block []byte, _ int, w *[BlockLen]int32) (d, m float32) {
	for i := range w {
		w[i] = int32(int8(block[2+i]))
	}
	return half.WidenFinite(binary.LittleEndian.Uint16(block)), 0
}

// decodeQ40 reads d (binary16) and 16 bytes; byte i holds element i in its low
// and i+16 in its high nibble, each plus 8.
func decodeQ40(block []byte, _ int, w *[BlockLen]int32) (d, m float32) {
	for i, b := range block[2:18] {
		w[i], w[i+16] = int32(b&15)-8, int32(b>>4)-8
	}
	return half.WidenFinite(binary.LittleEndian.Uint16(block)), 0
}

// decodeQ41 reads d, m (binary16) and 16 bytes of nibbles, laid out as in Q4_0.
func decodeQ41(block []byte, _ int, w *[BlockLen]int32) (d, m float32) {
	for i, b := range block[4:20] {
		w[i], w[i+16] = int32(b&15), int32(b>>4)
	}
	return half.WidenFinite(binary.LittleEndian.Uint16(block)), half.WidenFinite(binary.LittleEndian.Uint16(block[2:]))
}

// plainRow multiplies a row by one token as SPEC.md §3 is written. It is the
// definition that the kernels are tested against, and does the work where they
// give up.
func (f *format) plainRow(row []byte, v *Vec) float32 {
	var total float32
	for from := 0; from < v.Blocks(); from += chunkBlocks {
		total += f.plainChunk(row, v, from, min(from+chunkBlocks, v.Blocks()))
	}
	return total
}

func (f *format) plainChunk(row []byte, v *Vec, from, to int) float32 {
	var sum float32
	var w [BlockLen]int32
	for b := from; b < to; b++ {
		d, m := f.decode(f.stored(row, b), b%f.group, &w)
		var dots [2]int32 // of the first and the last sixteen
		for i, q := range v.block(b) {
			dots[i/16] += w[i] * int32(q)
		}
		switch {
		case f.halves:
			sum = FMA(float32(dots[0]), float32(d*v.DX[b]), sum)
			sum = FMA(float32(dots[1]), float32(m*v.DX[b]), sum)
		default:
			sum = FMA(float32(dots[0]+dots[1]), float32(d*v.DX[b]), sum)
		}
		if f.minimum {
			sum = FMA(m, v.TX[b], sum)
		}
	}
	return sum
}

// stored returns the stored block of a row that block b of 32 weights is part of.
func (f *format) stored(row []byte, b int) []byte {
	at := b / f.group * f.bytes
	return row[at : at+f.bytes]
}

// embed writes a row's weights as floats: w·d, plus m where the type has one;
// the products are exact.
func (f *format) embed(out []float32, row []byte) {
	var w [BlockLen]int32
	for b := range len(out) / BlockLen {
		d, m := f.decode(f.stored(row, b), b%f.group, &w)
		for i, k := range w {
			if f.halves && i == BlockLen/2 {
				d = m
			}
			out[b*BlockLen+i] = float32(float32(k) * d)
			if f.minimum {
				out[b*BlockLen+i] += m
			}
		}
	}
}
