package jsonschema_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/assaynet/assay/engine/grammar/jsonschema"
)

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		format  string
		yes, no []string
	}{
		{"date", []string{"2024-02-29", "2000-02-29", "1999-12-31"}, []string{"2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-1-1"}},
		{"time", []string{"23:59:59Z", "08:30:06.283185+01:30"}, []string{"24:00:00Z", "08:30:06", "08:30:60Z", "08:30:06+24:00"}},
		{"date-time", []string{"1985-04-12T23:20:50.52Z"}, []string{"1985-04-12 23:20:50Z", "1985-02-30T23:20:50Z"}},
		{"duration", []string{"P4DT12H30M5S", "P1Y", "PT1M", "P2W"}, []string{"P", "PT", "P1", "PT1D", "P1YT", "P2W1D", "P1Y2D"}},
		{"uuid", []string{"2eb8aa08-aa98-11ea-b4aa-73b441d16380"}, []string{"2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638"}},
		{"email", []string{"joe.bloggs@example.com", "te~st@x.org"}, []string{"joe", ".a@x.org", "a..b@x.org", "a@", "a@-x.org"}},
		{"hostname", []string{"www.example.com", "a-b.c1"}, []string{"", "-a", "a-", "a..b", "a_b"}},
		{"ipv4", []string{"192.168.0.1", "255.255.255.255"}, []string{"256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5"}},
		{"ipv6", []string{"::", "::1", "1::", "12:34::ab", "1:2:3:4:5:6:7:8", "1::2:3:4:5:6:7"}, []string{":", "1:2", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9"}},
		{"uri", []string{"http://example.org/a/b?q=1#f", "urn:isbn:12", "mailto:joe@x.org"}, []string{"//x.org", "abc", "http:// x", "1a:b"}},
		{"uri-reference", []string{"", "/a/b", "http://x.org"}, []string{"\\", "1a:b"}},
		{"json-pointer", []string{"", "/a~1b/0"}, []string{"a", "/~2"}},
		{"relative-json-pointer", []string{"0", "1/a", "2#"}, []string{"-1", "01", "/a"}},
	} {
		a, err := jsonschema.Compile(fmt.Appendf(nil, `{"type":"string","format":%q}`, c.format))
		if err != nil {
			t.Fatalf("%s: %v", c.format, err)
		}
		for want, texts := range map[bool][]string{true: c.yes, false: c.no} {
			for _, text := range texts {
				if got, _, err := a.Match([]byte(strconv.Quote(text))); err != nil || got != want {
					t.Errorf("%s, %q: got %v, %v", c.format, text, got, err)
				}
			}
		}
	}
}

func TestNumbersAreComparedExactly(t *testing.T) {
	for _, c := range []struct {
		schema  string
		yes, no []string
	}{
		{`{"type":"integer","minimum":-3,"exclusiveMaximum":120}`, []string{"-3", "0", "9", "99", "119"}, []string{"-4", "-30", "120", "1000", "1.5", "1.0", "-0", "01", "1e1"}},
		{`{"type":"number","minimum":0.25,"maximum":10.5}`, []string{"0.25", "0.250", "0.3", "10.5", "10.50", "9", "1"}, []string{"0.249", "0.2", "0", "10.51", "11", "-1", "1e0"}},
		{`{"type":"number","exclusiveMinimum":-2.5,"exclusiveMaximum":0}`, []string{"-2.49", "-1", "-0.01"}, []string{"-2.5", "-3", "0", "0.0", "-0.0", "1"}},
		{`{"type":"number","multipleOf":0.05,"minimum":0}`, []string{"0", "0.05", "1.1", "1.10", "3"}, []string{"0.01", "0.051", "1.111"}},
		{`{"type":"integer","multipleOf":7}`, []string{"0", "7", "-14", "1001"}, []string{"1", "8", "-13"}},
		{`{"enum":[1,2.5,-3]}`, []string{"1", "2.5", "-3"}, []string{"2", "25", "3", "1.01"}},
		{`{"type":"number","not":{"const":1}}`, []string{"0.9", "10", "1.5"}, []string{"1", "1.0", "1.00"}},
		{`{"type":"number"}`, []string{"1e5", "-0.5E-3", "0"}, []string{".5", "1.", "+1", "01"}},
	} {
		a, err := jsonschema.Compile([]byte(c.schema))
		if err != nil {
			t.Fatalf("%s: %v", c.schema, err)
		}
		for want, texts := range map[bool][]string{true: c.yes, false: c.no} {
			for _, text := range texts {
				if got, _, err := a.Match([]byte(text)); err != nil || got != want {
					t.Errorf("%s, %s: got %v, %v", c.schema, text, got, err)
				}
			}
		}
	}
}
