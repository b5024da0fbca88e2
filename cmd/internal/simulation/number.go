package simulation

import (
	"math"
	"strconv"
)

// Number is rounded to four digits behind the point; it is null in JSON where
// there is nothing to say.
type Number float64

// Round returns v as a [Number].
func Round(v float64) Number { return Number(math.Round(v*1e4) / 1e4) }

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return []byte(strconv.FormatFloat(float64(n), 'f', -1, 64)), nil
}

func (n Number) String() string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	text := strconv.FormatFloat(float64(n), 'f', 2, 64)
	if text == "-0.00" {
		return "0.00"
	}
	return text
}
