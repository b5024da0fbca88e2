package arith

import "encoding/binary"

// The kernels of one row and four tokens: a block is unpacked once and used
// four times.

// dotNibbles is the dot product of a block's nibbles, four to a word in the
// order of pack4, with packed activations.
func dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7 uint64, x *words4) int64 {
	a := w0*x[0] + w1*x[1] + w2*x[2] + w3*x[3] + top16
	b := w4*x[4] + w5*x[5] + w6*x[6] + w7*x[7] + top16
	return int64(a)>>48 + int64(b)>>48
}

func q41Tokens4(row []byte, g *quad) (y [4]float32, ok bool) {
	r := blocks[q41](row)
	n := len(r)
	lanes, dxs, txs := g.lanes4[:n], g.dx[:n], g.tx[:n]
	var a0, a1, a2, a3 float64
	var y0, y1, y2, y3 float32
	for i := range r {
		b, x, dx, tx := &r[i], &lanes[i], &dxs[i], &txs[i]
		lo, hi := load64(b[4:]), load64(b[12:])
		w0, w1, w2, w3 := lo&nibbles, lo>>8&nibbles, lo>>4&nibbles, lo>>12&nibbles
		w4, w5, w6, w7 := hi&nibbles, hi>>8&nibbles, hi>>4&nibbles, hi>>12&nibbles
		h := binary.LittleEndian.Uint32(b[0:])
		d, m := first(h), float64(second(h))
		p0 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[0])) * float64(d*dx[0])
		p1 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[1])) * float64(d*dx[1])
		p2 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[2])) * float64(d*dx[2])
		p3 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[3])) * float64(d*dx[3])
		s0, s1, s2, s3 := p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return y, false
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
		p0, p1, p2, p3 = m*tx[0], m*tx[1], m*tx[2], m*tx[3]
		s0, s1, s2, s3 = p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return y, false
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
		if i%chunkBlocks == chunkBlocks-1 {
			y0, y1, y2, y3 = y0+float32(a0), y1+float32(a1), y2+float32(a2), y3+float32(a3)
			a0, a1, a2, a3 = 0, 0, 0, 0
		}
	}
	return [4]float32{y0 + float32(a0), y1 + float32(a1), y2 + float32(a2), y3 + float32(a3)}, true
}

func q40Tokens4(row []byte, g *quad) (y [4]float32, ok bool) {
	r := blocks[q40](row)
	n := len(r)
	lanes, dxs, ts := g.lanes4[:n], g.dx[:n], g.t[:n]
	var a0, a1, a2, a3 float64
	var y0, y1, y2, y3 float32
	for i := range r {
		b, x, dx, t := &r[i], &lanes[i], &dxs[i], &ts[i]
		lo, hi := load64(b[2:]), load64(b[10:])
		w0, w1, w2, w3 := lo&nibbles, lo>>8&nibbles, lo>>4&nibbles, lo>>12&nibbles
		w4, w5, w6, w7 := hi&nibbles, hi>>8&nibbles, hi>>4&nibbles, hi>>12&nibbles
		d := first(load16(b[0:]))
		p0 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[0])-8*int64(t[0])) * float64(d*dx[0])
		p1 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[1])-8*int64(t[1])) * float64(d*dx[1])
		p2 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[2])-8*int64(t[2])) * float64(d*dx[2])
		p3 := float64(dotNibbles(w0, w1, w2, w3, w4, w5, w6, w7, &x[3])-8*int64(t[3])) * float64(d*dx[3])
		s0, s1, s2, s3 := p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return y, false
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
		if i%chunkBlocks == chunkBlocks-1 {
			y0, y1, y2, y3 = y0+float32(a0), y1+float32(a1), y2+float32(a2), y3+float32(a3)
			a0, a1, a2, a3 = 0, 0, 0, 0
		}
	}
	return [4]float32{y0 + float32(a0), y1 + float32(a1), y2 + float32(a2), y3 + float32(a3)}, true
}

