package ptx

// Matrix instructions: ldmatrix (PTX ISA §9.7.13.4, of 8 × 8 elements of 16
// bits) and mma of signed bytes (§9.7.13.5, with the fragments of m8n8k16,
// m16n8k16 and m16n8k32). All are .sync.aligned: they wait for the whole warp.
var matrices = []opcode{
	op(collectives, "ldmatrix.sync.aligned.m8n8.x4.shared.b16 v4b32,ms"),
	multiply("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 v2i32,v1b32,v1b32,v2i32", 8, 16),
	multiply("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 v4i32,v2b32,v1b32,v4i32", 16, 16),
	multiply("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 v4i32,v4b32,v2b32,v4i32", 16, 32),
}

func multiply(form string, m, k int) opcode {
	o := op(collectives, form)
	o.m, o.k = m, k
	return o
}

// collective runs for the whole warp.
func (w *warp) collective(in *instr) error {
	defer func() { w.syncs++ }() // what was written before has not been waited for
	if in.op.m == 0 {
		return w.loadMatrices(in)
	}
	w.multiply(in)
	return nil
}

// loadMatrices gives lane l the word l % 4 of row l / 4 of each matrix: lane r
// of each eight has the address of row r, of 16 bytes.
func (w *warp) loadMatrices(in *instr) error {
	var x [4]lanes
	for i := range in.vec {
		for l := range warpSize {
			row := i*8 + l/4
			a := w.regs[in.a][row] + uint64(in.offset)
			r, off, err := w.locate(in, row, a, 16, shared)
			if err != nil {
				return err
			}
			off += l % 4 * 4
			if !r.known(off, 4) {
				return w.wrong(ErrUndefined, in, 1<<row, "memory at %#x, 16 bytes", a)
			}
			if w.block.races {
				if kind := r.noteRead(w, l, off, 4, false); kind != nil {
					return w.wrong(kind, in, 1<<l, "a read at %#x", a)
				}
			}
			x[i][l] = loadBytes(r.data[off:], 4)
		}
	}
	for i, slot := range in.vec {
		w.write(slot, &x[i], fullWarp)
	}
	return nil
}

// multiply adds the products of m rows of k bytes with eight columns to c.
// Registers are of eight rows each and 16 bytes of k, rows first: lane l has the
// word l % 4 of row, or column, l / 4. Of results it has columns 2 · (l % 4) and
// the next, of row l / 4, and those of the rows eight further on.
func (w *warp) multiply(in *instr) {
	m, k := in.op.m/8, in.op.k/16
	var a [16][32]int32
	var b [8][32]int32
	words := func(slot, row, at int, to [][32]int32) {
		for l, x := range w.regs[slot] {
			for i := range 4 {
				to[row+l/4][at+l%4*4+i] = int32(int8(x >> (8 * i)))
			}
		}
	}
	for i := range m * k {
		words(in.more[i], i%m*8, i/m*16, a[:])
	}
	for i := range k {
		words(in.more[m*k+i], 0, i*16, b[:])
	}
	var d [4]lanes
	for i := range 2 * m {
		c := &w.regs[in.more[m*k+k+i]]
		for l := range warpSize {
			row, column := &a[l/4+i/2*8], &b[l%4*2+i%2]
			sum := int32(uint32(c[l]))
			for j := range 16 * k {
				sum += row[j] * column[j]
			}
			d[i][l] = uint64(uint32(sum))
		}
	}
	for i, slot := range in.vec {
		w.write(slot, &d[i], fullWarp)
	}
}
