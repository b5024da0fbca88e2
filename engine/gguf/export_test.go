package gguf

// Limits, for tests that go one above them.
const (
	MaxPairs   = maxPairs
	MaxTensors = maxTensors
	MaxKey     = maxKey
	MaxName    = maxName
	MaxString  = maxString
	MaxArray   = maxArray
	MaxDepth   = maxDepth
)

// IDCacheSuffix names the file that keeps a model's id.
const IDCacheSuffix = idCacheSuffix
