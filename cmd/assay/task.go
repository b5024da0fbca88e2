package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
)

func taskCommand() *cli.Command {
	q := query{
		name: "task", path: "/v1/tasks/", item: "Task", arg: "ID",
		usage: "show a task, its answer and the judgements of it",
		about: `Shows what a validator knows of one task. Ids are in the field tasks of a score.
With --json the signed bytes of answer and cards are there, too.`,
		text: textOf(taskText),
	}
	return q.command()
}

func receiptCommand() *cli.Command {
	q := query{
		name: "receipt", path: "/v1/receipts/", item: "Receipt", arg: "ID",
		usage: "print a record of a task's answer that anyone can run again",
		about: `Prints one JSON object with the task, the signed answer and the signed cards. It
is self-contained:

   assay receipt ID > receipt.json
   assay verify receipt.json --model FILE`,
	}
	return q.command()
}

func taskText(t *api.Task) []pair {
	how := "greedy"
	if t.TemperatureBits != 0 {
		how = fmt.Sprintf("temperature %g, top-k %d, top-p %d/65536", math.Float32frombits(t.TemperatureBits), t.TopK, t.TopP)
	}
	out := []pair{
		{"task", t.ID.String()},
		{"kind", string(t.Kind)},
		{"epoch, round", fmt.Sprintf("%d, %d", t.Epoch, t.Round)},
		{"seat", fmt.Sprintf("uid %d, slot %d, hotkey %s", t.UID, t.Slot, t.Hotkey)},
		{"model", t.Model.String()},
		{"settings", fmt.Sprintf("%s, at most %d tokens", how, t.MaxTokens)},
		{"system", printable(t.System)},
		{"prompt", printable(t.Prompt)},
	}
	if t.Commitment != nil {
		out = append(out, pair{"commitment", fmt.Sprintf("%s at height %d", t.Commitment.Root, t.Commitment.Height)})
	}
	if len(t.Judges) > 0 {
		out = append(out, pair{"judges", "uid " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(t.Judges)), ", "), "[]")})
	}
	for _, a := range t.Answers {
		out = append(out, pair{"answer", fmt.Sprintf("%d tokens %v\nended by %s, %d ms, received at height %d\nfingerprint %s", len(a.Output), a.Output, a.Finish, a.Millis, a.Received, a.Fingerprint)})
	}
	for _, c := range t.Cards {
		out = append(out, pair{"card", fmt.Sprintf("uid %d: %s", c.Judge, finding(c.Finding, c.Position))})
	}
	return out
}

// finding says in words what a judge found.
func finding(f string, position uint32) string {
	switch f {
	case "exact":
		return "exact: equal, bit for bit"
	case "token", "state", "failed", "range", "end":
		return fmt.Sprintf("%s: differs at output token %d", f, position)
	case "unopened":
		return "unopened: sealed, and not opened in time"
	}
	return f
}

// printable keeps a prompt's line breaks and nothing else that moves a terminal's
// cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0) {
			return '�'
		}
		return r
	}, s)
}
