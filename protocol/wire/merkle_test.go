package wire_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// The inputs and roots that implementations of RFC 6962 compare themselves by.
func TestMerkleRootsAreThoseOfRFC6962(t *testing.T) {
	inputs := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var leaves []protocol.Hash
	for n, want := range roots {
		if got := wire.MerkleRoot(leaves).String(); got != want {
			t.Errorf("%d leaves: got %s, want %s", n, got, want)
		}
		if n < len(inputs) {
			data, err := hex.DecodeString(inputs[n])
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, sha256.Sum256(append([]byte{0}, data...)))
		}
	}
}

func TestMerkleProofsHoldForTheirLeafOnly(t *testing.T) {
	var leaves []protocol.Hash
	for n := 1; n <= 33; n++ {
		leaves = append(leaves, protocol.Hash{byte(n)})
		root := wire.MerkleRoot(leaves)
		for i := range leaves {
			proof := wire.MerkleProof(leaves, i)
			if !wire.MerkleVerify(root, leaves[i], i, n, proof) {
				t.Fatalf("leaf %d of %d: proof does not hold", i, n)
			}
			if wire.MerkleVerify(root, protocol.Hash{99}, i, n, proof) {
				t.Fatalf("leaf %d of %d: holds for another leaf", i, n)
			}
			for j := range n {
				if j != i && wire.MerkleVerify(root, leaves[i], j, n, proof) {
					t.Fatalf("leaf %d of %d: holds at index %d", i, n, j)
				}
			}
			if wire.MerkleVerify(root, leaves[i], i, n, append(proof, protocol.Hash{})) {
				t.Fatalf("leaf %d of %d: holds with a hash too many", i, n)
			}
			if n > 1 && wire.MerkleVerify(root, leaves[i], i, n, proof[:len(proof)-1]) {
				t.Fatalf("leaf %d of %d: holds with a hash too few", i, n)
			}
		}
	}
	if wire.MerkleProof(leaves, -1) != nil || wire.MerkleProof(leaves, len(leaves)) != nil {
		t.Error("a proof of nothing")
	}
	if wire.MerkleVerify(protocol.Hash{}, protocol.Hash{}, 0, 0, nil) || wire.MerkleVerify(protocol.Hash{}, protocol.Hash{}, -1, 1, nil) {
		t.Error("nothing verifies")
	}
}
