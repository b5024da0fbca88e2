package protocol_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
)

func TestCheckpointsAreReadAsTheyAreWritten(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	for _, s := range []string{"", "1:" + hash, "9223372036854775807:" + hash} {
		if c, err := protocol.ParseCheckpoint(s); err != nil || c.String() != s || c.IsZero() != (s == "") {
			t.Errorf("%q: got %q, %v", s, c, err)
		}
	}
	for _, s := range []string{
		"0:" + hash, "-1:" + hash, "9223372036854775808:" + hash, "1", hash, "1:" + hash[1:], "1:" + hash + "0",
		"1:" + strings.Repeat("0", 64), "1:" + strings.Repeat("g", 64), ":" + hash,
	} {
		if c, err := protocol.ParseCheckpoint(s); !errors.Is(err, protocol.ErrBadText) {
			t.Errorf("%q: got %v, %v, want ErrBadText", s, c, err)
		}
	}
}
