package ratings

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assaynet/assay/scoring/preference"
)

// row is a row of the score as it is written.
type row struct {
	Rater json.RawMessage `json:"rater"`
	Pay   uint64          `json:"pay"`
	Q     int64           `json:"q"`
	Gate  uint32          `json:"gate"`
	Done  uint64          `json:"done"`
	W     uint32          `json:"w"`
	Voice uint64          `json:"voice"`
}

// WriteRows writes one JSON object a line.
func WriteRows(w io.Writer, rows []preference.Row) error {
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for _, r := range rows {
		if err := e.Encode(row{json.RawMessage(r.Rater), r.Pay, r.Q, r.Gate, r.Done, r.W, r.Voice}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// ErrCarry says that a file does not hold carried sums.
var ErrCarry = errors.New("not carried sums")

// MaxCarry bounds a file of carried sums, in bytes: four million twos of
// raters take as much.
const MaxCarry = 1 << 30

// ReadCarry reads carried sums, whose ids are as [Read] makes them.
func ReadCarry(data []byte) (preference.Carry, error) {
	var c preference.Carry
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("%w: %s", ErrCarry, reason(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%w: something follows the object", ErrCarry)
	}
	return c, nil
}

// WriteCarry writes carried sums as one object.
func WriteCarry(w io.Writer, c preference.Carry) error {
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return err
	}
	return out.Flush()
}
