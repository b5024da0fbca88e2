package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

func verifyCommand() *cli.Command {
	return judged(&cli.Command{
		Name: "verify", ArgsUsage: "RECEIPT",
		Usage: "check a receipt's answer again, with no network",
		Description: `Reads what assay receipt printed (- is standard input), checks the signatures of
miner and judges, and then the answer, as the kind of its task is checked.

Of the kind inference: that the model file is the one that was asked for; then it
runs the model over prompt and answer and compares every token and every hidden
state, bit for bit. It prints "equal" and exits 0, or prints the first output
token that differs and how, and exits 1. Where nothing could be found out, as
for a receipt that is not valid, another model, or a kind that this program does
not have, it says why and exits 2.

   assay verify receipt.json --model FILE

A receipt of assay serve, and what generate --json printed, is a run without a task:
it is checked as assay model verify does, whose fields --json then has.

A judge whose card says something else than what was found here is named; that
changes no exit status, for the question is the answer's.

The file is a JSON object whose field "receipt" holds, in base64, the canonical
CBOR that says everything; its other fields repeat some of it for people.

With --json, fields: equal; kind; finding (passed, false, malformed); body, which
is the kind's; task; hotkey (that signed the answer); cards (uid, hotkey, finding,
body, and whether that is true). The body of inference: model; code (exact, token,
state, failed, range, length, end, leaves); position (output token that differs);
tokens. With exit status 2 they are: equal, which is null; error.`,
		Flags:  modelFlags("print one JSON object; the exit status stays", threadsFlag(), deviceFlag(), backendFlag(), weightsFlag()),
		Action: verifyReceipt,
	})
}

// receiptVerdict is the object that verify --json prints.
type receiptVerdict struct {
	Equal   bool               `json:"equal"`
	Kind    protocol.Kind      `json:"kind"`
	Finding wire.Finding       `json:"finding"`
	Body    any                `json:"body"`
	Task    protocol.TaskID    `json:"task"`
	Hotkey  protocol.PublicKey `json:"hotkey"`
	Cards   []cardVerdict      `json:"cards"`
}

type cardVerdict struct {
	UID     protocol.UID       `json:"uid"`
	Hotkey  protocol.PublicKey `json:"hotkey"`
	Finding wire.Finding       `json:"finding"`
	Body    json.RawMessage    `json:"body,omitempty"`
	True    bool               `json:"true"`
}

func verifyReceipt(c *cli.Context) error {
	args, err := arguments(c, 1, "one RECEIPT")
	if err != nil {
		return err
	}
	data, err := readText(c, args[0], "a receipt", max(maxReceiptFile, maxRunFile))
	if err != nil {
		return readHint(err, "give the file that assay receipt ID printed")
	}
	if isRun(data) {
		return verifyRun(c, inputName(args[0]), data, "get it again with GET /v1/receipts/ID, or assay model generate --json")
	}
	if len(data) > maxReceiptFile {
		return fmt.Errorf("read %s: a receipt has at most %d bytes", inputName(args[0]), maxReceiptFile)
	}
	r, err := readReceipt(data)
	if err != nil {
		return withHint(fmt.Errorf("read %s: %w", inputName(args[0]), err), "get it again with assay receipt ID")
	}
	kind := taskKindOf(r.Task.Kind)
	found, err := kind.check(c, r)
	if err != nil {
		return err
	}
	v := r.verdict(found)
	if c.Bool("json") {
		err = printJSON(c, v)
	} else {
		err = v.print(c, &kind, found.words)
	}
	if err == nil && !v.Equal {
		return errAnswerDiffers
	}
	return err
}

// isRun tells a run, which is no task's, from a receipt of the network.
func isRun(data []byte) bool {
	var f struct {
		Receipt json.RawMessage `json:"receipt"`
		Prompt  json.RawMessage `json:"prompt_ids"`
	}
	return json.Unmarshal(data, &f) == nil && f.Receipt == nil && f.Prompt != nil
}

// errAnswerDiffers ends verify with exit status 1 after it has said what differs.
var errAnswerDiffers = errors.New("the answer differs")

// verdict compares what the judges said with what was found.
func (r *receipt) verdict(found *checked) *receiptVerdict {
	v := &receiptVerdict{
		Equal: found.found.Passed(), Kind: r.Task.Kind, Finding: found.found.Finding, Body: found.body,
		Task: r.Task.ID, Hotkey: r.answer.Sender, Cards: []cardVerdict{},
	}
	for i, k := range r.cards {
		v.Cards = append(v.Cards, cardVerdict{k.Card.Judge.UID, k.Sender, k.Card.Finding, r.bodies[i], found.isTrue(&k.Card, k.Sender)})
	}
	return v
}

func (v *receiptVerdict) print(c *cli.Context, kind *taskKind, words string) error {
	var b strings.Builder
	b.WriteString(words + "\n")
	for _, k := range v.Cards {
		if k.True {
			fmt.Fprintf(&b, "judge %d (%s) says so, too\n", k.UID, end(k.Hotkey))
			continue
		}
		says, err := kind.cardWords(k.Finding, k.Body)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "judge %d (%s) gave a FALSE card: %q\n", k.UID, end(k.Hotkey), says)
	}
	_, err := c.App.Writer.Write([]byte(b.String()))
	return err
}
