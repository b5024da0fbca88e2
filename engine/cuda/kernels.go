package cuda

import (
	"embed"
	"strings"

	"github.com/assaynet/assay/engine/gguf"
)

// The kernels of compute capability 6.1, which every newer device can compile.
//
//go:embed ptx/*.ptx
var modules embed.FS

// kernels are those of each module.
var kernels = map[string][]string{
	"attention": {"attention"},
	"choose":    {"likeliest"},
	"embed":     perType("embed_", ""),
	"linear":    append(perType("linear_", "_1"), perType("linear_", "_8")...),
	"norm":      {"norm_quantise", "norm"},
	"quantise":  {"quantise", "gated_silu", "gated_gelu"},
	"rope":      {"place"},
	"stream":    {"add", "cap"},
}

// The threads of a block that kernels/*.cu are written for.
const (
	elementThreads   = 256 // quantise, norm, stream, choose
	placeThreads     = 128
	attentionThreads = 64
	embedThreads     = 64
	linearWarps      = 8 // at most; one for each chunk
	linearTokens     = 8 // of linear_…_8
)

const (
	// lanes is how many threads a warp has, and how many rows of a matrix lie
	// side by side.
	lanes = 32
	// chunkBlocks is how many blocks of 32 a chunk has.
	chunkBlocks = 8
)

// The sizes that the kernels' shared memory has room for.
const (
	mostHead  = 1024
	mostWidth = 256 * 256
)

// layout is which bytes of a type's stored block are its scales, which lie
// apart from the rest (kernels/types.cuh).
type layout struct{ from, to int }

var layouts = map[gguf.Type]layout{
	gguf.Q8_0: {0, 2}, gguf.Q4_0: {0, 2}, gguf.Q4_1: {0, 4}, gguf.Q5_0: {0, 2}, gguf.Q5_1: {0, 4},
	gguf.IQ4_NL: {0, 2}, gguf.MXFP4: {0, 1}, gguf.Q4_K: {0, 4}, gguf.Q5_K: {0, 4}, gguf.Q6_K: {208, 210},
}

// perType are the names of kernels that there are for each type.
func perType(before, after string) []string {
	var names []string
	for t := range layouts {
		names = append(names, kernelName(before, t, after))
	}
	return names
}

func kernelName(before string, t gguf.Type, after string) string {
	return before + strings.ToLower(t.String()) + after
}

// load compiles all modules. Errors: *Error.
func load(d Device) (map[string]uintptr, error) {
	all := map[string]uintptr{}
	for module, names := range kernels {
		text, err := modules.ReadFile("ptx/" + module + ".ptx")
		if err != nil {
			return nil, err
		}
		handles, err := d.Load(string(text), names)
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			all[name] = handles[i]
		}
	}
	return all, nil
}
