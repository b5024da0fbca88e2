package ledger

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// NonceWindow is by how much the nonce of a waiting transaction may run ahead
// of its account's: more than a daemon sends in an epoch, and little to keep.
const NonceWindow = 32

// CheckTx says whether a transaction may wait for a block and be relayed, in the
// state of r, behind others of its signer that wait already: those with the nonces
// before its own, in their order, which were checked before. One whose turn comes
// after them, and one of a lane, must also be carried out without a broken rule,
// in a block with them alone. What is cheap to see comes before the signature, and
// of a lane all the rest: who signs for nothing must not make others look at more
// than one signature a turn. Errors are those of [wire.DecodeTx], which blame the
// sender, a [RuleError], which may be honest bad luck, or the tree's.
func CheckTx(r Reader, chain string, p *params.Params, raw []byte, before ...[]byte) (*wire.Tx, error) {
	return checkTx(r, chain, p, raw, ReadTx{}, (*wire.Tx).Verify, before)
}

// CheckReadTx is [CheckTx] of a transaction that was read before, by [wire.ReadTx]
// of raw on this chain.
func CheckReadTx(r Reader, chain string, p *params.Params, raw []byte, read ReadTx, before ...[]byte) error {
	_, err := checkTx(r, chain, p, raw, read, (*wire.Tx).Verify, before)
	return err
}

// RecheckTx is [CheckTx] of a transaction that passed it in an earlier state: it
// does not look at the signature again.
func RecheckTx(r Reader, chain string, p *params.Params, raw []byte) error {
	return RecheckReadTx(r, chain, p, raw, ReadTx{})
}

// RecheckReadTx is [RecheckTx] of a transaction that was read before.
func RecheckReadTx(r Reader, chain string, p *params.Params, raw []byte, read ReadTx) error {
	_, err := checkTx(r, chain, p, raw, read, func(*wire.Tx) error { return nil }, nil)
	return err
}

func checkTx(r Reader, chain string, p *params.Params, raw []byte, read ReadTx, verify func(*wire.Tx) error, before [][]byte) (*wire.Tx, error) {
	m, err := newMachine(r, chain, p)
	if err != nil {
		return nil, err
	}
	if read, err = read.of(raw, chain); err != nil {
		return nil, err
	}
	tx := read.Tx
	d := decoded{raw: raw, tx: tx, body: read.Body}
	if err := m.checkNonce(tx); err != nil {
		return nil, m.blame(err)
	}
	from, err := m.admit(&d)
	if err != nil {
		return nil, m.blame(err)
	}
	if tx.Type.Lane() { // it costs its sender nothing, so that its turn is looked at first
		if err := m.blame(m.attempt(&d, &from)); err != nil {
			return nil, err
		}
		if err := verify(tx); err != nil {
			return nil, err
		}
		return tx, nil
	}
	if err := verify(tx); err != nil {
		return nil, err
	}
	if len(before) > 0 {
		m.carryOut(before)
		from, err = m.admit(&d)
	}
	if err == nil {
		if signer, _ := get[Account](m.st, AccountKey(tx.Signer)); tx.Nonce <= signer.Nonce {
			err = m.attempt(&d, &from)
		}
	}
	if err := m.blame(err); err != nil {
		return nil, err
	}
	return tx, nil
}

// of returns what was read of raw, and reads it where it was not.
func (t ReadTx) of(raw []byte, chain string) (ReadTx, error) {
	var err error
	if t.Tx == nil {
		t.Tx, t.Body, err = wire.ReadTx(raw, chain)
	}
	return t, err
}

// attempt returns why a transaction may not stand in a block, or what rule it
// breaks there.
func (m *machine) attempt(d *decoded, from *origin) error {
	ruled, err := m.includeOf(d, from)
	if err == nil {
		err = ruled
	}
	return err
}

// checkNonce refuses a nonce that is used, or too far ahead to wait for.
func (m *machine) checkNonce(tx *wire.Tx) error {
	signer, _ := get[Account](m.st, AccountKey(tx.Signer))
	if !tx.Type.Lane() && (tx.Nonce < signer.Nonce || tx.Nonce-signer.Nonce >= NonceWindow) {
		return broken(ErrBadNonce, "nonce %d, want %d or up to %d more", tx.Nonce, signer.Nonce, NonceWindow-1)
	}
	return nil
}

// carryOut includes transactions whose signatures were looked at before. One
// that may not stand in a block, and so what follows on it, is passed over.
func (m *machine) carryOut(txs [][]byte) {
	for _, raw := range txs {
		tx, body, err := wire.ReadTx(raw, m.chain)
		if err != nil {
			continue
		}
		if _, err := m.include(&decoded{raw: raw, tx: tx, body: body}); err != nil {
			continue
		}
	}
}

// Selection is what a block is made of.
type Selection struct {
	Candidates [][]byte
	// Read, if it is not nil, is what was read of Candidates before, one for one; it
	// changes nothing.
	Read     []ReadTx
	MaxBytes int // of what is selected together
	// Salt decides between equals. It is what no sender knows before, such as the
	// proposer's link, so that none can own a place.
	Salt protocol.Hash
	// Stop, if it is not nil, is asked between transactions whether to end: what is
	// not selected by then waits for another block. Those of lanes, which are few,
	// are selected all the same: a proposer that is kept busy with others may be
	// late before it begins.
	Stop func() bool
	// Verified, if it is not nil, remembers signatures.
	Verified *wire.Verified
}

