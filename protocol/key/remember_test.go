package key_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/key"
)

// Where Verify remembers, it says of right and wrong signatures what it says where
// it does not, also of those that are remembered and then changed.
func TestWhatIsRememberedChangesNothing(t *testing.T) {
	p := testKey(t)
	key.Remember(1) // each pushes out the one before the last
	for round := range 3 {
		for _, msg := range []string{"one", "two", "three"} {
			sig, err := p.Sign("assay/1/test", []byte(msg))
			if err != nil {
				t.Fatal(err)
			}
			pub := p.Public()
			for range 2 {
				if err := key.Verify(pub, "assay/1/test", []byte(msg), sig[:]); err != nil {
					t.Errorf("round %d, %q: %v", round, msg, err)
				}
			}
			if err := key.Verify(pub, "assay/1/other", []byte(msg), sig[:]); !errors.Is(err, key.ErrSignature) {
				t.Errorf("of another domain: %v", err)
			}
			if err := key.Verify(pub, "assay/1/test", []byte(msg+"!"), sig[:]); !errors.Is(err, key.ErrSignature) {
				t.Errorf("of another message: %v", err)
			}
			if err := key.Verify(pub, "assay/1/test", []byte(msg), sig[:63]); !errors.Is(err, key.ErrSignature) {
				t.Errorf("a byte short: %v", err)
			}
			sig[40] ^= 1
			if err := key.Verify(pub, "assay/1/test", []byte(msg), sig[:]); !errors.Is(err, key.ErrSignature) {
				t.Errorf("a changed one: %v", err)
			}
		}
	}
}
