package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task/inference"
)

func taskCommand() *cli.Command {
	q := query{
		name: "task", path: "/v1/tasks/", item: "Task", arg: "ID",
		usage: "show a task, its answer and the judgements of it",
		about: `Shows what a validator knows of one task. Ids are in the field tasks of a score.
With --json the signed bytes of answer and cards are there, too. The fields body
of task, answers and cards are as the kind of the task has them: see
/v1/openapi.json, InferenceTask, InferenceAnswer and InferenceCard, or the same with Judgement or
Synthetic. --model shows the tokens of an answer as text.`,
		text: readAs(taskText),
	}
	cmd := q.command()
	cmd.Flags = append(cmd.Flags, &cli.StringFlag{Name: "model", Usage: "show an answer's tokens as text, by the model in `FILE`, or of that name in the store"})
	cmd.Action = func(c *cli.Context) error {
		path, err := q.pathOf(c) // which reads flags behind the argument, too
		if err != nil {
			return err
		}
		if c.String("model") == "" || c.Bool("json") {
			return withNode(c, func(n *client) error { return q.show(c, n, path) })
		}
		return showTaskText(c, &q, path)
	}
	return cmd
}

// showTaskText shows a task with its answers as text.
func showTaskText(c *cli.Context, q *query, path string) error {
	return withNode(c, func(n *client) error {
		var t api.Task
		if err := n.get(c.Context, path, &t); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		out, err := taskText(&t)
		if err != nil {
			return err
		}
		if t.Kind != inference.Kind {
			return withHint(fmt.Errorf("answers of the kind %s are no text", printable(string(t.Kind))), "leave out --model")
		}
		texts, err := answerTexts(c, &t)
		if err != nil {
			return err
		}
		return printPairs(c.App.Writer, append(out, texts...))
	})
}

// answerTexts are the answers to a task of the kind inference as text, by the model
// of --model, which must be the one that was asked.
func answerTexts(c *cli.Context, t *api.Task) ([]pair, error) {
	var asked api.InferenceTask
	if err := json.Unmarshal(t.Body, &asked); err != nil {
		return nil, fmt.Errorf("a body that is none: %w", err)
	}
	path, err := findModel(c.String("model"))
	if err != nil {
		return nil, err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return nil, modelHint(err)
	}
	defer func() { _ = f.Close() }() // only read
	if id := protocol.ModelID(gguf.CachedModelID(f)); id != asked.Model {
		return nil, withHint(fmt.Errorf("the task asks model %s, this file is model %s", asked.Model, id), "give --model the file that the network names")
	}
	words, err := tokenizer.New(f)
	if err != nil {
		return nil, modelHint(err)
	}
	var out []pair
	for i := range t.Answers {
		var a api.InferenceAnswer
		if err := json.Unmarshal(t.Answers[i].Body, &a); err != nil {
			return nil, fmt.Errorf("a body that is none: %w", err)
		}
		out = append(out, pair{"text", printable(strings.ToValidUTF8(string(words.Decode(a.Output)), "�"))})
	}
	return out, nil
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
