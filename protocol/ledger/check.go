package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// NonceWindow is by how much the nonce of a waiting transaction may run ahead
// of its account's: more than a daemon sends in an epoch, and little to keep.
const NonceWindow = 32

// CheckTx says whether a transaction may wait for a block and be relayed, in
// the state of r, behind others of its signer that wait already: those with the
// nonces before its own, in their order, which were checked before. One whose
// turn comes after them must also be carried out without a broken rule, in a
// block with them alone. Errors are those of [wire.DecodeTx], which blame the
// sender, a [RuleError], which may be honest bad luck, or the tree's.
func CheckTx(r Reader, chain string, p *params.Params, raw []byte, before ...[]byte) (*wire.Tx, error) {
	m, err := newMachine(r, chain, p)
	if err != nil {
		return nil, err
	}
	tx, body, err := wire.DecodeTx(raw, chain)
	if err != nil {
		return nil, err
	}
	signer, _ := get[Account](m.st, AccountKey(tx.Signer))
	if tx.Nonce < signer.Nonce || tx.Nonce-signer.Nonce >= NonceWindow {
		return nil, broken(ErrBadNonce, "nonce %d, want %d or up to %d more", tx.Nonce, signer.Nonce, NonceWindow-1)
	}
	m.carryOut(before)
	if signer, _ = get[Account](m.st, AccountKey(tx.Signer)); tx.Nonce > signer.Nonce {
		_, err = m.admit(tx, body)
	} else {
		var ruled error
		if ruled, err = m.include(tx, body); err == nil {
			err = ruled
		}
	}
	if err := m.blame(err); err != nil {
		return nil, err
	}
	return tx, nil
}

// carryOut includes transactions whose signatures were looked at before. One
// that may not stand in a block, and so what follows on it, is passed over.
func (m *machine) carryOut(txs [][]byte) {
	for _, raw := range txs {
		tx, body, err := wire.ReadTx(raw, m.chain)
		if err != nil {
			continue
		}
		if _, err := m.include(tx, body); err != nil {
			continue
		}
	}
}

// SelectTxs returns those of candidates that may stand in the next block, one
// after the other, in at most maxBytes and the weight of a block together. The
// order is that of the candidates, but that one signer's come by nonce. What does
// not decode, does not verify, cannot pay or has no turn is left out. If the tree
// fails there are none: the block's own check will meet and report the failure.
func SelectTxs(r Reader, chain string, p *params.Params, candidates [][]byte, maxBytes int) [][]byte {
	m, err := newMachine(r, chain, p)
	if err != nil {
		return nil
	}
	var out [][]byte
	weight := p.Block.MaxWeight
	for _, d := range byNonce(chain, candidates) {
		own := TxCost(d.body, len(d.raw)).Weight()
		if len(d.raw) > maxBytes || own > weight {
			continue
		}
		if acc, _ := get[Account](m.st, AccountKey(d.tx.Signer)); acc.Nonce != d.tx.Nonce {
			continue // before its signature is looked at, which costs most
		}
		if d.tx.Verify() != nil {
			continue
		}
		if _, err := m.include(d.tx, d.body); err != nil {
			continue
		}
		out = append(out, d.raw)
		maxBytes -= len(d.raw)
		weight -= own
	}
	if *m.st.fault != nil {
		return nil
	}
	return out
}

// byNonce decodes candidates and puts each signer's transactions, by nonce, into
// the places that the signer has among them.
func byNonce(chain string, candidates [][]byte) []decoded {
	var out []decoded
	places := make(map[protocol.PublicKey][]int)
	for _, raw := range candidates {
		tx, body, err := wire.ReadTx(raw, chain)
		if err != nil {
			continue
		}
		places[tx.Signer] = append(places[tx.Signer], len(out))
		out = append(out, decoded{raw, tx, body})
	}
	sorted := make([]decoded, len(out))
	for i := range out {
		at := places[out[i].tx.Signer]
		if at[0] != i {
			continue // done with the signer's first place
		}
		own := make([]decoded, len(at))
		for k, place := range at {
			own[k] = out[place]
		}
		slices.SortStableFunc(own, func(a, b decoded) int { return cmp.Compare(a.tx.Nonce, b.tx.Nonce) })
		for k, place := range at {
			sorted[place] = own[k]
		}
	}
	return sorted
}
