package main

import (
	"fmt"

	"github.com/assaynet/assay/protocol/api"
)

var scoresList = list{
	name: "scores", path: "/v1/scores", item: "Score", epochs: true, filters: []string{"seat", "miner", "kind"}, csv: api.CSV[api.Score],
	usage: "show what a validator counted of each seat, and the weight that it made of it",
	about: `Shows the scores of one validator, by epoch, uid and kind of tasks. Units are what
the kind counts: tokens, of inference. An answer is given if judges with more than
half of the stake hold it; exact and inexact are answers of the kind that some judge
found equal, and false. Bound, speed and availability are in 65536ths, the weight,
which is of all kinds together, in 65535ths. exact and inexact may grow until a score
is final, a few blocks into the next epoch; then nothing of it changes, also when its
answers and cards are no longer kept. A validator keeps the scores of all epochs.
A node that came later than a seat, or was away for an epoch, remembers less of it,
until that would be forgotten: such a score says from which epoch on the node has
weighed ("since 24"), or how many rounds of the epoch it left out ("2 unseen";
partial, seen_from and unobserved in --json and --csv), and may differ from another
node's.
From a score to its evidence:

   assay scores --seat 3 --epoch 7 --json | jq -r '.tasks[]'
   assay task ID
   assay receipt ID > receipt.json && assay verify receipt.json --model FILE`,
	wide: []string{"time", "units", "bound", "speed", "availability", "hotkey", "not given", "inexact", "late", "kind"},
	table: tableOf([]column[api.Score]{
		{"epoch", func(s *api.Score) string { return num(s.Epoch) }},
		{"uid", func(s *api.Score) string { return num(s.UID) }},
		{"hotkey", func(s *api.Score) string { return end(s.Hotkey) }},
		{"kind", func(s *api.Score) string { return printable(string(s.Kind)) }},
		{"asked", func(s *api.Score) string { return num(s.Asked) }},
		{"answered", func(s *api.Score) string { return num(s.Answered) }},
		{"exact", func(s *api.Score) string { return num(s.Exact) }},
		{"inexact", func(s *api.Score) string { return num(s.Inexact) }},
		{"late", func(s *api.Score) string { return num(s.Late) }},
		{"not given", func(s *api.Score) string { return num(s.NotGiven) }},
		{"units", func(s *api.Score) string { return num(s.Units) }},
		{"bound", func(s *api.Score) string { return num(s.Bound) }},
		{"speed", func(s *api.Score) string { return num(s.Speed) }},
		{"availability", func(s *api.Score) string { return num(s.Availability) }},
		{"weight", func(s *api.Score) string { return num(s.Weight) }},
		{"reason", func(s *api.Score) string { return reasonOf(&s.Explain) }},
		{"time", func(s *api.Score) string { return stamp(s.Time) }},
	}),
}

// reasonOf is what decided a weight, in a table, and from where on the node knows
// of it, where that is not all.
func reasonOf(x *api.Explain) string {
	switch {
	case !x.Partial:
		return x.Reason
	case x.Unobserved > 0:
		return fmt.Sprintf("%s, %d unseen", x.Reason, x.Unobserved)
	}
	return fmt.Sprintf("%s, since %d", x.Reason, x.SeenFrom)
}
