package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
)

// maxSpecFile bounds the file of --spec: what goes on the ledger, and white space.
const maxSpecFile = 4 * wire.MaxSpecification

func datasetRequestCommand() *cli.Command {
	cmd := escrowCommand("request", "ask for records of synthetic data, and pay for them by escrow",
		"print one JSON object: request, its id, and height; with --follow what /v1/requests/{id} has when it has ended",
		&cli.StringFlag{Name: "spec", Usage: "`FILE` that says what is wanted; - is standard input"},
		&cli.BoolFlag{Name: "follow", Usage: "wait until it is settled, and show how far it is", DisableDefaultText: true})
	cmd.Description = `FILE is one JSON object:

   {"topic": "…", "schema": {…}, "run": ["…"], "examples": ["…"], "model": "…",
    "count": 100, "price": "0.5", "maximum": "50", "deadline": 400}

topic, schema (JSON Schema 2020-12, as assay dataset score has it), run (fields
that make one Python program), and examples, which must pass the gates
themselves, say what a record is to be; instead of a schema, family is a family of
questions that the network has. model is an id for makers to read, and nobody checks
it. count is the most records that are paid, price the most TOKENS for one, maximum
the most for all, and deadline how many blocks makers have.

The maximum goes into escrow, and a thirty-second of it besides, or more where that
would not pay for judging: half of that is burned, half is for the validators who
judge. Makers seal records until the
deadline and open them in the epoch after it; in the one after that the validators
send them through the gates of protocol/SPEC.md, section 21, and seal what they
find, and in the next they open it. What most of their stake agrees on is paid by
the ledger: you choose neither whom you pay, nor refuse what passed. What is left
comes back.

EVERYBODY READS THE SPECIFICATION, AND EVERY RECORD: they stand on the ledger.

Standard output has the request's id, or with --follow what became of it: then
a terminal shows how many records are accepted, what is spent, and the time that is
left. The request goes on without this command:

   assay dataset list
   assay dataset inspect --request ID
   assay dataset export --request ID`
	cmd.Action = requestData
	return cmd
}

// escrowCommand returns a command that signs transactions one after the other, each
// when it is in a block: it does not send later, or without waiting.
func escrowCommand(name, about, json string, flags ...cli.Flag) *cli.Command {
	cmd := txSending(name, about, nil, flags...)
	cmd.Flags = slices.DeleteFunc(cmd.Flags, func(f cli.Flag) bool {
		return slices.Contains([]string{"no-wait", "sign-only", "prepared", "nonce"}, f.Names()[0])
	})
	for _, f := range cmd.Flags {
		if f.Names()[0] == "json" {
			f.(*cli.BoolFlag).Usage = json
		}
	}
	return cmd
}

// specLimits bound the JSON of a file of --spec; what of it goes on the ledger has
// narrower ones.
var specLimits = value.Limits{Bytes: maxSpecFile, Depth: 64, Values: maxSpecFile}

// readSpec makes a request of the file of --spec; its deadline counts from zero. It
// refuses what two readers may read differently. Errors name the field.
func readSpec(b []byte) (*wire.Request, error) {
	doc, err := value.Decode(b, specLimits)
	if err != nil {
		return nil, err
	}
	if _, ok := doc.(map[string]any); !ok {
		return nil, errors.New("it is no JSON object")
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	r := new(wire.Request)
	for _, f := range []struct {
		name, what string
		to         any
	}{
		{"count", "a whole number of records", &r.Count},
		{"price", `tokens in quotes, like "0.5"`, &r.Price},
		{"maximum", `tokens in quotes, like "0.5"`, &r.Maximum},
		{"deadline", "a whole number of blocks", &r.Deadline},
	} {
		raw, ok := all[f.name]
		if !ok {
			return nil, fmt.Errorf("it has no %q", f.name)
		}
		if err := json.Unmarshal(raw, f.to); err != nil {
			return nil, fmt.Errorf("its %q is %s, not %s", f.name, abridge(string(raw)), f.what)
		}
		delete(all, f.name)
	}
	var spec bytes.Buffer
	e := json.NewEncoder(&spec)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		return nil, err
	}
	r.Specification = string(bytes.TrimSpace(spec.Bytes()))
	return r, r.Check()
}

