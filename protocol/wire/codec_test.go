package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// golden is one entry of testdata/golden.json, in the order of the file.
type golden struct {
	Name  string `json:"name"`
	Bytes string `json:"bytes"` // hex
}

func TestMessagesKeepTheirBytes(t *testing.T) {
	const file = "testdata/golden.json"
	names, all := messages()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		var list []golden
		for _, name := range names {
			list = append(list, golden{name, hex.EncodeToString(wire.Encode(all[name]))})
		}
		raw, err := json.MarshalIndent(list, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []golden
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(names) {
		t.Errorf("%d messages in the file, want %d", len(list), len(names))
	}
	for _, g := range list {
		want, err := hex.DecodeString(g.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got := wire.Encode(all[g.Name]); !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %x\nwant %x", g.Name, got, want)
		}
		back := reflect.New(reflect.TypeOf(all[g.Name]).Elem()).Interface()
		if err := wire.Decode(want, wire.MaxReceiptBytes, back); err != nil {
			t.Errorf("%s: %v", g.Name, err)
		} else if !reflect.DeepEqual(back, all[g.Name]) {
			t.Errorf("%s: got %+v, want %+v", g.Name, back, all[g.Name])
		}
	}
}

func TestDecodeRefusesEveryOtherForm(t *testing.T) {
	good := wire.Encode(&wire.Commit{Round: 7, Root: hash("root")}) // 82 07 5820 …
	if good[0] != 0x82 || good[1] != 7 {
		t.Fatalf("got %x", good)
	}
	root := good[2:]
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":                     {nil, wire.ErrMalformed},
		"truncated":                   {good[:len(good)-1], wire.ErrMalformed},
		"something behind":            {join(good, []byte{0}), wire.ErrMalformed},
		"a number in two bytes":       {join([]byte{0x82, 0x18, 7}, root), wire.ErrNotCanonical},
		"a number in nine bytes":      {join([]byte{0x82, 0x1b, 0, 0, 0, 0, 0, 0, 0, 7}, root), wire.ErrNotCanonical},
		"an indefinite array":         {join([]byte{0x9f, 7}, root, []byte{0xff}), wire.ErrMalformed},
		"an indefinite string":        {join([]byte{0x82, 7, 0x5f}, root, []byte{0xff}), wire.ErrMalformed},
		"a tag":                       {join([]byte{0x82, 0xc1, 7}, root), wire.ErrMalformed},
		"a float":                     {join([]byte{0x82, 0xf9, 0x47, 0}, root), wire.ErrMalformed},
		"a negative number":           {join([]byte{0x82, 0x26}, root), wire.ErrMalformed},
		"a field too many":            {join([]byte{0x83, 7}, root, []byte{0}), wire.ErrMalformed},
		"a field too few":             {[]byte{0x81, 7}, wire.ErrMalformed},
		"a map":                       {join([]byte{0xa1, 7}, root), wire.ErrMalformed},
		"null":                        {[]byte{0xf6}, wire.ErrNotCanonical},
		"null for a hash":             {[]byte{0x82, 7, 0xf6}, wire.ErrNotCanonical},
		"a short hash":                {join([]byte{0x82, 7, 0x58, 0x1f}, root[2:33]), wire.ErrMalformed},
		"a long hash":                 {join([]byte{0x82, 7, 0x58, 0x21}, root[2:], []byte{1}), wire.ErrMalformed},
		"an array that promises more": {[]byte{0x9b, 0, 0, 0, 1, 0, 0, 0, 0}, wire.ErrMalformed},
		"a string that promises more": {[]byte{0x82, 7, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, wire.ErrMalformed},
		"deeply nested":               {bytes.Repeat([]byte{0x81}, 99), wire.ErrMalformed},
		"over the limit":              {make([]byte, 101), wire.ErrTooLarge},
	} {
		if err := wire.Decode(c.raw, 100, new(wire.Commit)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if err := wire.Decode(good, 100, new(wire.Commit)); err != nil {
		t.Error(err)
	}
}

func TestTextMustBeUTF8AndListsHaveABound(t *testing.T) {
	bad := wire.Encode(&wire.Serve{Addresses: []string{"ab"}})
	bad = bytes.Replace(bad, []byte("ab"), []byte{0xc3, 0x28}, 1)
	if err := wire.Decode(bad, 1000, new(wire.Serve)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want %v", err, wire.ErrMalformed)
	}
	long := wire.Encode(&wire.RevealWeights{UIDs: make([]protocol.UID, 9000)})
	if err := wire.Decode(long, 1<<20, new(wire.RevealWeights)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want %v", err, wire.ErrMalformed)
	}
}

func TestNilAndEmptyHaveOneForm(t *testing.T) {
	a, b := &wire.RevealWeights{}, &wire.RevealWeights{UIDs: []protocol.UID{}, Values: []uint16{}}
	if !bytes.Equal(wire.Encode(a), wire.Encode(b)) {
		t.Error("nil and empty differ")
	}
}
