package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"unicode/utf8"

	"github.com/assaynet/assay/protocol"
)

// Coded is a value, a pointer, that writes and reads its own canonical bytes: those
// that package cbor gives of it. [Encode], [Decode] and [DecodeOwn] ask it instead
// of package reflect, which takes some ten times as long. One method does both, so
// that they cannot differ; tests compare it with package cbor.
type Coded interface {
	// Code hands c one field after the other, in their order.
	Code(c *Coder)
}

// Coder writes the canonical CBOR of fields, or reads it into them, and refuses
// then all that is not canonical. The first error sticks, and nothing is read
// after it.
type Coder struct {
	b       []byte // what was written, or what is left to be read
	reading bool
	err     error
}

// The types of CBOR that stand in messages and records, in the three upper bits of
// a head; the numbers are in numbers.go.
const (
	headBytes     = 0x40
	headText      = 0x60
	headMap       = 0xa0
	headNegative  = 0x20 // −1 − n
	headFalse     = 0xf4
	headTrue      = 0xf5
	headNull      = 0xf6
	headUndefined = 0xf7
	headFourBytes = 26
	headEight     = 27
)

// coders are those that nobody uses, and what they have written before: an
// interface has them on the heap, and what they write grows many times.
var coders = sync.Pool{New: func() any { return new(Coder) }}

// maxScratch bounds what a coder keeps for the next one.
const maxScratch = 1 << 20

// encodeCoded returns as many bytes as there are, and nothing behind them.
func encodeCoded(v Coded) []byte {
	c := coders.Get().(*Coder)
	scratch := c.b[:0]
	*c = Coder{b: scratch}
	v.Code(c)
	out := append(make([]byte, 0, len(c.b)), c.b...)
	if cap(c.b) > maxScratch {
		c.b = nil
	}
	coders.Put(c)
	return out
}

// decodeCoded returns [ErrMalformed] or [ErrNotCanonical].
func decodeCoded(b []byte, v Coded) error {
	c := coders.Get().(*Coder)
	scratch := c.b[:0]
	*c = Coder{b: b, reading: true}
	v.Code(c)
	if c.err == nil && len(c.b) > 0 {
		c.fail("%w: %d bytes behind the end", ErrMalformed, len(c.b))
	}
	err := c.err
	*c = Coder{b: scratch}
	coders.Put(c)
	return err
}

