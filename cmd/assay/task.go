package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
)

func taskCommand() *cli.Command {
	q := query{
		name: "task", path: "/v1/tasks/", item: "Task", arg: "ID",
		usage: "show a task, its answer and the judgements of it",
		about: `Shows what a validator knows of one task. Ids are in the field tasks of a score.
With --json the signed bytes of answer and cards are there, too. The fields body
of task, answers and cards are as the kind of the task has them: see
/v1/openapi.json, InferenceTask, InferenceAnswer and InferenceCard, or the same with Judgement or
Synthetic.`,
		text: readAs(taskText),
	}
	return q.command()
}

func receiptCommand() *cli.Command {
	q := query{
		name: "receipt", path: "/v1/receipts/", item: "Receipt", arg: "ID",
		usage: "print a record of a task's answer that anyone can check again",
		about: `Prints one JSON object with the task, the signed answer and the signed cards. It
is self-contained:

   assay receipt ID > receipt.json
   assay verify receipt.json --model FILE`,
	}
	return q.command()
}

func taskText(t *api.Task) ([]pair, error) {
	kind := taskKindOf(t.Kind)
	asked, err := kind.task(t.Body)
	if err != nil {
		return nil, err
	}
	out := append([]pair{
		{"task", t.ID.String()},
		{"kind", printable(string(t.Kind))},
		{"epoch, round", fmt.Sprintf("%d, %d", t.Epoch, t.Round)},
		{"seat", fmt.Sprintf("uid %d, slot %d, hotkey %s", t.UID, t.Slot, t.Hotkey)},
	}, asked...)
	if t.Commitment != nil {
		out = append(out, pair{"commitment", fmt.Sprintf("%s at height %d", t.Commitment.Root, t.Commitment.Height)})
	}
	if len(t.Judges) > 0 {
		out = append(out, pair{"judges", "uid " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(t.Judges)), ", "), "[]")})
	}
	for _, a := range t.Answers {
		words, err := kind.answer(a.Body)
		if err != nil {
			return nil, err
		}
		out = append(out, pair{"answer", fmt.Sprintf("%s\nreceived at height %d", words, a.Received)})
	}
	for _, c := range t.Cards {
		words, err := kind.cardWords(c.Finding, c.Body)
		if err != nil {
			return nil, err
		}
		out = append(out, pair{"card", fmt.Sprintf("uid %d: %s", c.Judge, words)})
	}
	return out, nil
}

// printable keeps line breaks of what others wrote, and nothing else that moves a
// terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0) {
			return '�'
		}
		return r
	}, s)
}
