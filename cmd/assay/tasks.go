package main

import (
	"strings"

	"github.com/assaynet/assay/protocol/api"
)

var tasksList = list{
	name: "tasks", path: "/v1/tasks", item: "Task", epochs: true, filters: []string{"kind", "seat", "finding"}, csv: api.CSV[api.Task],
	usage: "list the tasks that were answered, with what judges found",
	about: `Lists the tasks whose answers the asked validator keeps, by round, seat and slot.
Cards are shown when their judges have opened them, in the epoch after the task's. An
id stands for a task by its first digits, six at least, where no other begins so.

   assay tasks --seat 3 --limit 5
   assay tasks --finding false --json | jq -r .id
   assay task 1f6b09`,
	wide: []string{"slot", "epoch", "time"},
	table: tableOf([]column[api.Task]{
		{"task", func(t *api.Task) string { return t.ID.String()[:12] }},
		{"kind", func(t *api.Task) string { return printable(string(t.Kind)) }},
		{"epoch", func(t *api.Task) string { return num(t.Epoch) }},
		{"round", func(t *api.Task) string { return num(t.Round) }},
		{"time", func(t *api.Task) string { return stamp(t.Time) }},
		{"uid", func(t *api.Task) string { return num(t.UID) }},
		{"slot", func(t *api.Task) string { return num(t.Slot) }},
		{"judges", func(t *api.Task) string { return uids(t) }},
		{"found", foundOf},
	}),
}

func uids(t *api.Task) string {
	list := make([]string, len(t.Judges))
	for i, uid := range t.Judges {
		list[i] = num(uid)
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ",")
}

// foundOf is what the cards say, by judge.
func foundOf(t *api.Task) string {
	list := make([]string, len(t.Cards))
	for i, c := range t.Cards {
		list[i] = num(c.Judge) + " " + printable(string(c.Finding))
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}
