package main

import "github.com/assaynet/assay/protocol/api"

var emissionsList = list{
	name: "emissions", path: "/v1/emissions", item: "Emission", epochs: true, filters: []string{"seat"}, csv: api.CSV[api.Emission],
	usage: "show what each epoch paid to each seat",
	about: `Shows payments, in tokens, with the block that paid and its time; incentive and
dividend are shares in 65535ths; total is miner and validator together. The ledger
keeps the payments of some epochs only (retention, in /v1/network), and a node those
of the blocks that it keeps: a list that begins later than asked says so on standard
error, and one of older epochs alone is an error.

   assay emissions --seat 3 --limit 10      the newest ten
   assay emissions --epoch -3.. --csv       the last three epochs, for a spreadsheet`,
	wide: []string{"height", "dividend", "incentive", "time"},
	table: tableOf([]column[api.Emission]{
		{"epoch", func(e *api.Emission) string { return num(e.Epoch) }},
		{"height", func(e *api.Emission) string { return num(e.Height) }},
		{"time", func(e *api.Emission) string { return stamp(e.Time) }},
		{"uid", func(e *api.Emission) string { return num(e.UID) }},
		{"hotkey", func(e *api.Emission) string { return end(e.Hotkey) }},
		{"incentive", func(e *api.Emission) string { return num(e.Incentive) }},
		{"dividend", func(e *api.Emission) string { return num(e.Dividend) }},
		{"miner", func(e *api.Emission) string { return e.Miner.String() }},
		{"validator", func(e *api.Emission) string { return e.Validator.String() }},
		{"total", func(e *api.Emission) string { return e.Total.String() }},
	}),
}
