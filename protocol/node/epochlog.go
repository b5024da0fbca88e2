package node

import (
	"bytes"
	"fmt"
	"sort"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// The ledger forgets an epoch's weights and payments after the retention, and its
// bonds when the next one ends. A node that carries out the blocks keeps them for
// who asks later, an entry for each epoch: the ledger's own records under their own
// keys, so that what reads the state reads them, too. It is level-triggered, as
// [Totals] are, and an epoch is written once, when nothing of it changes any more.
//
// Weights of an epoch are opened in the next, so that an epoch is closed when the
// one behind it has ended. Bonds are in the state until the next epoch ends: of an
// epoch whose end this node did not see, as one that it skipped by a snapshot, it
// has none.

// epochsSpace holds closed epochs, the bonds of each, and the mark of how far they
// go.
const epochsSpace = "epochs"

// The first bytes of the keys.
const (
	paidLetter    = 'p' // epoch → its pots and payments
	weightsLetter = 'w' // epoch → its weights
	bondsLetter   = 'b' // epoch → the bonds that its end left
)

// epochsMark holds an [epochReach].
var epochsMark = []byte("mark")

// epochReach is what is kept: Since ≤ epoch < Next is closed, and the bonds of the
// epoch before Bonds are the newest.
type epochReach struct {
	_                  struct{} `cbor:",toarray"`
	Since, Next, Bonds protocol.Epoch
}

// maxEpochBytes bounds an entry that is read back, as it was before it was
// compressed: of 4,096 seats that all judge all others it would be 100 MiB.
const maxEpochBytes = 128 << 20

// EpochLog is what the ledger said of each epoch. Its methods may be used from any
// goroutine, Add from one at a time.
type EpochLog struct {
	db     *store.DB
	space  *store.Space
	params *params.Params

	mu    sync.Mutex
	reach epochReach // guarded by mu
}

// OpenEpochs reads how far the epochs of a database go; errors are the store's.
func OpenEpochs(db *store.DB, p *params.Params) (*EpochLog, error) {
	l := &EpochLog{db: db, space: db.Space(epochsSpace), params: p}
	b, err := l.space.Get(epochsMark)
	if err == nil && b != nil {
		if bad := wire.Decode(b, maxTotal, &l.reach); bad != nil {
			err = fmt.Errorf("%w: %w", store.ErrCorrupt, bad)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read epochs: %w", err)
	}
	return l, nil
}

// Range returns the closed epochs that are kept, without a gap: from oldest up to,
// and without, next.
func (l *EpochLog) Range() (oldest, next protocol.Epoch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reach.Since, l.reach.Next
}

// Paid returns the pots and payments of an epoch, as the ledger had them; nil where
// they are not kept.
func (l *EpochLog) Paid(e protocol.Epoch) (ledger.Reader, error) { return l.read(paidLetter, e) }

// Weights returns the weights of an epoch, as the ledger had them; nil where they
// are not kept.
func (l *EpochLog) Weights(e protocol.Epoch) (ledger.Reader, error) {
	return l.read(weightsLetter, e)
}

// Bonds returns the bonds that the end of an epoch left; nil where they are not
// kept.
func (l *EpochLog) Bonds(e protocol.Epoch) (ledger.Reader, error) { return l.read(bondsLetter, e) }

func epochLogKey(letter byte, e protocol.Epoch) []byte {
	return append([]byte{letter}, store.Key(uint64(e))...)
}

// Add writes what is to be kept of the state after the block at a height, and was
// not yet.
func (l *EpochLog) Add(r ledger.Reader, height protocol.Height) error {
	ended := l.params.Schedule.EpochOf(height + 1) // epochs before it are paid
	l.mu.Lock()
	to := l.reach
	l.mu.Unlock()
	if ended == 0 || to.Next >= ended-1 && to.Bonds >= ended {
		return nil
	}
	b := l.db.Batch()
	keep := func(letter byte, e protocol.Epoch, prefixes ...[]byte) error {
		list, err := recordsOf(r, prefixes...)
		if err != nil {
			return fmt.Errorf("keep epoch %d: %w", e, err)
		}
		b.Set(l.space, epochLogKey(letter, e), list.pack())
		return nil
	}
	if to.Bonds < ended {
		if err := keep(bondsLetter, ended-1, ledger.BondsPrefix()); err != nil {
			return err
		}
		to.Bonds = ended
	}
	if there := protocol.Epoch(l.params.Tasks.Retention); ended > there && to.Next < ended-there {
		to.Since, to.Next = ended-there, ended-there // what lies between is gone
	}
	for ; to.Next < ended-1; to.Next++ {
		e := to.Next
		if err := keep(paidLetter, e, ledger.EpochKey(e), ledger.PaymentPrefix(e)); err != nil {
			return err
		}
		if err := keep(weightsLetter, e, ledger.WeightsPrefix(e)); err != nil {
			return err
		}
	}
	b.Set(l.space, epochsMark, wire.Encode(&to))
	if err := b.Commit(); err != nil {
		return fmt.Errorf("write epochs: %w", err)
	}
	l.mu.Lock()
	l.reach = to
	l.mu.Unlock()
	return nil
}

func (l *EpochLog) read(letter byte, e protocol.Epoch) (ledger.Reader, error) {
	b, err := l.space.Get(epochLogKey(letter, e))
	if err != nil || b == nil {
		return nil, err
	}
	list, err := unpack(b)
	if err != nil {
		return nil, fmt.Errorf("epoch %d: %w: %w", e, store.ErrCorrupt, err)
	}
	return list, nil
}

// keyed is one record of the ledger.
type keyed struct {
	_          struct{} `cbor:",toarray"`
	Key, Value []byte
}

// records are some of a ledger's, by key. They are a [ledger.Reader].
type records []keyed

var _ ledger.Reader = records(nil)

// recordsOf returns the records of some prefixes.
func recordsOf(r ledger.Reader, prefixes ...[]byte) (list records, err error) {
	for _, prefix := range prefixes {
		if err := r.Iterate(prefix, func(key, value []byte) bool {
			list = append(list, keyed{Key: bytes.Clone(key), Value: bytes.Clone(value)})
			return true
		}); err != nil {
			return nil, err
		}
	}
	sort.Slice(list, func(i, j int) bool { return bytes.Compare(list[i].Key, list[j].Key) < 0 })
	return list, nil
}

// Get implements [ledger.Reader].
func (l records) Get(key []byte) ([]byte, error) {
	if i := l.from(key); i < len(l) && bytes.Equal(l[i].Key, key) {
		return l[i].Value, nil
	}
	return nil, nil
}

// Iterate implements [ledger.Reader].
func (l records) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	for _, r := range l[l.from(prefix):] {
		if !bytes.HasPrefix(r.Key, prefix) || !fn(r.Key, r.Value) {
			return nil
		}
	}
	return nil
}

// from returns the index of the first record that is not before a key.
func (l records) from(key []byte) int {
	return sort.Search(len(l), func(i int) bool { return bytes.Compare(l[i].Key, key) >= 0 })
}

// Both are safe for concurrent use, and fail for wrong options only.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxEpochBytes))
)

// pack returns records as bytes: canonical CBOR, compressed by Zstandard.
func (l records) pack() []byte {
	if l == nil {
		l = records{}
	}
	return packer.EncodeAll(wire.Encode([]keyed(l)), nil)
}

// unpack reads what pack made.
func unpack(b []byte) (records, error) {
	raw, err := unpacker.DecodeAll(b, nil)
	if err != nil {
		return nil, err
	}
	var list []keyed
	if err := wire.Decode(raw, maxEpochBytes, &list); err != nil {
		return nil, err
	}
	return list, nil
}