func (c *Coder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// another is the error of what is not there: null and undefined are read as
// nothing by who is less strict, and are not canonical.
func (c *Coder) another(want string, args ...any) {
	kind := ErrMalformed
	if len(c.b) > 0 && (c.b[0] == headNull || c.b[0] == headUndefined) {
		kind = ErrNotCanonical
	}
	c.fail("%w: want %s", kind, fmt.Sprintf(want, args...))
}

// head writes a head of a type with a number, or reads one.
func (c *Coder) head(kind byte, n uint64) uint64 {
	if !c.reading {
		c.write(kind, n)
		return n
	}
	return c.read(kind)
}

func (c *Coder) write(kind byte, n uint64) {
	switch {
	case n < headOneByte:
		c.b = append(c.b, kind|byte(n))
	case n <= math.MaxUint16:
		c.b = appendHead(c.b, kind, uint16(n))
	case n <= math.MaxUint32:
		c.b = binary.BigEndian.AppendUint32(append(c.b, kind|headFourBytes), uint32(n))
	default:
		c.b = binary.BigEndian.AppendUint64(append(c.b, kind|headEight), n)
	}
}

func (c *Coder) read(kind byte) uint64 {
	if len(c.b) > 0 && c.err == nil {
		if n := c.b[0] ^ kind; n < headOneByte { // the type, and a number in the head itself: most are
			c.b = c.b[1:]
			return uint64(n)
		}
	}
	return c.readLong(kind)
}

// readLong is read of any head.
func (c *Coder) readLong(kind byte) uint64 {
	if c.err != nil {
		return 0
	}
	if len(c.b) == 0 || c.b[0]&headType != kind {
		c.another("type %#x", kind)
		return 0
	}
	var size int     // bytes behind the head
	var least uint64 // the least number that needs them
	switch n := c.b[0] &^ headType; n {
	case headOneByte:
		size, least = 1, headOneByte
	case headTwoBytes:
		size, least = 2, math.MaxUint8+1
	case headFourBytes:
		size, least = 4, math.MaxUint16+1
	case headEight:
		size, least = 8, math.MaxUint32+1
	default:
		if n > headEight {
			c.fail("%w: a head of %#x", ErrMalformed, c.b[0])
			return 0
		}
		c.b = c.b[1:]
		return uint64(n)
	}
	if len(c.b) <= size {
		c.fail("%w: a number is cut off", ErrMalformed)
		return 0
	}
	var n uint64
	for _, d := range c.b[1 : 1+size] {
		n = n<<8 | uint64(d)
	}
	c.b = c.b[1+size:]
	if n < least {
		c.fail("%w: %d in more bytes than it needs", ErrNotCanonical, n)
		return 0
	}
	return n
}

// take cuts a string of bytes of the type off.
func (c *Coder) take(kind byte) []byte {
	n := c.read(kind)
	if n > uint64(len(c.b)) {
		c.fail("%w: %d bytes, and %d are left", ErrMalformed, n, len(c.b))
	}
	if c.err != nil {
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

// Array is the head of a list of n fields, which follow.
func (c *Coder) Array(n int) {
	if got := c.head(headList, uint64(n)); got != uint64(n) {
		c.fail("%w: %d fields, want %d", ErrMalformed, got, n)
	}
}

// Bool is true or false.
func (c *Coder) Bool(v *bool) {
	switch {
	case !c.reading && *v:
		c.b = append(c.b, headTrue)
	case !c.reading:
		c.b = append(c.b, headFalse)
	case c.err != nil:
	case len(c.b) == 0 || c.b[0] != headTrue && c.b[0] != headFalse:
		c.another("true or false")
	default:
		*v, c.b = c.b[0] == headTrue, c.b[1:]
	}
}

// Fixed is a string of as many bytes as v has.
func (c *Coder) Fixed(v []byte) {
	if !c.reading {
		c.write(headBytes, uint64(len(v)))
		c.b = append(c.b, v...)
		return
	}
	b := c.take(headBytes)
	if c.err == nil && len(b) != len(v) {
		c.fail("%w: %d bytes, want %d", ErrMalformed, len(b), len(v))
	}
	if c.err == nil {
		copy(v, b)
	}
}

// Bytes are a string of bytes of any length; what is read shares no memory.
func (c *Coder) Bytes(v *[]byte) {
	if !c.reading {
		c.write(headBytes, uint64(len(*v)))
		c.b = append(c.b, *v...)
		return
	}
	if b := c.take(headBytes); c.err == nil {
		*v = append(make([]byte, 0, len(b)), b...)
	}
}

// SeatID is a seat's.
func (c *Coder) SeatID(v *protocol.SeatID) {
	if n := c.head(headMap, 2); n != 2 { // fields, each behind its number
		c.fail("%w: %d fields, want 2", ErrMalformed, n)
	}
	c.key(1)
	Uint(c, &v.UID)
	c.key(2)
	Uint(c, &v.Registered)
}

func (c *Coder) key(n uint64) {
	if got := c.head(headNumber, n); got != n {
		c.fail("%w: field %d, want %d", ErrMalformed, got, n)
	}
}

// Uint is a number of any width.
func Uint[N ~uint8 | ~uint16 | ~uint32 | ~uint64](c *Coder, v *N) {
	if !c.reading {
		c.write(headNumber, uint64(*v))
		return
	}
	n := c.read(headNumber)
	if c.err == nil && uint64(N(n)) != n {
		c.fail("%w: the number %d is too large", ErrMalformed, n)
	}
	if c.err == nil {
		*v = N(n)
	}
}

// Int is a number that may be below zero.
func (c *Coder) Int(v *int64) {
	kind, n := byte(headNumber), uint64(*v)
	if *v < 0 {
		kind, n = headNegative, ^n
	}
	if !c.reading {
		c.write(kind, n)
		return
	}
	kind = headNumber
	if len(c.b) > 0 && c.b[0]&headType == headNegative {
		kind = headNegative
	}
	if n = c.read(kind); n > math.MaxInt64 {
		c.fail("%w: the number %d is too large", ErrMalformed, n)
	}
	if c.err != nil {
		return
	}
	if *v = int64(n); kind == headNegative {
		*v = ^*v
	}
}

// Other is a value of which package cbor decides the bytes; v is a pointer.
func (c *Coder) Other(v any) {
	if !c.reading {
		c.b = append(c.b, Encode(v)...)
		return
	}
	if c.err != nil {
		return
	}
	rest, err := decMode.UnmarshalFirst(c.b, v)
	if err != nil {
		c.fail("%w: %w", ErrMalformed, err)
		return
	}
	if !bytes.Equal(Encode(v), c.b[:len(c.b)-len(rest)]) {
		c.fail("%w: %T", ErrNotCanonical, v)
	}
	c.b = rest
}

// Optional is a value that may be missing.
func Optional[T any](c *Coder, v **T, code func(*T, *Coder)) {
	switch {
	case !c.reading && *v == nil:
		c.b = append(c.b, headNull)
	case !c.reading:
		code(*v, c)
	case c.err != nil:
	case len(c.b) > 0 && c.b[0] == headNull:
		*v, c.b = nil, c.b[1:]
	default:
		*v = new(T)
		code(*v, c)
	}
}

// Text is a string of characters.
func Text[S ~string](c *Coder, v *S) {
	if !c.reading {
		c.write(headText, uint64(len(*v)))
		c.b = append(c.b, *v...)
		return
	}
	b := c.take(headText)
	if c.err == nil && !utf8.Valid(b) {
		c.fail("%w: text that is no UTF-8", ErrMalformed)
	}
	if c.err == nil {
		*v = S(b)
	}
}

// List is a list of any length, each element of which is coded by the function.
func List[T any](c *Coder, v *[]T, code func(*T, *Coder)) {
	if !c.reading {
		c.write(headList, uint64(len(*v)))
		for i := range *v {
			code(&(*v)[i], c)
		}
		return
	}
	n := c.count()
	if c.err != nil {
		return
	}
	*v = make([]T, n)
	for i := 0; i < n && c.err == nil; i++ {
		code(&(*v)[i], c)
	}
}

// count reads how many elements a list has, each of at least a byte.
func (c *Coder) count() int {
	n := c.read(headList)
	if n > maxElements || n > uint64(len(c.b)) {
		c.fail("%w: %d elements, at most %d, in %d bytes", ErrMalformed, n, maxElements, len(c.b))
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}

// Hashes is a list of hashes.
func Hashes(c *Coder, v *[]protocol.Hash) {
	List(c, v, func(h *protocol.Hash, c *Coder) { c.Fixed(h[:]) })
}

// Uints is a list of numbers below 2^16.
func Uints[N ~uint16](c *Coder, v *Numbers[N]) {
	if !c.reading {
		c.write(headList, uint64(len(*v)))
		c.b = appendNumbers(c.b, *v)
		return
	}
	n := c.count()
	if c.err != nil {
		return
	}
	out, b := make(Numbers[N], n), c.b
	for i := range out {
		if len(b) > 2 { // of most, what [cutHead] would say
			if b[0] == headTwoBytes && b[1] > 0 {
				out[i], b = N(b[1])<<8|N(b[2]), b[3:]
				continue
			}
			if b[0] == headOneByte && b[1] >= headOneByte {
				out[i], b = N(b[1]), b[2:]
				continue
			}
		}
		n, rest, err := cutHead(b, headNumber)
		if err != nil {
			c.fail("%w", err)
			return
		}
		out[i], b = N(n), rest
	}
	*v, c.b = out, b
}
