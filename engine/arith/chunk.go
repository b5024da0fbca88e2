package arith

const (
	// chunk is how many elements one running sum of a linear layer or a norm takes (SPEC.md §2).
	chunk = 256
	// BlockLen is how many weights or activations share a scale.
	BlockLen = 32
	// chunkBlocks is the number of blocks of a full chunk.
	chunkBlocks = chunk / BlockLen
	// PageLen is how many positions an attention page holds.
	PageLen = 64
)
