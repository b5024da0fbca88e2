package simulation

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// ErrScenario says that a scenario's file is not one, or asks for what cannot be.
var ErrScenario = errors.New("invalid scenario")

// Decode reads a scenario's TOML into v and refuses fields that v has not. Errors:
// [ErrScenario], with the line.
func Decode(text []byte, v any) error {
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %s", ErrScenario, reason(err))
	}
	return nil
}

func reason(err error) string {
	var strict *toml.StrictMissingError
	var decode *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		row, _ := strict.Errors[0].Position()
		return fmt.Sprintf("line %d: there is no %v", row, strict.Errors[0].Key())
	case errors.As(err, &decode):
		row, _ := decode.Position()
		return fmt.Sprintf("line %d: %v", row, decode)
	}
	return err.Error()
}

// Within reports whether all shares are 0 to 1.
func Within(shares ...float64) bool {
	for _, v := range shares {
		if !(v >= 0 && v <= 1) { // not a number is without, too
			return false
		}
	}
	return true
}
