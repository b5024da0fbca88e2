package cuda

import (
	"embed"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/gguf"
)

// The kernels of compute capability 6.1, which every newer device can compile,
// and those that need more, for each target that has its own.
//
//go:embed ptx/*/*.ptx
var modules embed.FS

// common is the target that every device has.
const common = "sm_61"

// targets are those with matrix instructions for bytes, the best first: the
// least compute capability, and the first CUDA that reads their PTX.
var targets = []struct {
	name         string
	major, minor int
	version      int
}{
	{"sm_80", 8, 0, 11000},
	{"sm_75", 7, 5, 10020},
}

// target is the best of a device that has matrix instructions, or empty.
func target(i Info) string {
	for _, t := range targets {
		if (i.Major > t.major || i.Major == t.major && i.Minor >= t.minor) && i.Version >= t.version {
			return t.name
		}
	}
	return ""
}

// kernels are those of each module.
var kernels = map[string][]string{
	"attention":      {"attention"},
	"attention_many": {"attention_many", "attention_wide"},
	"choose":         {"likeliest"},
	"embed":          perType("embed_", ""),
	"linear":         slices.Concat(perType("linear_", "_1"), perType("linear_", "_8"), perType("gated_", "")),
	"norm":           {"norm_quantise", "norm"},
	"quantise":       {"quantise", "gated_silu", "gated_gelu"},
	"rope":           {"place"},
	"stream":         {"add", "cap"},
}

// matrixKernels are those of the modules of a target.
var matrixKernels = map[string][]string{"matrix": perType("matrix_", ""), "chunks": perType("chunks_", "")}

// The threads of a block that kernels/*.cu are written for.
const (
	elementThreads = 256  // quantise, stream
	rowThreads     = 1024 // at most of norm, place and choose; one for each element
	manyThreads    = 64   // attention_many, attention_wide
	pageThreads    = 64   // of attention, for each page that a block takes at a time
	mostPages      = 8
	fewBlocks      = 256 // of threads, up to which a device has room for more beside them, and a row is taken by more than one
	embedThreads   = 64
	linearWarps    = 8    // at most; one for each chunk
	singleWarps    = 16   // of linear_…_1 and gated_…
	wideRows       = 8192 // from which two blocks of 8 warps on each multiprocessor are better than one of 16: one computes while the other begins
	linearTokens   = 8    // of linear_…_8
	matrixThreads  = 256
	matrixRows     = 256
	chunksRows     = 32
	matrixTokens   = 64
	matrixFrom     = 16 // tokens from which matrix instructions are quicker; predicted, see SPEED.md
	matrixBlocks   = 96 // of threads, from which matrix_… keeps a device busy, and is quicker than chunks_…; predicted
)

// tiled are the kernels whose blocks of threads take queries of a sequence
// together, the quickest first: how many, and in heads of how many elements at
// most.
var tiled = []struct {
	kernel        string
	queries, head int
}{
	{"attention_wide", 32, 128},
	{"attention_many", 16, 256},
}

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

// load compiles the modules of a device. Errors: *Error.
func load(d Device, i Info) (map[string]uintptr, error) {
	all := map[string]uintptr{}
	for module, names := range kernels {
		if err := compile(d, common+"/"+module, names, all); err != nil {
			return nil, err
		}
	}
	if t := target(i); t != "" {
		for module, names := range matrixKernels {
			if err := compile(d, t+"/"+module, names, all); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// compile adds a module's kernels. Errors: *Error.
func compile(d Device, module string, names []string, all map[string]uintptr) error {
	text, err := modules.ReadFile("ptx/" + module + ".ptx")
	if err != nil {
		return err
	}
	handles, err := d.Load(string(text), names)
	for i := range handles {
		all[names[i]] = handles[i]
	}
	return err
}
