package gguf

// Limits on what a file may announce. Each is checked before anything is
// allocated or skipped. They are generous: the largest open models of 2026
// stay below a quarter of each.
const (
	// maxPairs bounds key-value pairs; real files have 20 to 60, multi-modal
	// ones some hundred.
	maxPairs = 1 << 14
	// maxTensors bounds tensors; mixtures of experts stored apart reach about
	// 20,000.
	maxTensors = 1 << 17
	// maxKey bounds a key, as ggml's description of the format does.
	maxKey = 1<<16 - 1
	// maxName bounds a tensor's name: ggml's GGML_MAX_NAME.
	maxName = 64
	// maxString bounds one string value; the longest seen is a chat template of
	// 20 KiB.
	maxString = 1 << 22
	// maxArray bounds the elements of one array; vocabularies have up to 2^18
	// tokens and 2^19 merges.
	maxArray = 1 << 24
	// maxDepth bounds arrays inside arrays: the format allows them, no known
	// model uses more than one level.
	maxDepth = 3
	// maxDims is the number of dimensions of a ggml tensor.
	maxDims = 4
	// maxElements bounds one tensor's elements, so that sizes in bytes stay far
	// below 2^63.
	maxElements = 1 << 48

	// defaultAlignment holds where general.alignment is absent.
	defaultAlignment = 32
	// minAlignment and maxAlignment bound general.alignment, a power of two;
	// the format asks for a multiple of 8, and a larger page than 1 MiB helps
	// nobody.
	minAlignment = 8
	maxAlignment = 1 << 20

	// The fewest bytes that one pair, one tensor's description, one string and
	// one array take: they bound counts by what is left of the file.
	minPairBytes   = 8 + 1 + 4 + 1
	minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8
	minStringBytes = 8
	minArrayBytes  = 4 + 8
)
