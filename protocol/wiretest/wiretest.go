// Package wiretest compares what codes itself (wire.Coded) with what package cbor
// makes of the same type by reflection.
package wiretest

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol/wire"
)

// maxBytes bounds what a fuzzer hands over.
const maxBytes = 1 << 20

// boxed is a list of one V, of which package wire knows no code: it goes through
// package cbor, V included.
type boxed[T any] struct {
	_ struct{} `cbor:",toarray"`
	V T
}

// oneElement is the head of such a list.
const oneElement = 0x81

// Pointer is a type that codes itself.
type Pointer[T any] interface {
	*T
	wire.Coded
}

// Case is one type.
type Case struct {
	Name string
	// Same fills a value of the type from rng, and compares what both make of it.
	Same func(tb testing.TB, rng *rand.Rand)
	// Read gives bytes to both.
	Read func(tb testing.TB, b []byte)
	// Sample returns the bytes of a value that is filled from rng.
	Sample func(rng *rand.Rand) []byte
}

// Of returns the case of a type.
func Of[T any, P Pointer[T]]() Case {
	sample := func(rng *rand.Rand) T {
		var v T
		fill(rng, reflect.ValueOf(&v).Elem(), longest)
		return v
	}
	return Case{
		Name:   reflect.TypeFor[T]().String(),
		Sample: func(rng *rand.Rand) []byte { v := sample(rng); return wire.Encode(P(&v)) },
		Same: func(tb testing.TB, rng *rand.Rand) {
			tb.Helper()
			v := sample(rng)
			got, want := wire.Encode(P(&v)), wire.Encode(&boxed[T]{V: v})[1:]
			if !bytes.Equal(got, want) {
				tb.Fatalf("%+v\ngot  %x\nwant %x", v, got, want)
			}
			read[T, P](tb, got)
		},
		Read: func(tb testing.TB, b []byte) { tb.Helper(); read[T, P](tb, b) },
	}
}

// read gives b to both, who take the same bytes, and read the same of them.
func read[T any, P Pointer[T]](tb testing.TB, b []byte) {
	tb.Helper()
	var got T
	var want boxed[T]
	mine := wire.Decode(b, maxBytes, P(&got))
	theirs := wire.Decode(append([]byte{oneElement}, b...), maxBytes+1, &want)
	switch {
	case (mine == nil) != (theirs == nil):
		tb.Errorf("%T from %x: %v, and by reflection %v", got, b, mine, theirs)
	case mine == nil && !reflect.DeepEqual(got, want.V):
		tb.Errorf("%T from %x:\ngot  %+v\nwant %+v", got, b, got, want.V)
	case mine == nil && !bytes.Equal(wire.Encode(P(&got)), b):
		tb.Errorf("%T from %x is encoded as %x", got, b, wire.Encode(P(&got)))
	}
}

// numbers are those at which the length of a head changes.
var numbers = []uint64{0, 1, 23, 24, 255, 256, math.MaxUint16, math.MaxUint16 + 1, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64}

// lengths of lists are often those at which a head changes; longest is their
// number, and lists in lists are among the first, which are short.
var lengths = []int{0, 1, 3, 23, 24, 300}

const (
	longest = 6
	nested  = 3
)

// fill sets v and all in it; numbers are often those at which a head changes, and
// lists have one of so many lengths.
func fill(rng *rand.Rand, v reflect.Value, most int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n := rng.Uint64() >> rng.IntN(64)
		if rng.IntN(2) == 0 {
			n = numbers[rng.IntN(len(numbers))]
		}
		v.SetUint(n & (math.MaxUint64 >> (64 - v.Type().Bits())))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := int64(rng.Uint64()>>rng.IntN(64)) >> (64 - v.Type().Bits())
		v.SetInt(n * int64(1-2*rng.IntN(2)))
	case reflect.String:
		v.SetString([]string{"", "a", "inference", "/ip4/10.0.0.1/tcp/4001", "ä€😀"}[rng.IntN(5)])
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(rng.Uint64() & math.MaxUint8)
		}
	case reflect.Slice:
		n := lengths[rng.IntN(most)]
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(rng, v.Index(i), nested)
		}
	case reflect.Pointer:
		if rng.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rng, v.Elem(), most)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(rng, v.Field(i), most)
			}
		}
	default:
		panic("wiretest: no values of " + v.Type().String())
	}
}

// Same compares all cases on values that a seed decides, and on their bytes,
// changed in one place and cut off.
func Same(t *testing.T, cases []Case, seed uint64) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, 1))
			for range 10 {
				c.Same(t, rng)
				b := c.Sample(rng)
				for range 10 {
					bad := bytes.Clone(b)
					bad[rng.IntN(min(len(bad), 64))] = byte(rng.Uint64())
					c.Read(t, bad)
				}
				c.Read(t, b[:rng.IntN(len(b))])
				c.Read(t, append(b, byte(rng.Uint64())))
			}
		})
	}
}

// Fuzz gives bytes of the fuzzer to one of the cases.
func Fuzz(f *testing.F, cases []Case) {
	f.Helper()
	for i, c := range cases {
		f.Add(uint8(i), c.Sample(rand.New(rand.NewPCG(1, uint64(i)))))
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		if len(b) < maxBytes {
			cases[int(which)%len(cases)].Read(t, b)
		}
	})
}
