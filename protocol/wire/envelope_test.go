package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

func sealed(t *testing.T) *wire.Envelope {
	t.Helper()
	e, err := wire.Seal(named("alice"), wire.DomainCard, chain, 99, wire.Encode(sampleCard()))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEnvelopeOpensWithItsOwnDomainAndChain(t *testing.T) {
	e := sealed(t)
	got, err := wire.Open(wire.Encode(e), wire.MaxCardBytes, wire.DomainCard, chain)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash() != e.Hash() || got.Sender != named("alice").PublicKey() || got.Height != 99 || !bytes.Equal(got.Payload, e.Payload) {
		t.Errorf("got %+v, want %+v", got, e)
	}
	if _, err := wire.Seal(mute{named("alice")}, wire.DomainCard, chain, 1, nil); !errors.Is(err, errMute) {
		t.Errorf("got %v, want %v", err, errMute)
	}
}

func TestEnvelopesOfOthersAreRefused(t *testing.T) {
	good := sealed(t)
	open := func(b []byte, domain wire.Domain, chain string) error {
		_, err := wire.Open(b, wire.MaxCardBytes, domain, chain)
		return err
	}
	if err := open(wire.Encode(good), wire.DomainAnswer, chain); !errors.Is(err, wire.ErrUnknown) {
		t.Errorf("another domain: got %v", err)
	}
	if err := open(wire.Encode(good), wire.DomainCard, "assay-test-76543210"); !errors.Is(err, wire.ErrChain) {
		t.Errorf("another chain: got %v", err)
	}
	if err := open(make([]byte, wire.MaxCardBytes+1), wire.DomainCard, chain); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("too large: got %v", err)
	}
	for name, change := range map[string]func(e *wire.Envelope){
		"height":      func(e *wire.Envelope) { e.Height++ },
		"payload":     func(e *wire.Envelope) { e.Payload = append(bytes.Clone(e.Payload), 0) },
		"sender":      func(e *wire.Envelope) { e.Sender = named("bob").PublicKey() },
		"no sender":   func(e *wire.Envelope) { e.Sender = protocol.PublicKey{} },
		"signature":   func(e *wire.Envelope) { e.Sig[5] ^= 1 },
		"none at all": func(e *wire.Envelope) { e.Sig = wire.Signature{} },
	} {
		e := *good
		change(&e)
		if err := open(wire.Encode(&e), wire.DomainCard, chain); !errors.Is(err, wire.ErrSignature) {
			t.Errorf("%s: got %v, want %v", name, err, wire.ErrSignature)
		}
	}
	// Signed for one domain or chain, and relabelled.
	e := *good
	e.Domain = wire.DomainAnswer
	if err := open(wire.Encode(&e), wire.DomainAnswer, chain); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("relabelled domain: got %v", err)
	}
	e = *good
	e.ChainID = "assay-test-76543210"
	if err := open(wire.Encode(&e), wire.DomainCard, e.ChainID); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("relabelled chain: got %v", err)
	}
}

func TestEveryBitOfAnEnvelopeCounts(t *testing.T) {
	raw := wire.Encode(sealed(t))
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, err := wire.Open(bad, wire.MaxCardBytes, wire.DomainCard, chain); err == nil {
			t.Fatalf("byte %d of %d does not count", i, len(raw))
		}
	}
}

func TestTransactionsOfOthersAreRefused(t *testing.T) {
	tx, err := wire.NewTx(named("alice"), chain, 5, 9, &wire.Transfer{To: named("bob").PublicKey(), Amount: 3})
	if err != nil {
		t.Fatal(err)
	}
	raw := wire.Encode(tx)
	got, body, err := wire.DecodeTx(raw, chain)
	if err != nil || got.Hash() != tx.Hash() || body.(*wire.Transfer).Amount != 3 {
		t.Fatalf("got %+v, %+v, %v", got, body, err)
	}
	if _, err := wire.NewTx(mute{named("alice")}, chain, 5, 9, body); !errors.Is(err, errMute) {
		t.Errorf("got %v, want %v", err, errMute)
	}
	for name, c := range map[string]struct {
		change func(x *wire.Tx)
		want   error
	}{
		"nonce":         {func(x *wire.Tx) { x.Nonce++ }, wire.ErrSignature},
		"signer":        {func(x *wire.Tx) { x.Signer = named("bob").PublicKey() }, wire.ErrSignature},
		"type":          {func(x *wire.Tx) { x.Type = wire.TxAddStake }, wire.ErrSignature},
		"unknown type":  {func(x *wire.Tx) { x.Type = 200 }, wire.ErrUnknown},
		"chain":         {func(x *wire.Tx) { x.ChainID = "other" }, wire.ErrChain},
		"empty body":    {func(x *wire.Tx) { x.Body = nil }, wire.ErrMalformed},
		"spelt body":    {func(x *wire.Tx) { x.Body = append(x.Body[:len(x.Body)-1:len(x.Body)-1], 0x18, 3) }, wire.ErrNotCanonical},
		"zero amount":   {func(x *wire.Tx) { x.Body = wire.Encode(&wire.Transfer{}) }, wire.ErrLimit},
		"trailing body": {func(x *wire.Tx) { x.Body = append(bytes.Clone(x.Body), 0) }, wire.ErrMalformed},
	} {
		x := *tx
		c.change(&x)
		if _, _, err := wire.DecodeTx(wire.Encode(&x), chain); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, _, err := wire.DecodeTx(make([]byte, wire.MaxTxBytes+1), chain); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, wire.ErrTooLarge)
	}
}

func TestEveryTypeOfTransactionStandsInTheTableWithItsBody(t *testing.T) {
	cold := map[wire.TxType]bool{wire.TxTransfer: true, wire.TxRegister: true, wire.TxAddStake: true, wire.TxRemoveStake: true, wire.TxRequest: true, wire.TxSealRecords: true, wire.TxOpenRecord: true, wire.TxSwapColdkey: true, wire.TxStopSwap: true, wire.TxSetPayout: true, wire.TxSwapHotkey: true, wire.TxStopHotkeySwap: true, wire.TxAddCollateral: true, wire.TxTakeCollateral: true, wire.TxLeakedLink: true, wire.TxSetCommission: true, wire.TxChallenge: true, wire.TxAppeal: true, wire.TxSealLeak: true}
	paid := map[wire.TxType]bool{wire.TxServe: true, wire.TxSetConsensusKey: true} // of those that a hotkey signs
	names := map[string]bool{}
	for _, b := range bodies() {
		k := b.Type()
		if !k.Known() || k.ByColdkey() != cold[k] || k.Lane() == (cold[k] || paid[k]) || names[k.String()] {
			t.Errorf("%T: known %t, by a coldkey %t, of a lane %t, name %q", b, k.Known(), k.ByColdkey(), k.Lane(), k)
		}
		names[k.String()] = true
	}
	known := 0
	for k := range 256 {
		if wire.TxType(k).Known() {
			known++
		}
	}
	if known != len(bodies()) || wire.TxType(0).Known() || wire.TxType(200).String() != "type-200" {
		t.Errorf("%d types are known, want %d", known, len(bodies()))
	}
}
