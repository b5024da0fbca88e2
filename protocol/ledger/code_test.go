package ledger_test

import (
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wiretest"
)

// coded are the records that code themselves.
func coded() []wiretest.Case {
	return []wiretest.Case{
		wiretest.Of[ledger.Account](), wiretest.Of[ledger.Pool](), wiretest.Of[ledger.Stake](), wiretest.Of[ledger.Seat](),
		wiretest.Of[ledger.Consensus](), wiretest.Of[ledger.Chain](), wiretest.Of[ledger.HotkeySwap](), wiretest.Of[ledger.Jail](),
		wiretest.Of[ledger.Commission](), wiretest.Of[ledger.Meta](), wiretest.Of[ledger.ValidatorSet](), wiretest.Of[ledger.Power](),
		wiretest.Of[ledger.SignedRecord](), wiretest.Of[ledger.Signed](), wiretest.Of[ledger.BeaconRecord](), wiretest.Of[ledger.RoundRecord](),
		wiretest.Of[ledger.RosterSeat](), wiretest.Of[ledger.RosterJudge](), wiretest.Of[ledger.SealedWeights](), wiretest.Of[ledger.Weights](),
		wiretest.Of[ledger.Bonds](), wiretest.Of[ledger.EpochRecord](), wiretest.Of[ledger.Payment](),
		wiretest.Of[ledger.BlockVote](), wiretest.Of[ledger.Misbehaviour](), wiretest.Of[ledger.EpochInputs](),
	}
}

// What a record writes itself, and what it reads and refuses, is what package cbor
// does by reflection.
func TestRecordsCodeThemselvesAsPackageCborDoes(t *testing.T) { wiretest.Same(t, coded(), 13) }

func FuzzRecordsCode(f *testing.F) { wiretest.Fuzz(f, coded()) }
