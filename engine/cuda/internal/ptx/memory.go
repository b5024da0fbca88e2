package ptx

import (
	"bytes"
	"fmt"
	"sort"
)

const (
	// globalBase is where a device's memory begins, and sharedBase a block's:
	// neither is near 0, nor near the other.
	globalBase = 0x7f0000000000
	sharedBase = 0x1000000
	// align is what every allocation is aligned to, as cuMemAlloc's are; as
	// many bytes after each belong to nobody.
	align = 256
)

// Memory is a device's memory. It is for one goroutine at a time.
type Memory struct {
	// Limit is how many bytes there are; 0 for no limit.
	Limit   int64
	used    int64
	top     uint64
	regions []*region // by address
	moments moments
	ended   map[*Kernel][]*block // whose memory is used again
	early   []*Launch            // that have begun early, and not ended
}

// region is what was allocated at once.
type region struct {
	base  uint64
	data  []byte
	valid []byte // 1 for each byte that was written, else 0
	whole bool   // all were
	notes []*notes
}

// Used is how many bytes are allocated.
func (m *Memory) Used() int64 { return m.used }

// Alloc returns the address of n bytes, which hold nothing. Errors: ErrMemory.
func (m *Memory) Alloc(n int) (uint64, error) {
	if n <= 0 || m.Limit > 0 && m.used+int64(n) > m.Limit {
		return 0, fmt.Errorf("%w: %d bytes beside %d", ErrMemory, n, m.used)
	}
	r := &region{base: globalBase + m.top, data: make([]byte, n), valid: make([]byte, n)}
	m.top += (uint64(n)+align-1)&^(align-1) + align
	m.used += int64(n)
	m.regions = append(m.regions, r)
	return r.base, nil
}

// Free gives an allocation back. Errors: ErrBounds for what is none.
func (m *Memory) Free(addr uint64) error {
	i := m.index(addr)
	if i < 0 || m.regions[i].base != addr {
		return fmt.Errorf("%w: %#x was not allocated", ErrBounds, addr)
	}
	m.used -= int64(len(m.regions[i].data))
	m.regions = append(m.regions[:i], m.regions[i+1:]...)
	return nil
}

// index is the place of the region that begins last at or before an address, or -1.
func (m *Memory) index(addr uint64) int {
	return sort.Search(len(m.regions), func(i int) bool { return m.regions[i].base > addr }) - 1
}

// find returns the region of an address, or nil.
func (m *Memory) find(addr uint64) *region {
	i := m.index(addr)
	if i < 0 || addr-m.regions[i].base >= uint64(len(m.regions[i].data)) {
		return nil
	}
	return m.regions[i]
}

// part is the region of n bytes at an address.
func (m *Memory) part(addr uint64, n int) (*region, int, error) {
	r := m.find(addr)
	if r == nil || addr-r.base+uint64(n) > uint64(len(r.data)) {
		return nil, 0, fmt.Errorf("%w: %d bytes at %#x", ErrBounds, n, addr)
	}
	return r, int(addr - r.base), nil
}

// Write copies bytes to the device. Errors: ErrBounds.
func (m *Memory) Write(addr uint64, data []byte) error {
	r, off, err := m.part(addr, len(data))
	if err == nil {
		copy(r.data[off:], data)
		r.define(off, len(data))
	}
	return err
}

// Read copies bytes from the device. Errors: ErrBounds, ErrUndefined.
func (m *Memory) Read(data []byte, addr uint64) error {
	r, off, err := m.part(addr, len(data))
	if err == nil {
		copy(data, r.data[off:])
		if !r.known(off, len(data)) {
			err = fmt.Errorf("%w: in %d bytes at %#x", ErrUndefined, len(data), addr)
		}
	}
	return err
}

// Copy copies bytes on the device, and what is undefined with them. Errors:
// ErrBounds.
func (m *Memory) Copy(to, from uint64, n int) error {
	src, at, err := m.part(from, n)
	if err != nil {
		return err
	}
	dst, off, err := m.part(to, n)
	if err != nil {
		return err
	}
	copy(dst.data[off:off+n], src.data[at:at+n])
	if src.whole {
		dst.define(off, n)
	} else {
		copy(dst.valid[off:off+n], src.valid[at:at+n])
		dst.whole = false
	}
	return nil
}

// known tells whether all of some bytes were written.
func (r *region) known(off, n int) bool {
	if r.whole {
		return true
	}
	return bytes.IndexByte(r.valid[off:off+n], 0) < 0
}

func (r *region) define(off, n int) {
	if r.whole {
		return
	}
	for i := range r.valid[off : off+n] {
		r.valid[off+i] = 1
	}
	r.whole = n == len(r.data)
}
