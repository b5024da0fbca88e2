package consensus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/consensus"
)

// That peers come and go is no warning. That a snapshot is given up for good is
// one: the node would wait for it, and its owner would not know why.
func TestWhyASnapshotIsGivenUpIsSaid(t *testing.T) {
	for _, c := range []struct{ module, msg, want string }{
		{"statesync", "State sync failed", `{"level":"warn","module":"statesync","err":"no space left on device","message":"State sync failed"}` + "\n"},
		{"statesync", "Failed to fetch snapshot chunk", ""},
		{"p2p", "Stopping peer for error", ""},
		{"consensus", "Error on ApplyBlock", `{"level":"warn","module":"consensus","err":"no space left on device","message":"Error on ApplyBlock"}` + "\n"},
	} {
		var said strings.Builder
		consensus.Told(zerolog.New(&said).Level(zerolog.WarnLevel), c.module, c.msg, errFull)
		if said.String() != c.want {
			t.Errorf("%s: %s: got %q, want %q", c.module, c.msg, said.String(), c.want)
		}
	}
}

var errFull = errors.New("no space left on device")
