package main

import (
	"strings"

	"github.com/assaynet/assay/protocol/api"
)

var challengesList = list{
	name: "challenges", path: "/v1/challenges", item: "Challenge", epochs: true, filters: []string{"seat"}, csv: api.CSV[api.Challenge],
	usage: "show what was said to be false, and what came of it",
	about: `Shows challenges of answers and of judges' cards, by the block that has them. Who is
accused is a seat for its answer, or a judge for its card about one; --seat is of either,
and --epoch of when they were posted. Two thirds of the electors'
stake that find alike decide, and against the accused only by the reference: named by
more than a third, as is another backend, or by more than two thirds. What a verdict
takes is held until the block under due, and burned then, unless its owner appeals
before: assay tx appeal.`,
	wide: []string{"appealed", "fee", "slot", "due"},
	table: tableOf([]column[api.Challenge]{
		{"posted", func(c *api.Challenge) string { return num(c.Posted) }},
		{"round", func(c *api.Challenge) string { return num(c.Round) }},
		{"uid", func(c *api.Challenge) string { return num(c.UID) }},
		{"slot", func(c *api.Challenge) string { return num(c.Slot) }},
		{"accused", func(c *api.Challenge) string { return num(c.Accused) }},
		{"stage", func(c *api.Challenge) string { return c.Stage }},
		{"due", func(c *api.Challenge) string { return num(c.Due) }},
		{"found", func(c *api.Challenge) string { return string(c.Decided) }},
		{"held", func(c *api.Challenge) string { return c.Held.String() }},
		{"fee", func(c *api.Challenge) string { return c.Fee.String() }},
		{"appealed", func(c *api.Challenge) string { return yes(c.Appealed) }},
		{"votes", votesOf},
	}),
}

// votesOf tells what electors said: "0 false by reference and native, 2 sealed, 5
// -".
func votesOf(c *api.Challenge) string {
	var out []string
	for _, e := range c.Electors {
		said := "-"
		switch {
		case e.Opened && e.Finding == "":
			said = "cannot tell"
		case e.Opened:
			said = string(e.Finding) + " by " + strings.Join(e.Backends, " and ")
		case e.Sealed:
			said = "sealed"
		}
		out = append(out, num(e.UID)+" "+said)
	}
	return strings.Join(out, ", ")
}
