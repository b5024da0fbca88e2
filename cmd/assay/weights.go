package main

import "github.com/assaynet/assay/protocol/api"

var weightsList = list{
	name: "weights", path: "/v1/weights", item: "Weight", epochs: true, filters: []string{"validator", "seat"}, csv: api.CSV[api.Weight],
	usage: "show the weights that all validators opened",
	about: `Shows what validators sealed in an epoch and opened in the next, as the ledger
has it: one line for each opinion of a validator about a seat. They count at
the end of the epoch after that. The ledger keeps the weights of some epochs
only, and a full node those of all from its first block on: a list that begins
later than asked says so on standard error, and one of older epochs alone is an
error.`,
	table: tableOf([]column[api.Weight]{
		{"epoch", func(w *api.Weight) string { return num(w.Epoch) }},
		{"sealed", func(w *api.Weight) string { return stamp(w.Time) }},
		{"validator", func(w *api.Weight) string { return num(w.Validator) }},
		{"uid", func(w *api.Weight) string { return num(w.UID) }},
		{"value", func(w *api.Weight) string { return num(w.Value) }},
	}),
}
