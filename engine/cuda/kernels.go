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

// target is a folder of modules: the least compute capability that runs them, and
// the first CUDA that reads their PTX.
type target struct {
	name         string
	major, minor int
	version      int
	early        bool // their kernels may begin early (kernels/early.cuh)
}

// targets are all of them, the best first. That kernels of a graph may begin early
// is documented from CUDA 12.3 on.
var targets = []target{
	{"sm_90", 9, 0, firstEarly, true},
	{"sm_80", 8, 0, 11000, false},
	{"sm_75", 7, 5, 10020, false},
	{"sm_61", minMajor, minMinor, 0, false},
}

const firstEarly = 12030

// runs tells whether a device runs the modules.
func (t target) runs(i Info) bool {
	return (i.Major > t.major || i.Major == t.major && i.Minor >= t.minor) && i.Version >= t.version
}

// kernels are those of each module. matrix and chunks are where a device has
// matrix instructions for bytes.
var kernels = map[string][]string{
	"attention":      {"attention"},
	"attention_many": {"attention_many", "attention_wide"},
	"choose":         {"likeliest"},
	"chunks":         perType("chunks_", ""),
	"embed":          perType("embed_", ""),
	"linear":         perType("linear_", "_8"),
	"matrix":         perType("matrix_", ""),
	"norm":           {"norm_quantise", "norm"},
	"quantise":       {"quantise", "gated_silu", "gated_gelu"},
	"rope":           {"place"},
	"single":         slices.Concat(perType("linear_", "_1"), perType("gated_", "")),
	"stream":         {"add", "cap"},
}

// kernel is one that a device has compiled.
type kernel struct {
	handle uintptr // 0 for none
	early  bool    // it may begin before what was begun before it has ended
}

// The threads of a block that kernels/*.cu are written for.
const (
	elementThreads = 256  // quantise, stream
	rowThreads     = 1024 // at most of norm, place and choose; one for each element
	manyThreads    = 64   // attention_many, attention_wide
	pageThreads    = 64   // of attention, for each page that a block takes at a time
	mostPages      = 8
	fewBlocks      = 256 // of threads, up to which a device has room for more beside them, and a row is taken by more than one
	embedThreads   = 64
	linearWarps    = 8  // at most; one for each chunk
	singleWarps    = 16 // of linear_…_1 and gated_…
	halvedChunks   = 16 // from which half of them is work for 8 warps: fewer ask for too little at a time, but where weights were brought near
	halvedNear     = 8
	wideRows       = 8192 // from which two blocks of 8 warps on each multiprocessor are better than one of 16: one computes while the other begins
	bringers       = 64   // of norm_quantise, which bring weights near: so many multiprocessors can ask for what memory can bring
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

// broughtNear is how many bytes of weights norm_quantise has brought to the second
// cache, a third of an H200's, and lineBytes how many at once.
const (
	broughtNear = 16 << 20
	lineBytes   = 128
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

// load compiles the modules of a device, each of the best target that has it.
// Errors: *Error.
func load(d Device, i Info) (map[string]kernel, error) {
	all := map[string]kernel{}
	for module, names := range kernels {
		for _, t := range targets {
			text, err := modules.ReadFile("ptx/" + t.name + "/" + module + ".ptx")
			if err != nil || !t.runs(i) {
				continue
			}
			handles, err := d.Load(string(text), names)
			if err != nil {
				return nil, err
			}
			for i, h := range handles {
				all[names[i]] = kernel{h, t.early}
			}
			break
		}
	}
	return all, nil
}
