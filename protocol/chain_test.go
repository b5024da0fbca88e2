package protocol_test

import (
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
)

func TestChainIDsAreAsLongAsCometBFTTakes(t *testing.T) {
	hash := protocol.Hash{0: 0x01, 15: 0x80, 16: 0x7f, 31: 0x01}
	whole := protocol.ChainID(strings.Repeat("n", protocol.MaxNetworkName), hash)
	short := protocol.ShortChainID(whole)
	if len(whole) != 23+1+52 || len(short) != 50 {
		t.Errorf("%q has %d characters, want 76; %q %d, want 50", whole, len(whole), short, len(short))
	}
	if want := strings.Repeat("n", 23) + "-aeaaaaaaaaaaaaaaaaaaaaaaqa"; short != want {
		t.Errorf("got %s, want %s", short, want)
	}
	other := hash
	other[31]++
	if again := protocol.ChainID("a", other); again == protocol.ChainID("a", hash) || protocol.ShortChainID(again) != "a-"+short[24:] {
		t.Errorf("the last byte of the hash must show in %s, and in what is short it must not", again)
	}
}

func TestWhatIsNoChainIDStaysAsItIs(t *testing.T) {
	for _, s := range []string{"", "-", "assay", "assay-test-01234567", "a-b-" + strings.Repeat("a", 51), "a-" + strings.Repeat("A", 52), strings.Repeat("a", 52)} {
		if got := protocol.ShortChainID(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	short := protocol.ShortChainID(protocol.ChainID("a-b", protocol.Hash{1}))
	if protocol.ShortChainID(short) != short {
		t.Errorf("%q is short already", short)
	}
}
