package audit

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/assaynet/assay/protocol"
)

// Difference is what comes out otherwise than it was recorded.
type Difference struct {
	Height protocol.Height `json:"height"`
	Epoch  protocol.Epoch  `json:"epoch"`
	// Seat is whose payment differs; nil where it is nobody's.
	Seat *protocol.UID `json:"seat,omitempty"`
	// Field is the name in the records of package ledger, in words.
	Field    string `json:"field"`
	Recorded string `json:"recorded"`
	Derived  string `json:"derived"`
}

// String says it in one line.
func (d *Difference) String() string {
	where := fmt.Sprintf("epoch %d, block %d", d.Epoch, d.Height)
	if d.Seat != nil {
		where += fmt.Sprintf(", seat %d", *d.Seat)
	}
	return fmt.Sprintf("%s: %s was recorded as %s, and is %s", where, d.Field, d.Recorded, d.Derived)
}

// compare returns the first difference between what was recorded and what was
// derived: seats by uid first, for a payment says more than the pots that it is a
// part of.
func compare(recorded, derived *Outcome) *Difference {
	at := Difference{Height: derived.Epoch.Height, Epoch: derived.Epoch.Epoch}
	for i := range min(len(recorded.Payments), len(derived.Payments)) {
		if d := fields(at, recorded.Payments[i], derived.Payments[i]); d != nil {
			d.Seat = &derived.Payments[i].Seat.UID
			return d
		}
	}
	if a, b := len(recorded.Payments), len(derived.Payments); a != b {
		at.Field, at.Recorded, at.Derived = "payments", fmt.Sprint(a), fmt.Sprint(b)
		return &at
	}
	return fields(at, recorded.Epoch, derived.Epoch)
}

// fields compares two records of one type, field by field.
func fields[T comparable](at Difference, recorded, derived T) *Difference {
	if recorded == derived {
		return nil
	}
	a, b := reflect.ValueOf(recorded), reflect.ValueOf(derived)
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		if name == "_" {
			continue
		}
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); x != y {
			at.Field, at.Recorded, at.Derived = words(name), fmt.Sprint(x), fmt.Sprint(y)
			return &at
		}
	}
	return nil
}

// words writes a field's name as words: StakeShare is "stake share".
func words(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String())
}