// tries is how many times the weight of a block is looked at to fill it, where
// candidates turn out not to be for it.
const tries = 2

// SelectTxs returns those of candidates that may stand in the next block, one
// after the other, in the bytes and the weight of a block. Those of lanes come
// first, the others by what they pay for their weight, but one signer's by nonce;
// equals as the salt decides. What does not decode, does not verify, cannot pay or
// has no turn is left out. If the tree fails there are none: the block's own check
// will meet and report the failure.
func SelectTxs(r Reader, chain string, p *params.Params, s *Selection) [][]byte {
	m, err := newMachine(r, chain, p)
	if err != nil {
		return nil
	}
	var out [][]byte
	weight, looked := p.Block.MaxWeight, uint64(0)
	left := s.MaxBytes
	for _, d := range inOrder(chain, s) {
		own := d.weight()
		if len(d.raw) > left || own > weight {
			continue
		}
		if looked += own; looked > tries*p.Block.MaxWeight {
			break
		}
		if s.Stop != nil && !d.tx.Type.Lane() && s.Stop() {
			break
		}
		if m.checkTurn(d.tx) != nil || !d.right && s.Verified.Verify(d.tx) != nil { // the signature costs most
			continue
		}
		if _, err := m.include(&d); err != nil {
			continue
		}
		out = append(out, d.raw)
		left -= len(d.raw)
		weight -= own
	}
	if *m.st.fault != nil {
		return nil
	}
	return out
}

// checkTurn refuses a nonce that is not the signer's next.
func (m *machine) checkTurn(tx *wire.Tx) error {
	if tx.Type.Lane() {
		return nil
	}
	if acc, _ := get[Account](m.st, AccountKey(tx.Signer)); acc.Nonce != tx.Nonce {
		return broken(ErrBadNonce, "nonce %d, want %d", tx.Nonce, acc.Nonce)
	}
	return nil
}

// inOrder decodes the candidates and puts them into the order of a block.
func inOrder(chain string, s *Selection) []decoded {
	type ranked struct {
		decoded
		rate Rate
		salt protocol.Hash
	}
	var list []ranked
	for i, raw := range s.Candidates {
		var read ReadTx
		if s.Read != nil {
			read = s.Read[i]
		}
		read, err := read.of(raw, chain)
		if err != nil {
			continue
		}
		d := decoded{raw: raw, tx: read.Tx, body: read.Body, right: read.Right}
		list = append(list, ranked{d, RateOf(read.Tx, read.Body, len(raw)), wire.HashOf("assay/1/order", s.Salt[:], raw)})
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(b.rate.Compare(a.rate), bytes.Compare(a.salt[:], b.salt[:]))
	})
	out := make([]decoded, len(list))
	for i := range list {
		out[i] = list[i].decoded
	}
	byNonce(out)
	return out
}

// byNonce puts each signer's transactions, by nonce, into the places that the
// signer has.
func byNonce(list []decoded) {
	places := make(map[protocol.PublicKey][]int)
	for i := range list {
		if tx := list[i].tx; !tx.Type.Lane() {
			places[tx.Signer] = append(places[tx.Signer], i)
		}
	}
	for _, at := range places {
		own := make([]decoded, len(at))
		for k, place := range at {
			own[k] = list[place]
		}
		slices.SortStableFunc(own, func(a, b decoded) int { return cmp.Compare(a.tx.Nonce, b.tx.Nonce) })
		for k, place := range at {
			list[place] = own[k]
		}
	}
}

// Rate is what a transaction pays for its weight. One of a lane is above all
// others.
type Rate struct {
	lane   bool
	fee    uint64
	weight uint64 // not zero
}

// RateOf returns the rate of a transaction of so many bytes.
func RateOf(tx *wire.Tx, body wire.Body, size int) Rate {
	return Rate{lane: tx.Type.Lane(), fee: uint64(tx.Fee), weight: TxCost(body, size).Weight()}
}

// Weight returns the weight of the transaction.
func (r Rate) Weight() uint64 { return r.weight }

// Compare returns −1, 0 or 1 where r is below, as, or above other.
func (r Rate) Compare(other Rate) int {
	if r.lane != other.lane {
		if r.lane {
			return 1
		}
		return -1
	}
	ahi, alo := bits.Mul64(r.fee, other.weight)
	bhi, blo := bits.Mul64(other.fee, r.weight)
	return cmp.Or(cmp.Compare(ahi, bhi), cmp.Compare(alo, blo))
}

// LeastFee returns the least fee of a transaction of a chain with the body: 0 in a
// lane.
func LeastFee(f *params.Fees, chain string, body wire.Body) protocol.Amount {
	if body.Type().Lane() {
		return 0
	}
	tx := wire.Tx{Type: body.Type(), ChainID: chain, Nonce: math.MaxUint64, Fee: math.MaxUint64, Body: wire.Encode(body)}
	size := len(wire.Encode(&tx)) // no nonce or fee takes more
	return f.Of(TxCost(body, size).Weight(), size)
}

// NewTx signs body for its least fee.
func NewTx(s wire.Signer, chain string, f *params.Fees, nonce uint64, body wire.Body) (*wire.Tx, error) {
	return wire.NewTx(s, chain, nonce, LeastFee(f, chain, body), body)
}
