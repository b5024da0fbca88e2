package value_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/assaynet/assay/protocol/task/synthetic/value"
)

var limits = value.Limits{Bytes: 1 << 10, Depth: 4, Values: 64}

func TestWhatIsReadIsWhatStandsThere(t *testing.T) {
	got, err := value.Decode([]byte(" {\"b\": [1, -0.5e+2, true, null], \"a\": \"x\\u00e9\\ud83d\\ude00\\n/\\/é\"}\r\n"), limits)
	want := map[string]any{
		"b": []any{json.Number("1"), json.Number("-0.5e+2"), true, nil},
		"a": "xé😀\n//é",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestStringsComeInTheOrderOfTheirKeys(t *testing.T) {
	v, err := value.Decode([]byte(`{"z": "4", "a": ["1", {"y": "3", "x": "2"}], "m": 9}`), limits)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	value.Strings(v, func(s string) { got += s })
	if got != "1234" {
		t.Errorf("got %q, want 1234", got)
	}
}

func TestTheSizeIsOfAllThatStandsThere(t *testing.T) {
	for text, want := range map[string][2]int{`null`: {1, 0}, `"abc"`: {1, 3}, `[]`: {1, 0}, `{"ab": [1, "c", {"d": "é"}], "e": true}`: {10, 7}} {
		v, err := value.Decode([]byte(text), limits)
		if values, bytes := value.Size(v); err != nil || values != want[0] || bytes != want[1] {
			t.Errorf("%s: %d values and keys with %d bytes, %v, want %v", text, values, bytes, err, want)
		}
	}
}

func TestWhatTwoReadersMayReadDifferentlyIsRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "tru", "truth", "nul", "{", "[", "[1", "[1 2]", "[,]", "[1,]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1 "b":2}`, "1 2",
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u+123"`, "\"\n\"", "\"a\\nb\x01\"",
		`"\ud800"`, `"\udc00"`, `"\ud800\u0041"`, `"\ud800x"`, "\"\xff\"", "\xef\xbb\xbf1",
		"01", "-", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity", "--1", "'a'",
	} {
		if v, err := value.Decode([]byte(text), limits); !errors.Is(err, value.ErrForm) {
			t.Errorf("%q: got %v, %v, want %v", text, v, err, value.ErrForm)
		}
	}
}

func TestLimitsHoldBeforeAnythingGrows(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":    `"` + strings.Repeat("a", 1<<10) + `"`,
		"depth":    strings.Repeat("[", 5) + strings.Repeat("]", 5),
		"values":   "[" + strings.Repeat("1,", 64) + "1]",
		"keys":     `{"a":1,"b":` + strings.Repeat("[", 1) + strings.Repeat("1,", 60) + `1],"c":2}`,
		"number":   strings.Repeat("1", 33),
		"exponent": "1e100",
		"huge":     "1e999999999999",
		"tiny":     "1e-100",
	} {
		if _, err := value.Decode([]byte(text), limits); !errors.Is(err, value.ErrLimit) {
			t.Errorf("%s: got %v, want %v", name, err, value.ErrLimit)
		}
	}
	for _, text := range []string{"[[[[]]]]", strings.Repeat("1", 32), "1e99", "[" + strings.Repeat("1,", 62) + "1]"} {
		if _, err := value.Decode([]byte(text), limits); err != nil {
			t.Errorf("%q at the limit: %v", text, err)
		}
	}
}

// FuzzDecode: nothing panics, and what is read is what encoding/json reads.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5e-3,"x\ud83d\ude00"],"b":null}`))
	f.Add([]byte(`[[[[1]]]]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := value.Decode(b, limits)
		if err != nil {
			if !errors.Is(err, value.ErrForm) && !errors.Is(err, value.ErrLimit) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		if !utf8.Valid(b) {
			t.Fatal("invalid UTF-8 was read")
		}
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, encoding/json %v, %v", got, want, err)
		}
	})
}
