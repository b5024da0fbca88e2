package config

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"
)

// valueError is an [ErrValue] that knows its setting.
type valueError struct {
	of          *setting
	value, hint string
}

// Error names the setting in all its forms.
func (e *valueError) Error() string {
	return fmt.Sprintf("%s: %s (--%s) is %.80q: %s", ErrValue, e.of.name(), e.of.flag, e.value, e.hint)
}

// Unwrap makes it an [ErrValue].
func (e *valueError) Unwrap() error { return ErrValue }

// locate adds to an error of [Config.Check] the line of config.toml that has the
// value, unless isSet says that its flag or its variable has set it.
func (h Home) locate(err error, isSet func(flag string) bool) error {
	bad := (*valueError)(nil)
	if !errors.As(err, &bad) || isSet(bad.of.flag) {
		return err
	}
	b, readErr := readLimited(h.Config(), MaxFileBytes)
	if readErr != nil {
		return err
	}
	b = bytes.TrimPrefix(b, []byte(mark)) // as it was read before
	if line := lineOf(b, bad.of.section, bad.of.key); line > 0 {
		return fmt.Errorf("%s, line %d: %w", h.Config(), line, err)
	}
	return err
}

// lineOf returns the line of a key in a file, 0 where it is not found.
func lineOf(b []byte, section, key string) int {
	var p unstable.Parser
	p.Reset(b)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		var path []string
		line := 0
		for it := e.Key(); it.Next(); {
			path = append(path, string(it.Node().Data))
			if line == 0 {
				line = p.Shape(it.Node().Raw).Start.Line
			}
		}
		switch e.Kind {
		case unstable.Table:
			table = path
		case unstable.KeyValue:
			path = append(append([]string{}, table...), path...)
			if len(path) == 2 && path[0] == section && path[1] == key {
				return line
			}
		}
	}
	return 0
}
