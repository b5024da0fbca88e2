package gguf

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// arithmeticVersion is part of every model id: another arithmetic gives other
// answers from the same weights.
const arithmeticVersion = "AC1"

// The major types of CBOR (RFC 8949, section 3.1) that a model id needs.
const (
	cborUint  = 0
	cborBytes = 2
	cborText  = 3
	cborArray = 4
)

// ModelID names everything in the file that decides a model's output: the
// SHA-256 of the deterministic CBOR (RFC 8949, section 4.2.1) of
// ["AC1", metadata, tensors], where metadata holds [key, SHA-256(type ‖ value)]
// of general.architecture, <architecture>.* and tokenizer.*, by key, and
// tensors holds [name, dimensions, type, SHA-256(data)], by name. Names,
// licences, order and alignment do not change it. It reads the whole file.
func ModelID(f *File) [32]byte {
	b := appendCBOR(nil, cborArray, 3)
	b = append(appendCBOR(b, cborText, uint64(len(arithmeticVersion))), arithmeticVersion...)
	b = appendIDMetadata(b, f)
	b = appendIDTensors(b, f)
	return sha256.Sum256(b)
}

func appendIDMetadata(b []byte, f *File) []byte {
	arch, _ := f.String("general.architecture")
	var pairs []KV
	for _, kv := range f.pairs {
		if kv.Key == "general.architecture" || strings.HasPrefix(kv.Key, arch+".") || strings.HasPrefix(kv.Key, "tokenizer.") {
			pairs = append(pairs, kv)
		}
	}
	slices.SortFunc(pairs, func(a, b KV) int { return cmp.Compare(a.Key, b.Key) })
	b = appendCBOR(b, cborArray, uint64(len(pairs)))
	for _, kv := range pairs {
		h := sha256.New()
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(kv.Type)))
		h.Write(kv.Raw)
		b = appendCBOR(b, cborArray, 2)
		b = appendByteString(b, []byte(kv.Key))
		b = appendByteString(b, h.Sum(nil))
	}
	return b
}

func appendIDTensors(b []byte, f *File) []byte {
	tensors := slices.Clone(f.tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	b = appendCBOR(b, cborArray, uint64(len(tensors)))
	for _, t := range tensors {
		sum := sha256.Sum256(t.Data)
		b = appendCBOR(b, cborArray, 4)
		b = appendByteString(b, []byte(t.Name))
		b = appendCBOR(b, cborArray, uint64(len(t.Dims)))
		for _, d := range t.Dims {
			b = appendCBOR(b, cborUint, d)
		}
		b = appendCBOR(b, cborUint, uint64(t.Type))
		b = appendByteString(b, sum[:])
	}
	return b
}

func appendByteString(b, s []byte) []byte {
	return append(appendCBOR(b, cborBytes, uint64(len(s))), s...)
}

// appendCBOR appends the head of an item: its major type and a number in the
// shortest form, big-endian.
func appendCBOR(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}
