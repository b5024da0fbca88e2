package audit_test

import (
	"testing"

	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/wiretest"
)

// coded are what records of blocks are made of.
func coded() []wiretest.Case {
	return []wiretest.Case{wiretest.Of[audit.Record](), wiretest.Of[audit.Outcome]()}
}

// What a record of a block writes itself, and what it reads and refuses, is what
// package cbor does by reflection.
func TestRecordsCodeThemselvesAsPackageCborDoes(t *testing.T) { wiretest.Same(t, coded(), 13) }

func FuzzRecordsCode(f *testing.F) { wiretest.Fuzz(f, coded()) }