func q80Tokens4(row []byte, g *quad) (y [4]float32, ok bool) {
	r := blocks[q80](row)
	n := len(r)
	lanes, dxs, ts := g.lanes8[:n], g.dx[:n], g.t[:n]
	var a0, a1, a2, a3 float64
	var y0, y1, y2, y3 float32
	for i := range r {
		b, x, dx, t := &r[i], &lanes[i], &dxs[i], &ts[i]
		w := load64(b[2:]) ^ signBits
		w0, w1, w2, w3 := w&lowBytes, w>>8&lowBytes, w>>16&lowBytes, w>>24&lowBytes
		d0 := top32 + w0*x[0][0] + w1*x[0][1] + w2*x[0][2] + w3*x[0][3]
		d1 := top32 + w0*x[1][0] + w1*x[1][1] + w2*x[1][2] + w3*x[1][3]
		d2 := top32 + w0*x[2][0] + w1*x[2][1] + w2*x[2][2] + w3*x[2][3]
		d3 := top32 + w0*x[3][0] + w1*x[3][1] + w2*x[3][2] + w3*x[3][3]
		w = load64(b[10:]) ^ signBits
		w0, w1, w2, w3 = w&lowBytes, w>>8&lowBytes, w>>16&lowBytes, w>>24&lowBytes
		d0 += w0*x[0][4] + w1*x[0][5] + w2*x[0][6] + w3*x[0][7]
		d1 += w0*x[1][4] + w1*x[1][5] + w2*x[1][6] + w3*x[1][7]
		d2 += w0*x[2][4] + w1*x[2][5] + w2*x[2][6] + w3*x[2][7]
		d3 += w0*x[3][4] + w1*x[3][5] + w2*x[3][6] + w3*x[3][7]
		w = load64(b[18:]) ^ signBits
		w0, w1, w2, w3 = w&lowBytes, w>>8&lowBytes, w>>16&lowBytes, w>>24&lowBytes
		d0 += w0*x[0][8] + w1*x[0][9] + w2*x[0][10] + w3*x[0][11]
		d1 += w0*x[1][8] + w1*x[1][9] + w2*x[1][10] + w3*x[1][11]
		d2 += w0*x[2][8] + w1*x[2][9] + w2*x[2][10] + w3*x[2][11]
		d3 += w0*x[3][8] + w1*x[3][9] + w2*x[3][10] + w3*x[3][11]
		w = load64(b[26:]) ^ signBits
		w0, w1, w2, w3 = w&lowBytes, w>>8&lowBytes, w>>16&lowBytes, w>>24&lowBytes
		d0 += w0*x[0][12] + w1*x[0][13] + w2*x[0][14] + w3*x[0][15]
		d1 += w0*x[1][12] + w1*x[1][13] + w2*x[1][14] + w3*x[1][15]
		d2 += w0*x[2][12] + w1*x[2][13] + w2*x[2][14] + w3*x[2][15]
		d3 += w0*x[3][12] + w1*x[3][13] + w2*x[3][14] + w3*x[3][15]
		d := first(load16(b[0:]))
		p0 := float64(int64(d0)>>32-128*int64(t[0])) * float64(d*dx[0])
		p1 := float64(int64(d1)>>32-128*int64(t[1])) * float64(d*dx[1])
		p2 := float64(int64(d2)>>32-128*int64(t[2])) * float64(d*dx[2])
		p3 := float64(int64(d3)>>32-128*int64(t[3])) * float64(d*dx[3])
		s0, s1, s2, s3 := p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return y, false
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
		if i%chunkBlocks == chunkBlocks-1 {
			y0, y1, y2, y3 = y0+float32(a0), y1+float32(a1), y2+float32(a2), y3+float32(a3)
			a0, a1, a2, a3 = 0, 0, 0, 0
		}
	}
	return [4]float32{y0 + float32(a0), y1 + float32(a1), y2 + float32(a2), y3 + float32(a3)}, true
}
