package gguf

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// arithmeticVersion is part of every model id: another arithmetic gives other
// answers from the same weights.
const arithmeticVersion = "AC1"

// ModelID names everything in the file that decides a model's output: the
// SHA-256 of the deterministic CBOR of ["AC1", metadata, tensors], where
// metadata holds [key, SHA-256(type ‖ value)] of general.architecture,
// <architecture>.* and tokenizer.*, by key, and tensors holds
// [name, dimensions, type, SHA-256(data)], by name. Names, licences, order and
// alignment do not change it. It reads the whole file.
func ModelID(f *File) [32]byte {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic("gguf: cbor refuses its own options: " + err.Error())
	}
	data, err := mode.Marshal([]any{arithmeticVersion, idMetadata(f), idTensors(f)})
	if err != nil {
		panic("gguf: cbor cannot encode arrays of bytes: " + err.Error())
	}
	return sha256.Sum256(data)
}

func idMetadata(f *File) [][]any {
	arch, _ := f.String("general.architecture")
	var pairs []KV
	for _, kv := range f.pairs {
		if kv.Key == "general.architecture" || strings.HasPrefix(kv.Key, arch+".") || strings.HasPrefix(kv.Key, "tokenizer.") {
			pairs = append(pairs, kv)
		}
	}
	slices.SortFunc(pairs, func(a, b KV) int { return cmp.Compare(a.Key, b.Key) })
	out := make([][]any, len(pairs))
	for i, kv := range pairs {
		h := sha256.New()
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(kv.Type)))
		h.Write(kv.Raw)
		out[i] = []any{[]byte(kv.Key), h.Sum(nil)}
	}
	return out
}

func idTensors(f *File) [][]any {
	tensors := slices.Clone(f.tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	out := make([][]any, len(tensors))
	for i, t := range tensors {
		sum := sha256.Sum256(t.Data)
		out[i] = []any{[]byte(t.Name), t.Dims, uint32(t.Type), sum[:]}
	}
	return out
}
