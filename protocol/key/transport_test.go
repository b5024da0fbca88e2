package key_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/key"
)

// TestAKeyOfSmallOrderSignsNothing: R = S·B − k·A. With S = 0 and A of small order
// R is small, too, and there are only eight to try, of which one is right for a
// message in a few: no secret is needed. The standard library takes these
// signatures.
func TestAKeyOfSmallOrderSignsNothing(t *testing.T) {
	const domain = "assay/test"
	points := []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	}
	forms := append([]string{ // those that are not in their least form
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	}, points...)
	for _, form := range forms {
		for _, sign := range []byte{0, 0x80} {
			pub := point(t, form, sign)
			forged := 0
			for msg := range byte(64) {
				for _, r := range points {
					for _, s := range []byte{0, 0x80} {
						var sig key.Signature
						small := point(t, r, s)
						copy(sig[:], small[:])
						d := sha256.Sum256(append([]byte(domain+"\x00"), msg))
						if ed25519.Verify(pub[:], d[:], sig[:]) {
							forged++
						}
						if err := key.VerifyTransport(pub, domain, []byte{msg}, sig); !errors.Is(err, key.ErrSignature) {
							t.Fatalf("%x under %x: got %v, want %v", sig, pub, err, key.ErrSignature)
						}
					}
				}
			}
			if forged == 0 {
				t.Errorf("%x: nothing was forged, so nothing was tested", pub)
			}
		}
	}
}

// point reads the y of a point, and adds the sign of its x.
func point(t *testing.T, y string, sign byte) (out [32]byte) {
	t.Helper()
	b, err := hex.DecodeString(y)
	if err != nil {
		t.Fatal(err)
	}
	copy(out[:], b)
	out[31] |= sign
	return out
}
