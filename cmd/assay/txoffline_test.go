package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// FuzzSignedFile: whatever is in a file, what is sent is what it says.
func FuzzSignedFile(f *testing.F) {
	n, err := apitest.New()
	if err != nil {
		f.Fatal(err)
	}
	chain := n.Genesis.ChainID()
	tx, err := ledger.NewTx(apitest.Key("miner-0-cold"), chain, &n.Genesis.Params.Fees, 3, &wire.Transfer{To: apitest.Public("miner-1"), Amount: protocol.Unit})
	if err != nil {
		f.Fatal(err)
	}
	whole, err := json.Marshal(&signed{
		Format: signedFormat, ChainID: protocol.ShortChainID(chain), Chain: chain, Hash: tx.Hash(), Type: tx.Type.String(), Signer: tx.Signer,
		Nonce: tx.Nonce, Fee: tx.Fee, Tx: hex.EncodeToString(wire.Encode(tx)),
	})
	if err != nil {
		f.Fatal(err)
	}
	if _, body, _, err := parseSigned(whole); err != nil || body.Type() != wire.TxTransfer {
		f.Fatalf("the file itself: %v, %v", body, err)
	}
	f.Add(whole)
	f.Add([]byte(`{"format":"assay-tx/1","tx":"00"}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"format":"assay-prepared/1","accounts":[{"address":"x"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tx, body, s, err := parseSigned(b); err == nil {
			if hex.EncodeToString(wire.Encode(tx)) != s.Tx && len(s.Tx) != 2*len(wire.Encode(tx)) || body.Type() != tx.Type || tx.Verify() != nil {
				t.Errorf("a file of another transaction is taken: %s", b)
			}
		}
		if p, err := parsePrepared(b); err == nil && p.Format != preparedFormat {
			t.Errorf("another format is taken: %s", b)
		}
	})
}

// TestWhatIsSignedIsWhatWasAgreedTo: a node that says a small fee of one network,
// and then a large one, or another network, gets nothing that is signed.
func TestWhatIsSignedIsWhatWasAgreedTo(t *testing.T) {
	s := testSender(t, t.Context(), &pool{t: t})
	chain := s.chain
	s.most, s.fees = maxFee, params.Fees{Byte: 1000}
	tx, err := s.sign(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.bind(&terms{chain: chain, most: tx.Fee}); err != nil {
		t.Errorf("what was agreed to: %v", err)
	}
	if again, err := s.sign(t.Context()); err != nil || again.Fee != tx.Fee {
		t.Errorf("what was agreed to: got %v, %v", again, err)
	}
	s.fees.Byte++
	if tx, err := s.sign(t.Context()); !errors.Is(err, errFee) {
		t.Errorf("a price that grew meanwhile: got %v, %v", tx, err)
	}
	if err := s.bind(&terms{chain: "other-" + chain, most: maxFee}); err == nil {
		t.Error("a network that changed meanwhile is signed for")
	}
}
