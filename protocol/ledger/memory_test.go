package ledger_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// What a tree remembers of a record is what its bytes are read as, and a list that
// somebody else may hold is not changed for that.
func TestWhatIsRememberedIsWhatIsRead(t *testing.T) {
	shared := []wire.Offer{{Kind: "inference", Capacity: 3}}
	for _, v := range []any{
		&ledger.Seat{}, &ledger.Seat{Offers: shared, Addresses: []string{"/dns4/a"}}, &ledger.Weights{}, &ledger.Bonds{},
		&ledger.Account{Nonce: 1}, &ledger.Payment{Drawn: 2}, &ledger.Pool{Shares: 3}, &ledger.RosterJudge{Stake: 4}, &ledger.SealedWeights{Height: 5}, &ledger.Stake{Shares: 6},
	} {
		read := reflect.New(reflect.TypeOf(v).Elem()).Interface()
		if err := wire.DecodeOwn(wire.Encode(v), 1<<12, read); err != nil {
			t.Fatal(err)
		}
		if got := ledger.Memorable(v); !reflect.DeepEqual(got, read) {
			t.Errorf("%#v is remembered, and %#v is read", got, read)
		}
	}
	if shared[0].Models != nil {
		t.Errorf("the shared offer has now the models %v", shared[0].Models)
	}
	if got := ledger.Memorable(&ledger.ValidatorSet{}); got != nil {
		t.Errorf("%#v is remembered of a record that blocks change in place", got)
	}
}

// Who embeds a tree in memory to read in its own way is asked, and not the tree
// behind its back.
func TestATreeAroundOneInMemoryReadsInItsOwnWay(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(3)
	if _, _, err := ledger.ReadMeta(&brokenTree{n.tree, 0}); !errors.Is(err, errDisk) {
		t.Errorf("a record that cannot be read: got %v", err)
	}
	if err := ledger.Seats(&brokenTree{n.tree, 0}, func(ledger.Seat) bool { return true }); !errors.Is(err, errDisk) {
		t.Errorf("records that cannot be walked: got %v", err)
	}
}
