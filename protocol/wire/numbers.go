package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Numbers is a list of numbers below 2^16: the uids of a row of weights, or its
// values. Its bytes are those of any other slice of them. Rows are most of what the
// ledger reads and writes, so they do not go one number at a time through package
// reflect.
type Numbers[N ~uint16] []N

// The heads of CBOR that stand in a list of numbers: the type in the three upper
// bits, and below them the value, or how many bytes behind the head hold it.
const (
	headNumber   = 0x00
	headList     = 0x80
	headType     = 0xe0
	headOneByte  = 24
	headTwoBytes = 25
)

// MarshalCBOR implements the interface of package cbor. The list has fewer than
// 2^16 numbers.
func (s Numbers[N]) MarshalCBOR() ([]byte, error) {
	if len(s) > math.MaxUint16 {
		return nil, fmt.Errorf("%d numbers: %w", len(s), ErrLimit)
	}
	return appendNumbers(appendHead(make([]byte, 0, 3+3*len(s)), headList, uint16(len(s))), s), nil
}

// appendNumbers writes what [appendHead] would, one number after the other.
func appendNumbers[N ~uint16](b []byte, list []N) []byte {
	at := len(b)
	b = slices.Grow(b, 3*len(list))[:at+3*len(list)]
	for _, n := range list {
		switch {
		case n < headOneByte:
			b[at] = byte(n)
			at++
		case n <= math.MaxUint8:
			b[at], b[at+1] = headOneByte, byte(n)
			at += 2
		default:
			b[at], b[at+1], b[at+2] = headTwoBytes, byte(n>>8), byte(n)
			at += 3
		}
	}
	return b[:at]
}

func appendHead(b []byte, kind byte, n uint16) []byte {
	switch {
	case n < headOneByte:
		return append(b, kind|byte(n))
	case n <= math.MaxUint8:
		return append(b, kind|headOneByte, byte(n))
	}
	return append(b, kind|headTwoBytes, byte(n>>8), byte(n))
}

// UnmarshalCBOR implements the interface of package cbor. It returns
// [ErrMalformed], or [ErrNotCanonical] for a number that has shorter bytes.
func (s *Numbers[N]) UnmarshalCBOR(b []byte) error {
	count, b, err := cutHead(b, headList)
	if err != nil {
		return err
	}
	if int(count) > len(b) { // a number has at least one byte
		return fmt.Errorf("%w: %d numbers in %d bytes", ErrMalformed, count, len(b))
	}
	out := make(Numbers[N], count)
	for i := range out {
		var n uint16
		if n, b, err = cutHead(b, headNumber); err != nil {
			return err
		}
		out[i] = N(n)
	}
	if len(b) > 0 {
		return fmt.Errorf("%w: %d bytes behind a list", ErrMalformed, len(b))
	}
	*s = out
	return nil
}

// cutHead takes a head of one type from the beginning of b.
func cutHead(b []byte, kind byte) (n uint16, rest []byte, err error) {
	if len(b) == 0 || b[0]&headType != kind {
		return 0, nil, fmt.Errorf("%w: no list of numbers", ErrMalformed)
	}
	var least uint16 // that needs so many bytes
	switch n = uint16(b[0] &^ headType); {
	case n < headOneByte:
		return n, b[1:], nil
	case n == headOneByte && len(b) > 1:
		n, rest, least = uint16(b[1]), b[2:], headOneByte
	case n == headTwoBytes && len(b) > 2:
		n, rest, least = binary.BigEndian.Uint16(b[1:]), b[3:], math.MaxUint8+1
	default:
		return 0, nil, fmt.Errorf("%w: a number above %d, or cut off", ErrMalformed, math.MaxUint16)
	}
	if n < least {
		return 0, nil, fmt.Errorf("%w: %d in more bytes than it needs", ErrNotCanonical, n)
	}
	return n, rest, nil
}
