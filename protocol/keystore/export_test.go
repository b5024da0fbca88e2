package keystore

import "io/fs"

// What tests look at from outside.
var (
	Ask           = ask
	DecodeContent = decodeContent
	EncodeContent = encodeContent
	Exposed       = exposed
	MountOf       = mountOf
	ReadPipe      = readPipe
	Seal          = seal
	Unseal        = unseal
)

// MaxFile is the limit of a key file in bytes.
const MaxFile = maxFile

// Place is what exposed knows of a file or directory.
type Place = place

// NewPlace returns one that is on the kind of mount: "", "read-only" or "memory".
func NewPlace(mode fs.FileMode, owner uint32, mount string) Place {
	return place{path: "p", mode: mode, owner: owner, readOnly: mount == "read-only", memory: mount == "memory"}
}
