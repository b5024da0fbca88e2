package meter

import (
	"fmt"
)

// reader takes a module apart. The first error stays, and everything after it is
// zero; callers look at err where they would loop or allocate.
type reader struct {
	b   []byte
	i   int
	err error
}

func (r *reader) fail(format string, a ...any)        { r.stop(ErrModule, format, a) }
func (r *reader) unsupported(format string, a ...any) { r.stop(ErrUnsupported, format, a) }

func (r *reader) stop(err error, format string, a []any) {
	if r.err == nil {
		r.err = fmt.Errorf("at byte %d: %s: %w", r.i, fmt.Sprintf(format, a...), err)
		r.i = len(r.b)
	}
}

func (r *reader) end() bool { return r.i >= len(r.b) }

func (r *reader) byte() byte {
	if r.end() {
		r.fail("it ends early")
		return 0
	}
	r.i++
	return r.b[r.i-1]
}

// bytes returns the next n bytes of the module itself.
func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)-r.i) {
		r.fail("it ends early")
		return nil
	}
	r.i += int(n)
	return r.b[r.i-int(n) : r.i]
}

// u32 reads an unsigned LEB128 of at most five bytes.
func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if v > 1<<32-1 {
				break
			}
			return uint32(v)
		}
	}
	r.fail("a number of more than 32 bits")
	return 0
}

// skipSigned steps over a signed LEB128 of at most that many bytes.
func (r *reader) skipSigned(most int) {
	for range most {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail("a long number")
}

// count reads the length of a list, of at most that many elements, each of at least
// one byte: no list is longer than the bytes that are left.
func (r *reader) count(most int, what string) int {
	n := r.u32()
	if uint64(n) > uint64(most) || uint64(n) > uint64(len(r.b)-r.i) {
		r.fail("%d %s", n, what)
		return 0
	}
	return int(n)
}

// appendU32 appends an unsigned LEB128.
func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// appendS64 appends a signed LEB128.
func appendS64(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// appendSection appends a section with its length.
func appendSection(b []byte, id byte, body []byte) []byte {
	return append(appendU32(append(b, id), uint32(len(body))), body...)
}
