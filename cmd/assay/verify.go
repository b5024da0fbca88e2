package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/scoring"
)

func verifyCommand() *cli.Command {
	return judged(&cli.Command{
		Name: "verify", ArgsUsage: "RECEIPT",
		Usage: "run a receipt's answer again, with no network",
		Description: `Reads what assay receipt printed (- is standard input), checks the signatures of
miner and judges, and that the model file is the one that was asked for; then
runs the model over prompt and answer and compares every token and every hidden
state, bit for bit. It prints "equal" and exits 0, or prints the first output
token that differs and how, and exits 1. Where nothing could be found out, as
for a receipt that is not valid or another model, it says why and exits 2.

   assay verify receipt.json --model SmolLM2-135M-Instruct.Q4_1.gguf

A judge whose card says something else than what was found here is named; that
changes no exit status, for the question is the answer's.

The file is a JSON object whose field "receipt" holds, in base64, the canonical
CBOR that says everything; its other fields repeat some of it for people.

With --json, fields: equal; finding (exact, token, state, failed, range, length,
end, leaves); position (output token that differs); tokens; task; model; hotkey
(that signed the answer); cards (uid, hotkey, finding, and whether that is true).
With exit status 2 they are: equal, which is null; error.`,
		Flags:  modelFlags("print one JSON object; the exit status stays", threadsFlag(), backendFlag(), weightsFlag()),
		Action: verifyReceipt,
	})
}

// receiptVerdict is the object that verify --json prints.
type receiptVerdict struct {
	Equal    bool               `json:"equal"`
	Finding  inference.Code     `json:"finding"`
	Position uint32             `json:"position"`
	Tokens   uint32             `json:"tokens"`
	Task     protocol.TaskID    `json:"task"`
	Model    protocol.ModelID   `json:"model"`
	Hotkey   protocol.PublicKey `json:"hotkey"`
	Cards    []cardVerdict      `json:"cards"`
}

type cardVerdict struct {
	UID     protocol.UID       `json:"uid"`
	Hotkey  protocol.PublicKey `json:"hotkey"`
	Finding inference.Code     `json:"finding"`
	True    bool               `json:"true"`
}

func verifyReceipt(c *cli.Context) error {
	args, err := arguments(c, 1, "one RECEIPT")
	if err != nil {
		return err
	}
	data, err := readText(c, args[0], "a receipt", maxReceiptFile)
	if err != nil {
		return readHint(err, "give the file that assay receipt ID printed")
	}
	r, err := readReceipt(data)
	if err != nil {
		return withHint(fmt.Errorf("read %s: %w", inputName(args[0]), err), "get it again with assay receipt ID")
	}
	return withModel(c, engineConfig(c, 0), func(m *engine.Model) error {
		if id := protocol.ModelID(m.ID()); id != r.model {
			return withHint(fmt.Errorf("the receipt is of model %s, this file is model %s", r.model, id), "give --model the file that the network names")
		}
		v, err := r.judge(c, m)
		if err != nil {
			return err
		}
		if err := v.print(c); err != nil {
			return err
		}
		if !v.Equal {
			return errAnswerDiffers
		}
		return nil
	})
}

// errAnswerDiffers ends verify with exit status 1 after it has said what differs.
var errAnswerDiffers = errors.New("the answer differs")

// judge runs the answer again, and compares what the judges said of it.
func (r *receipt) judge(c *cli.Context, m *engine.Model) (*receiptVerdict, error) {
	out, err := scoring.NewJudge(scoring.FromEngine(m)).Judge(c.Context, &r.Task, r.answer.Sender, r.answer.Answer.Body)
	if err != nil {
		return nil, err
	}
	v := &receiptVerdict{
		Equal: out.Passed(), Finding: out.Code, Position: out.Position, Tokens: out.Tokens,
		Task: r.Task.ID, Model: r.model, Hotkey: r.answer.Sender, Cards: []cardVerdict{},
	}
	for i, k := range r.cards {
		v.Cards = append(v.Cards, cardVerdict{k.Card.Judge.UID, k.Sender, r.codes[i], out.CheckCard(&k.Card, k.Sender) == nil})
	}
	return v, nil
}

func (v *receiptVerdict) print(c *cli.Context) error {
	if c.Bool("json") {
		return printJSON(c, v)
	}
	var b strings.Builder
	if v.Equal {
		fmt.Fprintf(&b, "equal: %d tokens, bit for bit\n", v.Tokens)
	} else {
		b.WriteString(finding(string(v.Finding), v.Position) + "\n")
	}
	for _, k := range v.Cards {
		if k.True {
			fmt.Fprintf(&b, "judge %d (%s) says so, too\n", k.UID, end(k.Hotkey))
			continue
		}
		fmt.Fprintf(&b, "judge %d (%s) gave a FALSE card: %q\n", k.UID, end(k.Hotkey), k.Finding)
	}
	_, err := c.App.Writer.Write([]byte(b.String()))
	return err
}
