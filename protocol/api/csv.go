package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// typeCSV is what a client names under Accept that wants a list as CSV (RFC 4180).
const typeCSV = "text/csv"

// CSV writes items of a list as CSV (RFC 4180), a line each: one column for each
// member that a T may have, empty where the item has none, objects and arrays as
// their JSON. With head, a line of names comes first. Before a text that a
// spreadsheet takes for a formula stands an apostrophe: prompts, answers and
// specifications are strangers' words. It is an error if an item is no object.
func CSV[T any](items []json.RawMessage, head bool) ([]byte, error) {
	names := columns(reflect.TypeFor[T]())
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if head {
		if err := w.Write(names); err != nil {
			return nil, err
		}
	}
	row := make([]string, len(names))
	for _, item := range items {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(item, &members); err != nil {
			return nil, fmt.Errorf("an item that is no object: %w", err)
		}
		for i, name := range names {
			var err error
			if row[i], err = cell(members[name]); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// cell is a member as text: what a string says, and JSON of all else.
func cell(v json.RawMessage) (string, error) {
	if len(v) == 0 || v[0] != '"' {
		return string(v), nil
	}
	var s string
	err := json.Unmarshal(v, &s)
	if s != "" && strings.ContainsRune(formulas, rune(s[0])) {
		s = "'" + s
	}
	return s, err
}

// formulas begin what a spreadsheet carries out (OWASP, CSV Injection).
const formulas = "=+-@\t\r"

// columns are the names of a type's members, in their order.
func columns(t reflect.Type) (out []string) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous && name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}

// tabular is an answer that is a table, too.
type tabular interface {
	csv() ([]byte, error)
	next() string // cursor of the next page; empty on the last
}

func (p Page[T]) csv() ([]byte, error) {
	items := make([]json.RawMessage, len(p.Items))
	for i := range p.Items {
		b, err := encode(p.Items[i])
		if err != nil {
			return nil, err
		}
		items[i] = b
	}
	return CSV[T](items, true)
}

func (p Page[T]) next() string { return p.Next }

// wantsCSV reports whether a request asks for CSV: by name, for browsers and curl
// accept anything.
func wantsCSV(accept []string) bool {
	return slices.ContainsFunc(accept, func(line string) bool {
		for part := range strings.SplitSeq(line, ",") {
			kind, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(kind), typeCSV) {
				return true
			}
		}
		return false
	})
}
