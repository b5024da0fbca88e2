package main

import (
	"fmt"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/params"
)

var validatorsList = list{
	name: "validators", path: "/v1/validators", item: "Validator", csv: api.CSV[api.Validator],
	usage: "show the seats that judge",
	about: `Shows validators as the newest state has them. Dividend and duty are in
65535ths; stake, what of it is the owner's, and emission are tokens, and so is the
balance of the coldkey: seats of one owner show the same one. What the owner takes
of dividends is what delegating there costs; --json says of a rise that comes.`,
	wide: []string{"coldkey has", "owner has", "takes", "duty", "dividend", "jailed", "last update", "power", "last signed"},
	table: tableOf([]column[api.Validator]{
		{"uid", func(v *api.Validator) string { return num(v.UID) }},
		{"hotkey", func(v *api.Validator) string { return end(v.Hotkey) }},
		{"stake", func(v *api.Validator) string { return v.Stake.String() }},
		{"owner has", func(v *api.Validator) string { return v.Self.String() }},
		{"takes", func(v *api.Validator) string { return fmt.Sprintf("%.2f%%", float64(v.Commission)*100/params.One) }},
		{"permit", func(v *api.Validator) string { return yes(v.Permit) }},
		{"power", func(v *api.Validator) string { return num(v.Power) }},
		{"dividend", func(v *api.Validator) string { return num(v.Dividend) }},
		{"duty", func(v *api.Validator) string { return num(v.Duty) }},
		{"fulfilled", func(v *api.Validator) string { return num(v.Fulfilled) + "/" + num(v.Drawn) }},
		{"emission", func(v *api.Validator) string { return v.Emission.String() }},
		{"coldkey has", func(v *api.Validator) string { return v.Balance.String() }},
		{"jailed", func(v *api.Validator) string {
			if v.Jailed {
				return "until " + num(v.JailEnds)
			}
			return yes(false)
		}},
		{"last signed", func(v *api.Validator) string { return num(v.LastSigned) }},
		{"last update", func(v *api.Validator) string { return num(v.LastUpdate) }},
	}),
}
