package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// edges are the numbers at which the length of their bytes changes.
var edges = []uint16{0, 1, 23, 24, 255, 256, 65535}

// listOf returns a list of n numbers, edges among them.
func listOf(n int) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		if out[i] = uint16(i * 31); i%3 == 0 {
			out[i] = edges[i/3%len(edges)]
		}
	}
	return out
}

// inARecord is a list as a record codes it.
type inARecord struct{ list wire.Numbers[uint16] }

func (r *inARecord) Code(c *wire.Coder) { wire.Uints(c, &r.list) }

func TestNumbersHaveTheBytesOfASlice(t *testing.T) {
	for _, n := range []int{0, 1, 21, 23, 24, 255, 256, 4096} {
		list := listOf(n)
		want := wire.Encode(list)
		if got := wire.Encode(wire.Numbers[uint16](list)); !bytes.Equal(got, want) {
			t.Errorf("%d numbers: got %x, want %x", n, got, want)
		}
		var back wire.Numbers[uint16]
		if err := wire.Decode(want, len(want), &back); err != nil || !slices.Equal(back, list) {
			t.Errorf("%d numbers: got %v, %v, want %v", n, back, err, list)
		}
		if got := wire.Encode(&inARecord{list}); !bytes.Equal(got, want) {
			t.Errorf("%d numbers in a record: got %x, want %x", n, got, want)
		}
		var rec inARecord
		if err := wire.Decode(want, len(want), &rec); err != nil || !slices.Equal(rec.list, list) {
			t.Errorf("%d numbers in a record: got %v, %v, want %v", n, rec.list, err, list)
		}
	}
	if got := wire.Encode(wire.Numbers[protocol.UID](nil)); !bytes.Equal(got, []byte{0x80}) {
		t.Errorf("no list: got %x, want an empty one", got)
	}
}

func TestNumbersOfOtherBytesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, wire.ErrMalformed},
		{"null", []byte{0xf6}, wire.ErrMalformed},
		{"a number", []byte{0x01}, wire.ErrMalformed},
		{"a byte string", []byte{0x41, 1}, wire.ErrMalformed},
		{"a negative number", []byte{0x81, 0x20}, wire.ErrMalformed},
		{"65536", []byte{0x81, 0x1a, 0, 1, 0, 0}, wire.ErrMalformed},
		{"2^32 numbers", []byte{0x9a, 0xff, 0xff, 0xff, 0xff, 1}, wire.ErrMalformed},
		{"a list without end", []byte{0x9f, 1, 0xff}, wire.ErrMalformed},
		{"a number too few", []byte{0x82, 1}, wire.ErrMalformed},
		{"a number too many", []byte{0x81, 1, 2}, wire.ErrMalformed},
		{"half of a number", []byte{0x81, 0x19, 1}, wire.ErrMalformed},
		{"23 in two bytes", []byte{0x81, 0x18, 23}, wire.ErrNotCanonical},
		{"255 in three", []byte{0x81, 0x19, 0, 255}, wire.ErrNotCanonical},
		{"23 in two bytes, and others", []byte{0x83, 0x18, 23, 1, 1}, wire.ErrNotCanonical},
		{"255 in three, and others", []byte{0x83, 0x19, 0, 255, 1, 1}, wire.ErrNotCanonical},
		{"one number, said in two bytes", []byte{0x98, 1, 1}, wire.ErrNotCanonical},
	} {
		var list wire.Numbers[uint16]
		if err := list.UnmarshalCBOR(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if err := wire.Decode(c.b, 64, &list); err == nil || list != nil {
			t.Errorf("%s: decoded as %v", c.name, list)
		}
		var rec inARecord
		if err := wire.Decode(c.b, 64, &rec); err == nil {
			t.Errorf("%s: decoded in a record as %v", c.name, rec.list)
		}
	}
}

// FuzzNumbers: what decodes is what a slice decodes as, and has the same bytes.
func FuzzNumbers(f *testing.F) {
	for _, n := range []int{0, 1, 24, 300} {
		f.Add(wire.Encode(listOf(n)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var fast wire.Numbers[uint16]
		var plain []uint16
		_ = fast.UnmarshalCBOR(b)
		fast = nil
		a, c := wire.Decode(b, 1<<16, &fast), wire.Decode(b, 1<<16, &plain)
		if (a == nil) != (c == nil) || a == nil && !slices.Equal(fast, plain) {
			t.Errorf("%x: got %v, %v, want %v, %v", b, fast, a, plain, c)
		}
	})
}
