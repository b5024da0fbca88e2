package yuma

import "github.com/assaynet/assay/scoring/fixed"

// matrix is sparse, by rows: the entries of row i are start[i] to start[i+1] of
// uid and val, and their uids ascend. There are as many columns as rows.
type matrix struct {
	start []int
	uid   []uint16
	val   []fixed.I32F32
}

// newMatrix returns a matrix without rows yet, with room for n of them and for
// the given number of entries.
func newMatrix(n, entries int) matrix {
	return matrix{
		start: append(make([]int, 0, n+1), 0),
		uid:   make([]uint16, 0, entries),
		val:   make([]fixed.I32F32, 0, entries),
	}
}

// size returns the number of rows.
func (m *matrix) size() int { return len(m.start) - 1 }

// add appends an entry to the row under construction.
func (m *matrix) add(uid uint16, val fixed.I32F32) {
	m.uid = append(m.uid, uid)
	m.val = append(m.val, val)
}

// endRow ends the row under construction.
func (m *matrix) endRow() { m.start = append(m.start, len(m.uid)) }

// row returns the uids and the values of row i; writing to them changes the matrix.
func (m *matrix) row(i int) ([]uint16, []fixed.I32F32) {
	from, to := m.start[i], m.start[i+1]
	return m.uid[from:to], m.val[from:to]
}

// normaliseColumns divides each column by its sum, unless that is zero.
func (m *matrix) normaliseColumns() {
	sums := make([]fixed.I32F32, m.size())
	for k, uid := range m.uid {
		sums[uid] = sums[uid].Add(m.val[k])
	}
	m.divideColumns(sums)
}

// upscaleColumns divides each column by its maximum, unless that is zero.
func (m *matrix) upscaleColumns() {
	largest := make([]fixed.I32F32, m.size())
	for k, uid := range m.uid {
		largest[uid] = max(largest[uid], m.val[k])
	}
	m.divideColumns(largest)
}

func (m *matrix) divideColumns(by []fixed.I32F32) {
	for k, uid := range m.uid {
		if by[uid] != 0 {
			m.val[k] = m.val[k].Div(by[uid])
		}
	}
}

// timesRows returns the matrix with row i multiplied by v[i].
func (m *matrix) timesRows(v []fixed.I32F32) matrix {
	out := matrix{start: m.start, uid: m.uid, val: make([]fixed.I32F32, len(m.val))}
	for i := range m.size() {
		for k := m.start[i]; k < m.start[i+1]; k++ {
			out.val[k] = m.val[k].Mul(v[i])
		}
	}
	return out
}

// columnSums returns Σ_i v[i]·m[i][j] for every column j.
func (m *matrix) columnSums(v []fixed.I32F32) []fixed.I32F32 {
	sums := make([]fixed.I32F32, m.size())
	for i := range m.size() {
		uids, vals := m.row(i)
		for k, uid := range uids {
			sums[uid] = sums[uid].Add(v[i].Mul(vals[k]))
		}
	}
	return sums
}

// rowSums returns Σ_j m[i][j]·v[j] for every row i.
func (m *matrix) rowSums(v []fixed.I32F32) []fixed.I32F32 {
	sums := make([]fixed.I32F32, m.size())
	for i := range sums {
		uids, vals := m.row(i)
		for k, uid := range uids {
			sums[i] = sums[i].Add(vals[k].Mul(v[uid]))
		}
	}
	return sums
}

// merge returns the matrix of f(a[i][j], b[i][j]) over the entries that either
// has, a missing one being zero, and keeps the results above zero.
func merge(a, b *matrix, f func(x, y fixed.I32F32) fixed.I32F32) matrix {
	out := newMatrix(a.size(), len(a.uid)+len(b.uid))
	for i := range a.size() {
		au, av := a.row(i)
		bu, bv := b.row(i)
		for p, q := 0, 0; p < len(au) || q < len(bu); {
			var uid uint16
			var x, y fixed.I32F32
			switch {
			case q == len(bu) || p < len(au) && au[p] < bu[q]:
				uid, x = au[p], av[p]
				p++
			case p == len(au) || bu[q] < au[p]:
				uid, y = bu[q], bv[q]
				q++
			default:
				uid, x, y = au[p], av[p], bv[q]
				p++
				q++
			}
			if z := f(x, y); z > 0 {
				out.add(uid, z)
			}
		}
		out.endRow()
	}
	return out
}
