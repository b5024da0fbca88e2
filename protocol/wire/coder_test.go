package wire_test

import (
	"testing"

	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/protocol/wiretest"
)

// coded are the messages that code themselves.
func coded() []wiretest.Case {
	return []wiretest.Case{
		wiretest.Of[wire.Tx](), wiretest.Of[wire.BlockHead](), wiretest.Of[wire.Transfer](), wiretest.Of[wire.Commit](),
		wiretest.Of[wire.CommitWeights](), wiretest.Of[wire.RevealWeights](), wiretest.Of[wire.Offer](),
	}
}

// What a message writes itself, and what it reads and refuses, is what package cbor
// does by reflection.
func TestMessagesCodeThemselvesAsPackageCborDoes(t *testing.T) { wiretest.Same(t, coded(), 13) }

func FuzzMessagesCode(f *testing.F) { wiretest.Fuzz(f, coded()) }
