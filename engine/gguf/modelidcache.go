package gguf

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// idCacheSuffix is appended to a model's path to name the file that keeps its id.
const idCacheSuffix = ".modelid"

// settled is how long a file must have been left alone before its id is kept:
// longer than the coarsest clock of a file system, so that a change right
// after the hash cannot hide behind an equal time of modification.
const settled = 3 * time.Second

// idCache is the kept id and what the file looked like when it was computed.
type idCache struct {
	Arithmetic string `json:"arithmetic"`
	Size       int64  `json:"size"`
	ModifiedNs int64  `json:"modified_ns"`
	ModelID    string `json:"model_id"`
}

// CachedModelID is [ModelID] with the result kept beside the file, together
// with its size and time of modification; it is used again while these stay.
// Where the directory cannot be written the id is computed each time. A file
// that was not opened by path has no cache.
func CachedModelID(f *File) [32]byte {
	if f.info == nil {
		return ModelID(f)
	}
	want := idCache{Arithmetic: arithmeticVersion, Size: f.info.Size(), ModifiedNs: f.info.ModTime().UnixNano()}
	if id, ok := readIDCache(f.path+idCacheSuffix, want); ok {
		return id
	}
	id := ModelID(f)
	if time.Since(f.info.ModTime()) > settled && f.Changed() == nil {
		want.ModelID = hex.EncodeToString(id[:])
		// A cache that cannot be written costs the next opening a second,
		// nothing else.
		_ = writeIDCache(f.path+idCacheSuffix, want)
	}
	return id
}

// readIDCache returns the id kept at path if it is that of the file described
// by want.
func readIDCache(path string, want idCache) (id [32]byte, ok bool) {
	const limit = 4096 // the file has about 150 bytes; a larger one is not ours
	if info, err := os.Stat(path); err != nil || info.Size() > limit {
		return id, false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return id, false
	}
	var got idCache
	if json.Unmarshal(data, &got) != nil {
		return id, false
	}
	sum, err := hex.DecodeString(got.ModelID)
	if err != nil || len(sum) != len(id) {
		return id, false
	}
	want.ModelID = got.ModelID
	return [32]byte(sum), got == want
}

// writeIDCache replaces the file at path as a whole, so that processes that
// open the same model at once never read half an id.
func writeIDCache(path string, c idCache) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode model id: %w", err)
	}
	return writeAtomic(path, func(out io.Writer) error {
		_, err := out.Write(append(data, '\n'))
		return err
	})
}
