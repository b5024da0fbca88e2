package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a schema's text.
const (
	// MaxSchema bounds its bytes.
	MaxSchema = 256 << 10
	maxNest   = 64  // values that lie in each other
	maxDigits = 300 // of a number, and its exponent
)

// The kinds of value.
type kind byte

const (
	isNull kind = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

// value is JSON with the order of its properties, and exact numbers.
type value struct {
	kind  kind
	yes   bool
	num   *big.Rat
	text  string
	items []*value // of an array; the values of an object
	keys  []string // of an object, in their order
}

// get returns a property, or nil.
func (v *value) get(name string) *value {
	for i, k := range v.keys {
		if k == name {
			return v.items[i]
		}
	}
	return nil
}

// parse reads one value.
func parse(data []byte) (*value, error) {
	if len(data) > MaxSchema {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, len(data), MaxSchema)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%w: it is no UTF-8", ErrSchema)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		if errors.Is(err, ErrLimit) || errors.Is(err, ErrSchema) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows it", ErrSchema)
	}
	return v, nil
}

func parseValue(d *json.Decoder, depth int) (*value, error) {
	if depth > maxNest {
		return nil, fmt.Errorf("%w: values lie deeper in each other than %d", ErrLimit, maxNest)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
		return &value{kind: isNull}, nil
	case bool:
		return &value{kind: isBool, yes: t}, nil
	case string:
		return &value{kind: isString, text: t}, nil
	case json.Number:
		n, err := parseNumber(string(t))
		return &value{kind: isNumber, num: n, text: string(t)}, err
	}
	if token == json.Delim('[') {
		return parseItems(d, &value{kind: isArray}, depth)
	}
	return parseItems(d, &value{kind: isObject}, depth)
}

// parseItems reads what is in an array or object, and its end.
func parseItems(d *json.Decoder, v *value, depth int) (*value, error) {
	seen := map[string]bool{}
	for d.More() {
		if v.kind == isObject {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ := token.(string)
			if seen[name] {
				return nil, fmt.Errorf("%w: two properties %.80q of one object", ErrSchema, name)
			}
			seen[name] = true
			v.keys = append(v.keys, name)
		}
		item, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
	}
	_, err := d.Token()
	return v, err
}

// parseNumber reads a number exactly.
func parseNumber(text string) (*big.Rat, error) {
	mantissa, exponent, has := strings.Cut(strings.ToLower(text), "e")
	if has {
		if n, err := strconv.Atoi(exponent); err != nil || n > maxDigits || n < -maxDigits {
			return nil, fmt.Errorf("%w: the exponent of %.40q", ErrLimit, text)
		}
	}
	if len(mantissa) > maxDigits {
		return nil, fmt.Errorf("%w: a number of more than %d digits", ErrLimit, maxDigits)
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%w: the number %.40q", ErrSchema, text)
	}
	return n, nil
}

// integer returns a keyword's value that counts something.
func (v *value) integer() (int, bool) {
	if v.kind != isNumber || !v.num.IsInt() || v.num.Sign() < 0 || !v.num.Num().IsInt64() || v.num.Num().Int64() > 1<<30 {
		return 0, false
	}
	return int(v.num.Num().Int64()), true
}