func requestData(c *cli.Context) (err error) {
	if c.String("spec") == "" {
		return usage.Mistake(withHint(errors.New("what is wanted is not said"), "give --spec FILE"))
	}
	var raw []byte
	err = input.Stream(c.Context, c.App.Reader, c.String("spec"), func(r io.Reader) (err error) {
		raw, err = io.ReadAll(io.LimitReader(r, maxSpecFile+1))
		return err
	})
	if err != nil {
		return withHint(err, "--spec takes a FILE, or - for standard input")
	}
	if len(raw) > maxSpecFile {
		return withHint(fmt.Errorf("%s has more than %d bytes", inputName(c.String("spec")), maxSpecFile), "give fewer or shorter examples")
	}
	body, err := readSpec(raw)
	if err != nil {
		return withHint(fmt.Errorf("read %s: %w", inputName(c.String("spec")), err), "assay dataset request --help shows what it holds")
	}
	box := &programs{ctx: c.Context}
	defer func() { err = errors.Join(err, box.close()) }()
	_, err = synthetic.ParseAsked(body, box.run)
	if broken := box.failed(); broken != nil {
		return broken
	}
	if err != nil {
		return withHint(fmt.Errorf("%s: %w", inputName(c.String("spec")), err), "nothing was sent, and nothing paid")
	}
	return withNode(c, func(n *client) error { return sendRequest(c, n, body) })
}

// sendRequest sends a request whose deadline counts from now, and follows it.
func sendRequest(c *cli.Context, n *client, body *wire.Request) error {
	var net api.Network
	if err := n.get(c.Context, "/v1/network", &net); err != nil {
		return err
	}
	if most := protocol.Height(net.Retention * net.Tempo); body.Deadline == 0 || body.Deadline > most {
		return withHint(fmt.Errorf("its deadline is in %d blocks", body.Deadline), fmt.Sprintf("give 1 to %d; nothing was sent, and nothing paid", most))
	}
	body.Deadline += net.Height
	note(c, "everybody will read the specification, and the records: they stand on the ledger")
	note(c, "%s goes into escrow, and a thirty-second of it besides", body.Maximum)
	t, err := sumUp(c, n, body)
	if err != nil {
		return err
	}
	s, err := newSender(c, n, body)
	if err != nil {
		return err
	}
	defer s.key.Wipe()
	if err := s.bind(t); err != nil {
		return err
	}
	res, err := s.deliver()
	if err != nil {
		return err
	}
	requester, err := ownerOf(c, n, s.key.PublicKey())
	if err != nil {
		return err
	}
	id := ledger.RequestID(requester, res.Height, body)
	if !c.Bool("follow") {
		if c.Bool("json") {
			return printJSON(c, map[string]any{"request": id, "height": res.Height})
		}
		_, err = fmt.Fprintln(c.App.Writer, id)
		return err
	}
	note(c, "request %s", id)
	r, err := followRequest(c, n, id, func(r *api.Request, _ protocol.Height) bool { return r.Ended > 0 })
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, r)
	}
	return printPairs(c.App.Writer, requestText(r, r.Ended))
}

// deliver sends a transaction, and waits until a block carried it out.
func (s *sender) deliver() (*api.TxResult, error) {
	tx, err := s.send()
	if err != nil {
		return nil, err
	}
	res, err := awaitTx(s.c, s.n, tx)
	if err == nil && !res.OK {
		err = fmt.Errorf("the ledger refused the transaction, and the fee is kept: %s", res.Error)
	}
	return res, err
}
