package consensus_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
)

// TestCatchingUpIsALineNowAndThen: it says how far, to where, as half of the peers
// have it whatever one boasts of, and how long at the speed so far; once more when
// it is over, and nothing where there was nothing to fetch.
func TestCatchingUpIsALineNowAndThen(t *testing.T) {
	var out bytes.Buffer
	log := zerolog.New(&out)
	begin := time.Unix(1_800_000_000, 0)
	var c consensus.CatchUp
	at := func(seconds int, syncing bool, h protocol.Height, want string, peers ...protocol.Height) {
		t.Helper()
		out.Reset()
		c.Look(&log, syncing, h, peers, begin.Add(time.Duration(seconds)*time.Second))
		if out.String() != want {
			t.Errorf("after %d s: got %q, want %q", seconds, out.String(), want)
		}
	}
	at(0, false, 7, "")
	at(1, true, 0, "")
	at(2, true, 100, "")
	at(11, true, 900, "")
	at(12, true, 1100, `{"level":"info","height":1100,"target":5100,"left":"40s","message":"catching up"}`+"\n", 5100, 1<<60, 5100)
	at(21, true, 2000, "")
	at(22, true, 1100, `{"level":"info","height":1100,"target":0,"message":"catching up"}`+"\n")
	at(32, true, 3100, `{"level":"info","height":3100,"target":2999,"message":"catching up"}`+"\n", 1<<62, 2999)
	at(42, false, 5100, `{"level":"info","height":5100,"blocks":5000,"took":"40s","message":"caught up"}`+"\n")
	at(43, false, 5101, "")
}
