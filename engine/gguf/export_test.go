package gguf

import "os"

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

// ParseMapped is what Open does with a mapping.
var ParseMapped = parseMapped

// MapFile maps a file as Open does, for as long as the process lives.
func MapFile(path string) (*os.File, []byte, error) {
	f, _, data, err := mapFile(path)
	return f, data, err
}
