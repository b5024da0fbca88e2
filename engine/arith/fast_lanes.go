package arith

import "sync"

// Eight tokens side by side, one in each lane of a vector, where the processor has
// vectors (fast_amd64.s). Four rows are unpacked once, to 16 bits a weight, and
// multiplied by all tokens of a batch: what rounds is done for each lane as
// plainChunk does it, in one instruction each. A type of weights needs no kernel
// for it, only its spread32.

const (
	octet    = 8 // tokens
	laneRows = 4
	// fewTokens is from how many tokens on unpacking rows pays, fewLanes, once they are
	// unpacked, from how many on eight lanes cost less than a kernel of one token for
	// each.
	fewTokens, fewLanes = 6, 3
)

// abreast are the quantised activations of eight tokens. Lanes that are not set
// hold anything.
type abreast struct {
	pairs  [][BlockLen / 2][octet]uint32 // [blocks], two of 16 bits each, in the order of put
	dx, tx [][octet]float32              // [blocks]
}

func (l *abreast) reset(blocks int) {
	l.pairs, l.dx, l.tx = resize(l.pairs, blocks), resize(l.dx, blocks), resize(l.tx, blocks)
}

// put sets lane k. Of each eight elements the even ones come first, then the odd
// ones, as they come out of a word of bytes.
func (l *abreast) put(k int, v *Vec) {
	for b := range v.DX {
		l.dx[b][k], l.tx[b][k] = v.DX[b], v.TX[b]
		q, pairs := v.block(b), &l.pairs[b]
		for i := range pairs {
			e := i/4*8 + i/2%2 + i%2*4
			pairs[i][k] = uint32(uint16(q[e])) | uint32(uint16(q[e+2]))<<16
		}
	}
}

// unpacked is memory for the weights of laneRows rows.
type unpacked struct {
	weights []words4               // [laneRows][blocks]
	scales  [][laneRows][2]float32 // [blocks]
}

var unpackedPool = sync.Pool{New: func() any { return new(unpacked) }}

// row unpacks one of the rows.
func (u *unpacked) row(f *format, data []byte, r, blocks int) {
	weights := u.weights[r*blocks:][:blocks]
	for b := 0; b < blocks; b += f.group {
		stored := f.stored(data, b)
		for sub := range f.group {
			s, w := f.load(stored, sub), &weights[b+sub]
			u.scales[b+sub][r] = [2]float32{s.d, s.m}
			for i, x := range s.u {
				w[2*i], w[2*i+1] = f.signed(x&everySecnd), f.signed(x>>8&everySecnd)
			}
		}
	}
}

// signed takes the offset from each of four lanes, none of which is above 255. The
// top bits keep a lane from borrowing of its neighbour.
func (f *format) signed(x uint64) uint64 {
	if f.offset4 == 0 {
		return x
	}
	return (x | everyTop - f.offset4) ^ everyTop
}

const everyTop = 0x8000800080008000

// lanes computes rows from … to for the tokens that lie side by side.
func (p Product) lanes(x *Batch, from, to int) {
	m := p.Matrix
	blocks := m.Cols / BlockLen
	u := unpackedPool.Get().(*unpacked)
	defer unpackedPool.Put(u)
	u.weights, u.scales = resize(u.weights, laneRows*blocks), resize(u.scales, blocks)
	for r := from; r < to; r += laneRows {
		n := min(laneRows, to-r)
		for i := range n {
			u.row(m.f, m.row(r+i), i, blocks)
		}
		for at := 0; at < x.aside; at += octet {
			var y [laneRows][octet]float32
			l := x.octets[at/octet]
			rows4(&y, &u.weights[0], &u.scales[0], &l.pairs[0], &l.dx[0], &l.tx[0], blocks, m.f.halves)
			for k, out := range p.Out[at:min(at+octet, x.aside)] {
				for i := range out[r : r+n] {
					out[r+i] = y[i][k]
				}
			}
		}
		p.huge(x, r, r+n)
	}
}

// huge computes what lanes cannot: where a scale times a sum is infinite, a minimum
// of zero does not leave a sum as it is.
func (p Product) huge(x *Batch, from, to int) {
	for t, v := range x.vecs[:x.aside] {
		for r := from; v.huge && r < to; r++ {
			p.Out[t][r] = p.Matrix.f.plainRow(p.Matrix.row(r), v)
		}
	}
}
