package arith

import "encoding/binary"

// The kernels of one row and four tokens: a block is unpacked once and used four times.

// nibbleWords are a block's 32 nibbles, four to a word, in the order of pack4.
type nibbleWords [words4]uint64

func unpack4(lo, hi uint64) (w nibbleWords) {
	w[0], w[1], w[2], w[3] = lo&nibbles, lo>>8&nibbles, lo>>4&nibbles, lo>>12&nibbles
	w[4], w[5], w[6], w[7] = hi&nibbles, hi>>8&nibbles, hi>>4&nibbles, hi>>12&nibbles
	return w
}

func (w *nibbleWords) dot(x *[words4]uint64) int64 {
	a := w[0]*x[0] + w[1]*x[1] + w[2]*x[2] + w[3]*x[3]
	b := w[4]*x[4] + w[5]*x[5] + w[6]*x[6] + w[7]*x[7]
	return int64(a+top16)>>48 + int64(b+top16)>>48
}

func q41Tokens4(row []byte, v *[4]*Vec, from, to int) (y [4]float32, ok bool) {
	var sum [4]float64
	for i := from; i < to; i++ {
		b := (*[20]byte)(row[20*i:])
		w := unpack4(binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint64(b[12:]))
		d, m := half(b[0:]), float64(half(b[2:]))
		for k, x := range v {
			a, p := sum[k], float64(w.dot((*[words4]uint64)(x.lanes4[i*words4:])))*float64(d*x.DX[i])
			s := p + a
			if wrong(s, p, a) {
				return y, false
			}
			a, p = round32(s), m*float64(x.TX[i])
			s = p + a
			if wrong(s, p, a) {
				return y, false
			}
			sum[k] = round32(s)
		}
	}
	return narrow4(&sum), true
}

func q40Tokens4(row []byte, v *[4]*Vec, from, to int) (y [4]float32, ok bool) {
	var sum [4]float64
	for i := from; i < to; i++ {
		b := (*[18]byte)(row[18*i:])
		w := unpack4(binary.LittleEndian.Uint64(b[2:]), binary.LittleEndian.Uint64(b[10:]))
		d := half(b[0:])
		for k, x := range v {
			dot := w.dot((*[words4]uint64)(x.lanes4[i*words4:])) - 8*int64(x.T[i])
			a, p := sum[k], float64(dot)*float64(d*x.DX[i])
			s := p + a
			if wrong(s, p, a) {
				return y, false
			}
			sum[k] = round32(s)
		}
	}
	return narrow4(&sum), true
}

func q80Tokens4(row []byte, v *[4]*Vec, from, to int) (y [4]float32, ok bool) {
	var sum [4]float64
	for i := from; i < to; i++ {
		b := (*[34]byte)(row[34*i:])
		d := half(b[0:])
		for k, x := range v {
			dot := dotQ80(b, (*[words8]uint64)(x.lanes8[i*words8:])) - 128*int64(x.T[i])
			a, p := sum[k], float64(dot)*float64(d*x.DX[i])
			s := p + a
			if wrong(s, p, a) {
				return y, false
			}
			sum[k] = round32(s)
		}
	}
	return narrow4(&sum), true
}

func narrow4(s *[4]float64) [4]float32 {
	return [4]float32{float32(s[0]), float32(s[1]), float32(s[2]), float32(s[3])}
}
