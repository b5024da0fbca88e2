package main

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

var epochsList = list{
	name: "epochs", path: "/v1/epochs", item: "Epoch", epochs: true, csv: api.CSV[api.Epoch],
	usage: "show when epochs were, and what each paid in all",
	about: `Shows the blocks and times of epochs, and what they paid: to miners, to validators,
in tokens, and to how many of them. The last one runs, and has paid nothing yet.`,
	wide: []string{"began", "seats", "of them", "of them"},
	table: tableOf([]column[api.Epoch]{
		{"epoch", func(e *api.Epoch) string { return num(e.Epoch) }},
		{"blocks", func(e *api.Epoch) string { return num(e.First) + ".." + num(e.Last) }},
		{"began", func(e *api.Epoch) string { return stamp(e.Began) }},
		{"ended", func(e *api.Epoch) string { return stamp(e.Ended) }},
		{"to miners", func(e *api.Epoch) string { return e.Miners.String() }},
		{"of them", func(e *api.Epoch) string { return paidSeats(e.PaidMiners, e.Miners) }},
		{"to validators", func(e *api.Epoch) string { return e.Validators.String() }},
		{"of them", func(e *api.Epoch) string { return paidSeats(e.PaidValidators, e.Validators) }},
		{"seats", func(e *api.Epoch) string { return num(e.Seats) }},
	}),
}

// paidSeats is how many were paid; "-" where the node has the sum alone.
func paidSeats(n uint32, sum protocol.Amount) string {
	if n == 0 && sum > 0 {
		return "-"
	}
	return num(n)
}

var bondsList = list{
	name: "bonds", path: "/v1/bonds", item: "Bond", long: true, filters: []string{"validator", "seat", "epoch"}, csv: api.CSV[api.Bond],
	usage: "show what validators hold in seats, from which dividends follow",
	about: `Shows the bonds that the end of the newest epoch left, or of an older one, in
65535ths of all that validators hold in a seat. A full node has them of every epoch
whose end it carried out itself, with a program that keeps them. With weights, stake and the settings in the genesis (assay genesis), an epoch's
dividends follow from them: assay simulate --from-network does that.`,
	table: tableOf([]column[api.Bond]{
		{"epoch", func(b *api.Bond) string { return num(b.Epoch) }},
		{"validator", func(b *api.Bond) string { return num(b.Validator) }},
		{"uid", func(b *api.Bond) string { return num(b.UID) }},
		{"value", func(b *api.Bond) string { return num(b.Value) }},
		{"share", func(b *api.Bond) string { return b.Share }},
	}),
}
