package devnet_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/cmd/internal/devnet"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// TestALogIsFollowedWhileItIsWritten: a line counts when it is whole, what is
// no JSON, as of a crash, is passed over, and what an earlier run wrote is not told
// again.
func TestALogIsFollowedWhileItIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if n := devnet.Written(path); n != 0 {
		t.Fatalf("%d bytes of nothing", n)
	}
	if err := os.WriteFile(path, []byte(`{"message":"yesterday"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := devnet.Written(path)
	got := make(chan string)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		devnet.Follow(ctx, path, from, func(m map[string]any) { got <- m["message"].(string) })
	}()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, step := range []struct{ write, want string }{
		{`{"message":"one"}` + "\npanic: no JSON\n" + `{"mess`, "one"},
		{`age":"two"}` + "\n", "two"},
	} {
		if _, err := f.WriteString(step.write); err != nil {
			t.Fatal(err)
		}
		if m := <-got; m != step.want {
			t.Errorf("got %q, want %q", m, step.want)
		}
	}
	cancel()
	<-ended
}

// TestACheaterMayEarnLessThanOneInAHundred of what all miners earn.
func TestACheaterMayEarnLessThanOneInAHundred(t *testing.T) {
	for _, tc := range []struct {
		part, whole uint64
		want        bool
	}{{0, 0, false}, {0, 100, false}, {1, 101, true}, {1, 200, false}, {2, 200, true}, {1, 0, true}} {
		if got := devnet.TooMuch(protocol.Amount(tc.part), protocol.Amount(tc.whole)); got != tc.want {
			t.Errorf("%d of %d: got %v", tc.part, tc.whole, got)
		}
	}
}

func TestALineStandsBehindTheTimeSinceTheFirstBlock(t *testing.T) {
	var b bytes.Buffer
	say := devnet.NewTeller(&b)
	devnet.Tell(say, "register   zoe")
	if got, want := b.String(), "0:00  register   zoe\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTheStoryTellsEachFindingInItsOwnWords, of which only two accuse of a lie.
func TestTheStoryTellsEachFindingInItsOwnWords(t *testing.T) {
	for finding, want := range map[wire.Finding]string{
		wire.FindingPassed:    "v ran m's answer again: equal, bit for bit",
		wire.FindingFalse:     "v ran m's answer again: FALSE, the model gives other bits; or it was planted, which shows when its secret is open",
		wire.FindingMalformed: "v: FALSE, m's answer contradicts itself",
		"strange":             "v found m's answer strange",
	} {
		if got := devnet.Sentence("v", "m", finding); got != want {
			t.Errorf("%s: got %q, want %q", finding, got, want)
		}
	}
}
