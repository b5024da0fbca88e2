package gguf

import "fmt"

// Type is ggml's number for the encoding of a tensor's elements.
type Type uint32

// The types that this package knows the layout of. Which of them can be
// computed with is for package weights to say.
//
//nolint:revive,staticcheck // ggml's own names, underscores included
const (
	F32    Type = 0
	F16    Type = 1
	Q4_0   Type = 2
	Q4_1   Type = 3
	Q5_0   Type = 6
	Q5_1   Type = 7
	Q8_0   Type = 8
	Q8_1   Type = 9
	Q2_K   Type = 10
	Q3_K   Type = 11
	Q4_K   Type = 12
	Q5_K   Type = 13
	Q6_K   Type = 14
	Q8_K   Type = 15
	IQ4_NL Type = 20
	IQ4_XS Type = 23
	I8     Type = 24
	I16    Type = 25
	I32    Type = 26
	I64    Type = 27
	F64    Type = 28
	BF16   Type = 30
	MXFP4  Type = 39
)

// layout says how a type's elements are stored: block elements in bytes bytes.
type layout struct {
	name         string
	block, bytes uint64
}

// layouts are the sizes of ggml's block structures (ggml-common.h).
var layouts = map[Type]layout{
	F32:    {"F32", 1, 4},
	F16:    {"F16", 1, 2},
	Q4_0:   {"Q4_0", 32, 18},
	Q4_1:   {"Q4_1", 32, 20},
	Q5_0:   {"Q5_0", 32, 22},
	Q5_1:   {"Q5_1", 32, 24},
	Q8_0:   {"Q8_0", 32, 34},
	Q8_1:   {"Q8_1", 32, 36},
	Q2_K:   {"Q2_K", 256, 84},
	Q3_K:   {"Q3_K", 256, 110},
	Q4_K:   {"Q4_K", 256, 144},
	Q5_K:   {"Q5_K", 256, 176},
	Q6_K:   {"Q6_K", 256, 210},
	Q8_K:   {"Q8_K", 256, 292},
	IQ4_NL: {"IQ4_NL", 32, 18},
	IQ4_XS: {"IQ4_XS", 256, 136},
	I8:     {"I8", 1, 1},
	I16:    {"I16", 1, 2},
	I32:    {"I32", 1, 4},
	I64:    {"I64", 1, 8},
	F64:    {"F64", 1, 8},
	BF16:   {"BF16", 1, 2},
	MXFP4:  {"MXFP4", 32, 17},
}

// String returns ggml's name of the type, or "type N" for one unknown here.
func (t Type) String() string {
	if l, ok := layouts[t]; ok {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Block returns how many elements one block of t holds and how many bytes it
// takes; both are 0 for a type that is not known.
func (t Type) Block() (elements, bytes uint64) {
	l := layouts[t]
	return l.block, l.bytes
}

// ValueType is the number of a metadata value's type.
type ValueType uint32

// The value types of the format.
const (
	Uint8   ValueType = 0
	Int8    ValueType = 1
	Uint16  ValueType = 2
	Int16   ValueType = 3
	Uint32  ValueType = 4
	Int32   ValueType = 5
	Float32 ValueType = 6
	Bool    ValueType = 7
	String  ValueType = 8
	Array   ValueType = 9
	Uint64  ValueType = 10
	Int64   ValueType = 11
	Float64 ValueType = 12
)

// valueTypes holds each type's name and its size in bytes; 0 where that varies.
var valueTypes = [...]struct {
	name string
	size uint64
}{
	Uint8: {"uint8", 1}, Int8: {"int8", 1}, Uint16: {"uint16", 2}, Int16: {"int16", 2},
	Uint32: {"uint32", 4}, Int32: {"int32", 4}, Float32: {"float32", 4}, Bool: {"bool", 1},
	String: {"string", 0}, Array: {"array", 0}, Uint64: {"uint64", 8}, Int64: {"int64", 8},
	Float64: {"float64", 8},
}

// String returns the type's name, or "value type N" for one unknown here.
func (v ValueType) String() string {
	if !v.known() {
		return fmt.Sprintf("value type %d", uint32(v))
	}
	return valueTypes[v].name
}

func (v ValueType) known() bool { return uint64(v) < uint64(len(valueTypes)) }

// size is the bytes that one value takes, or 0 where that varies.
func (v ValueType) size() uint64 { return valueTypes[v].size }
