package source

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// Memories returns after how many epochs each kind has forgotten one.
func Memories(kinds []params.Kind) map[protocol.Kind]protocol.Epoch { return memories(kinds) }
