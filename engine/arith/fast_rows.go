package arith

import (
	"encoding/binary"
	"unsafe"
)

// The bytes of a block of each type.
type (
	q40 = [18]byte
	q41 = [20]byte
	q80 = [34]byte
)

// blocks views a row as its blocks. They are arrays of bytes, so any address is
// aligned for them.
func blocks[B q40 | q41 | q80](row []byte) []B {
	var b B
	return unsafe.Slice((*B)(unsafe.Pointer(unsafe.SliceData(row))), len(row)/len(b))
}

// dot16 is the dot product of the sixteen nibbles of w with the activations
// packed in x0 … x3.
func dot16(w, x0, x1, x2, x3 uint64) int64 {
	return int64(w&nibbles*x0+w>>8&nibbles*x1+w>>4&nibbles*x2+w>>12&nibbles*x3+top16) >> 48
}

// dot8 is the sum in its upper lane, not yet shifted, of the eight bytes of w
// with the activations packed in x0 … x3.
func dot8(w, x0, x1, x2, x3 uint64) uint64 {
	return w&lowBytes*x0 + w>>8&lowBytes*x1 + w>>16&lowBytes*x2 + w>>24&lowBytes*x3
}

func q41Rows2(rowA, rowB []byte, v *Vec) (ya, yb float32, ok bool) {
	ra, rb := blocks[q41](rowA), blocks[q41](rowB)
	n := len(ra)
	rb, lanes, dxs, txs := rb[:n], v.lanes4[:n], v.dx[:n], v.tx[:n]
	var sa, sb float64
	for i := range ra {
		x, wa, wb, dx, tx := &lanes[i], &ra[i], &rb[i], dxs[i], txs[i]
		pa := float64(dot16(load64(wa[4:]), x[0], x[1], x[2], x[3]) + dot16(load64(wa[12:]), x[4], x[5], x[6], x[7]))
		pb := float64(dot16(load64(wb[4:]), x[0], x[1], x[2], x[3]) + dot16(load64(wb[12:]), x[4], x[5], x[6], x[7]))
		ha, hb := binary.LittleEndian.Uint32(wa[0:]), binary.LittleEndian.Uint32(wb[0:])
		pa, pb = pa*float64(first(ha)*dx), pb*float64(first(hb)*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		pa, pb = float64(second(ha))*tx, float64(second(hb))*tx
		na, nb = pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		if i%chunkBlocks == chunkBlocks-1 {
			ya, yb = ya+float32(sa), yb+float32(sb)
			sa, sb = 0, 0
		}
	}
	return ya + float32(sa), yb + float32(sb), true
}

func q40Rows2(rowA, rowB []byte, v *Vec) (ya, yb float32, ok bool) {
	ra, rb := blocks[q40](rowA), blocks[q40](rowB)
	n := len(ra)
	rb, lanes, dxs, ts := rb[:n], v.lanes4[:n], v.dx[:n], v.T[:n]
	var sa, sb float64
	for i := range ra {
		x, wa, wb, dx, t := &lanes[i], &ra[i], &rb[i], dxs[i], 8*int64(ts[i])
		pa := float64(dot16(load64(wa[2:]), x[0], x[1], x[2], x[3]) + dot16(load64(wa[10:]), x[4], x[5], x[6], x[7]) - t)
		pb := float64(dot16(load64(wb[2:]), x[0], x[1], x[2], x[3]) + dot16(load64(wb[10:]), x[4], x[5], x[6], x[7]) - t)
		pa, pb = pa*float64(first(load16(wa[0:]))*dx), pb*float64(first(load16(wb[0:]))*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		if i%chunkBlocks == chunkBlocks-1 {
			ya, yb = ya+float32(sa), yb+float32(sb)
			sa, sb = 0, 0
		}
	}
	return ya + float32(sa), yb + float32(sb), true
}

func q80Rows2(rowA, rowB []byte, v *Vec) (ya, yb float32, ok bool) {
	ra, rb := blocks[q80](rowA), blocks[q80](rowB)
	n := len(ra)
	rb, lanes, dxs, ts := rb[:n], v.lanes8[:n], v.dx[:n], v.T[:n]
	var sa, sb float64
	for i := range ra {
		x, wa, wb, dx, t := &lanes[i], &ra[i], &rb[i], dxs[i], 128*int64(ts[i])
		da := dot8(load64(wa[2:])^signBits, x[0], x[1], x[2], x[3])
		db := dot8(load64(wb[2:])^signBits, x[0], x[1], x[2], x[3])
		da += dot8(load64(wa[10:])^signBits, x[4], x[5], x[6], x[7])
		db += dot8(load64(wb[10:])^signBits, x[4], x[5], x[6], x[7])
		da += dot8(load64(wa[18:])^signBits, x[8], x[9], x[10], x[11])
		db += dot8(load64(wb[18:])^signBits, x[8], x[9], x[10], x[11])
		da += dot8(load64(wa[26:])^signBits, x[12], x[13], x[14], x[15])
		db += dot8(load64(wb[26:])^signBits, x[12], x[13], x[14], x[15])
		pa := float64(int64(da+top32)>>32-t) * float64(first(load16(wa[0:]))*dx)
		pb := float64(int64(db+top32)>>32-t) * float64(first(load16(wb[0:]))*dx)
		na, nb := pa+sa, pb+sb
		if wrong(na, pa, sa) || wrong(nb, pb, sb) {
			return 0, 0, false
		}
		sa, sb = round32(na), round32(nb)
		if i%chunkBlocks == chunkBlocks-1 {
			ya, yb = ya+float32(sa), yb+float32(sb)
			sa, sb = 0, 0
		}
	}
	return ya + float32(sa), yb + float32(sb), true
}
