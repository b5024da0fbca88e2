package arith

// words lays the weights out for the lanes of pack4: word 2i and 2i+1 of a half
// hold the even and odd bytes.
func (b *spread32) words() (w words4) {
	for i, u := range [4]uint64{b.u[0], b.u[2], b.u[1], b.u[3]} {
		w[2*i], w[2*i+1] = u&everySecnd, u>>8&everySecnd
	}
	return w
}

// dots returns the dots of the first and of the last sixteen weights.
func (w *words4) dots(x *words4) (first, last int64) {
	lane := func(i int) int64 { return int64(w[i]*x[i]+top16) >> top16Only }
	return lane(0) + lane(1) + lane(4) + lane(5), lane(2) + lane(3) + lane(6) + lane(7)
}

// halfSums returns the sums of the first and of the last sixteen activations.
func halfSums(x *words4) (first, last int64) {
	ones := words4{}
	for i := range ones {
		ones[i] = 0x0001000100010001
	}
	return ones.dots(x)
}

// step adds one block to a running sum.
func (s *spreader) step(b *spread32, w, x *words4, t int32, dx, tx float32, sum float64) float64 {
	first, last := w.dots(x)
	if s.halves {
		tf, tl := halfSums(x)
		sum = add(float64(first-int64(s.offset)*tf)*float64(b.d*dx), sum)
		return add(float64(last-int64(s.offset)*tl)*float64(b.m*dx), sum)
	}
	sum = add(float64(first+last-int64(s.offset*t))*float64(b.d*dx), sum)
	if s.minimum {
		sum = add(float64(b.m)*float64(tx), sum)
	}
	return sum
}

// spreadRow is plainRow of a type with a spreader.
func (f *format) spreadRow(s *spreader, row []byte, v *Vec) float32 {
	var total float32
	var sum float64
	for i := range v.DX {
		b := s.load(f.stored(row, i), i%f.group)
		w := b.words()
		sum = s.step(&b, &w, &v.lanes4[i], v.T[i], v.DX[i], v.TX[i], sum)
		if i%chunkBlocks == chunkBlocks-1 {
			total, sum = total+float32(sum), 0
		}
	}
	return total + float32(sum)
}

// spreadRow4 is spreadRow for four tokens.
func (f *format) spreadRow4(s *spreader, row []byte, g *quad) (y [4]float32) {
	var sum [4]float64
	for i := range g.t {
		b := s.load(f.stored(row, i), i%f.group)
		w := b.words()
		for k := range sum {
			dx, tx := g.dx[i][k]*rebias, float32(g.tx[i][k]*rebias)
			sum[k] = s.step(&b, &w, &g.lanes4[i][k], g.t[i][k], dx, tx, sum[k])
		}
		if i%chunkBlocks == chunkBlocks-1 {
			for k := range sum {
				y[k], sum[k] = y[k]+float32(sum[k]), 0
			}
		}
	}
	for k := range sum {
		y[k] += float32(sum[k])
	}
	return y
}

// rebias undoes unbias: exactly, where the product did not overflow (Vec.huge).
const rebias = 0x1p-112
