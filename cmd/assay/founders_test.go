package main

import "testing"

// FuzzFounder: whatever a founder sends, it is a seat for the draft or an error.
func FuzzFounder(f *testing.F) {
	for _, seed := range []string{
		`{"format":"assay-founder/1","origin":"genesis/x/1","role":"miner","account":{},"seat":{}}`, `{"format":"assay-founder/1","origin":"genesis/x/1","role":"validator","seat":{"consensus":{}}}`,
		`{"format":"assay-founder/1","origin":"genesis/y/1"}`, `{"format":"assay-founder/1","origin":"genesis/x/1","role":"king","seat":{}}`, `{}`, `[]`, `{"seat":{"addresses":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := parseFounder(b, "genesis/x/1")
		if err == nil && (x.Role != "miner" && x.Role != "validator" || x.Seat.Consensus != nil && len(x.Seat.Addresses) == 0) {
			t.Errorf("a seat that is none is taken: %s", b)
		}
		if err == nil && (x.Origin != "genesis/x/1" || x.Format != founderFormat || x.Seat.Coldkey != x.Account.Key) {
			t.Errorf("a file of another draft is taken: %s", b)
		}
	})
}
