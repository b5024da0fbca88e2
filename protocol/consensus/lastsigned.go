package consensus

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/durable"
	"github.com/assaynet/assay/protocol/store"
)

// The steps of a round, in the order in which a validator signs them.
const (
	stepPropose   = 1
	stepPrevote   = 2
	stepPrecommit = 3
)

// LastSigned is the newest signature of a validator's consensus key. One without
// a signature says that nothing more is signed up to its height.
type LastSigned struct {
	// Chain is the network's id as CometBFT has it.
	Chain  string `json:"chain_id"`
	Height int64  `json:"height"`
	Round  int32  `json:"round"`
	// Step is 1 for a proposal, 2 for a prevote, 3 for a precommit.
	Step int8 `json:"step"`
	// Passed says that the height was passed over, for a copy may have signed at it.
	Passed    bool   `json:"passed,omitempty"`
	SignBytes []byte `json:"sign_bytes,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// String names the step.
func (l *LastSigned) String() string {
	if l.Signature == nil {
		return fmt.Sprintf("height %d, passed over", l.Height)
	}
	return fmt.Sprintf("height %d, round %d, step %d", l.Height, l.Round, l.Step)
}

// compare orders by height, round and step.
func (l *LastSigned) compare(o *LastSigned) int {
	return cmp.Or(cmp.Compare(l.Height, o.Height), cmp.Compare(l.Round, o.Round), cmp.Compare(l.Step, o.Step))
}

// LastSignedFile is the file of the record, in a node's own directory and apart
// from the database: a backup of that has no part of it.
const LastSignedFile = "last-signed.json"

// maxLastSigned bounds the file: canonical votes have some 200 bytes.
const maxLastSigned = 4096

// signRecord is the record of one chain on the disk.
type signRecord struct{ path, chain string }

// read returns the record, an empty one where there is none or where it is of
// another chain, whose signatures contradict none of this one's. Errors:
// [ErrLastSigned] for a file that cannot be read.
func (r *signRecord) read() (LastSigned, error) {
	none := LastSigned{Chain: r.chain}
	f, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrLastSigned, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxLastSigned+1))
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrLastSigned, err)
	}
	l, err := decodeLastSigned(b)
	if err != nil {
		return none, fmt.Errorf("%w: %s: %w", ErrLastSigned, r.path, err)
	}
	if l.Chain != r.chain {
		return none, nil
	}
	return l, nil
}

// decodeLastSigned reads a record. It returns [store.ErrCorrupt] for what no
// validator wrote.
func decodeLastSigned(b []byte) (LastSigned, error) {
	var l LastSigned
	if len(b) > maxLastSigned {
		return l, fmt.Errorf("more than %d bytes: %w", maxLastSigned, store.ErrCorrupt)
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	if l.Height < 1 || l.Round < 0 || l.Step < stepPropose || l.Step > stepPrecommit || (l.Signature == nil) != (l.SignBytes == nil) || l.Passed && l.Signature != nil {
		return l, fmt.Errorf("%s: %w", &l, store.ErrCorrupt)
	}
	return l, nil
}

// write puts a record in the place of the one before.
func (r *signRecord) write(l *LastSigned) error {
	l.Chain = r.chain
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(r.path, append(b, '\n'), 0o600)
}

// ReadLastSigned returns what the key of a node with this directory signed last on
// a chain; a zero height stands for nothing that is known. Errors: [ErrLastSigned].
func ReadLastSigned(dir, chain string) (LastSigned, error) {
	return recordOf(dir, chain).read()
}

// ResetLastSigned makes a node with this directory, which does not run, sign from
// the height after h on, whatever it signed before: for who knows that no copy of
// it signed later. All else makes the record grow. Errors: [ErrLastSigned].
func ResetLastSigned(dir, chain string, h protocol.Height) error {
	if h < 1 || h > math.MaxInt64 {
		return fmt.Errorf("%w: no height %d", ErrLastSigned, h)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrLastSigned, err)
	}
	if err := recordOf(dir, chain).write(&LastSigned{Height: int64(h), Round: math.MaxInt32, Step: stepPrecommit}); err != nil {
		return fmt.Errorf("%w: %w", ErrLastSigned, err)
	}
	return nil
}

func recordOf(dir, chain string) *signRecord {
	return &signRecord{path: filepath.Join(dir, LastSignedFile), chain: protocol.ShortChainID(chain)}
}
