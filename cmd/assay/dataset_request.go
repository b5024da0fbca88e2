package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
)

// maxSpecFile bounds the file of --spec: what goes on the ledger, and white space.
const maxSpecFile = 4 * wire.MaxSpecification

// lookEvery is how often a request that runs is looked at.
const lookEvery = time.Second

func datasetRequestCommand() *cli.Command {
	cmd := txSending("request", "ask for records of synthetic data, and pay for them by escrow", nil,
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

The maximum goes into escrow, and a thirty-second of it besides: half of that is
burned, half is for the validators who judge. Makers seal records until the
deadline and open them in the epoch after it; in the one after that the validators
send them through the gates of protocol/SPEC.md, section 21, and seal what they
find, and in the next they open it. What most of their stake agrees on is paid by
the ledger: you choose neither whom you pay, nor refuse what passed. What is left
comes back.

EVERYBODY READS THE SPECIFICATION, AND EVERY RECORD: they stand on the ledger.

Standard output has the request's id; with --follow, what became of it, too.`
	cmd.Action = requestData
	return cmd
}

// specFile is what the file of --spec says beside what goes on the ledger.
type specFile struct {
	Count    uint32          `json:"count"`
	Price    protocol.Amount `json:"price"`
	Maximum  protocol.Amount `json:"maximum"`
	Deadline uint64          `json:"deadline"`
}

// readSpec makes a request of the file of --spec; its deadline counts from zero.
func readSpec(b []byte) (*wire.Request, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	var f specFile
	for name, v := range map[string]any{"count": &f.Count, "price": &f.Price, "maximum": &f.Maximum, "deadline": &f.Deadline} {
		raw, ok := all[name]
		if !ok {
			return nil, fmt.Errorf("it has no %q", name)
		}
		if err := json.Unmarshal(raw, v); err != nil {
			return nil, fmt.Errorf("its %q: %w", name, err)
		}
		delete(all, name)
	}
	var spec bytes.Buffer
	e := json.NewEncoder(&spec)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		return nil, err
	}
	r := &wire.Request{
		Specification: string(bytes.TrimSpace(spec.Bytes())), Count: f.Count, Price: f.Price, Maximum: f.Maximum, Deadline: protocol.Height(f.Deadline),
	}
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
		return fmt.Errorf("%s has more than %d bytes", inputName(c.String("spec")), maxSpecFile)
	}
	body, err := readSpec(raw)
	if err != nil {
		return withHint(fmt.Errorf("read %s: %w", inputName(c.String("spec")), err), "assay dataset request --help shows what it holds")
	}
	run, done := runner(c.Context)
	defer func() { err = errors.Join(err, done()) }()
	if _, err := synthetic.ParseAsked(body, run); err != nil {
		return withHint(fmt.Errorf("%s: %w", inputName(c.String("spec")), err), "nothing was sent, and nothing paid")
	}
	return withNode(c, func(n *client) error { return sendRequest(c, n, body) })
}

// sendRequest sends a request whose deadline counts from now, and follows it.
func sendRequest(c *cli.Context, n *client, body *wire.Request) error {
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return err
	}
	body.Deadline += st.Height
	note(c, "everybody will read the specification, and the records: they stand on the ledger")
	s, err := newSender(c, n, body)
	if err != nil {
		return err
	}
	res, err := s.deliver()
	if err != nil {
		return err
	}
	id := ledger.RequestID(s.key.PublicKey(), res.Height, body)
	if !c.Bool("follow") {
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(map[string]any{"request": id, "height": res.Height})
		}
		_, err = fmt.Fprintln(c.App.Writer, id)
		return err
	}
	r, err := followRequest(c, n, id, func(r *api.Request) bool { return r.Ended > 0 })
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(r)
	}
	return printPairs(c.App.Writer, requestText(r))
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

// followRequest looks at a request until it is as far as enough says, and shows
// how far it is.
func followRequest(c *cli.Context, n *client, id protocol.Hash, enough func(*api.Request) bool) (*api.Request, error) {
	said := make(chan string, 1)
	said <- "the request begins"
	stop := progress.Start(c.App.ErrWriter, func() string {
		s := <-said
		said <- s
		return s
	})
	defer stop()
	for {
		r, st := new(api.Request), api.Status{}
		err := errors.Join(n.get(c.Context, "/v1/requests/"+id.String(), r), n.get(c.Context, "/v1/status", &st))
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, withHint(err, "the request goes on by itself; /v1/requests has it")
		}
		if err == nil && enough(r) {
			return r, nil
		}
		<-said
		said <- stageOf(r, st.Height)
		if !pause(c.Context, lookEvery) {
			return nil, withHint(context.Canceled, "the request goes on by itself")
		}
	}
}

// stageOf says how far a request is at a height.
func stageOf(r *api.Request, h protocol.Height) string {
	left := func(to protocol.Height) protocol.Height { return to - min(h, to) }
	switch {
	case r.Ended > 0:
		return fmt.Sprintf("settled: %d of %d records paid", r.PaidRecords, r.Opened)
	case h <= r.Deadline:
		return fmt.Sprintf("%d records sealed, %d blocks left", r.Sealed, left(r.Deadline))
	case h <= r.OpenDeadline:
		return fmt.Sprintf("%d of %d records opened, %d blocks left", r.Opened, r.Sealed, left(r.OpenDeadline))
	case h <= r.JudgeDeadline:
		return fmt.Sprintf("%d records are judged, %d blocks left", r.Opened, left(r.JudgeDeadline))
	}
	return fmt.Sprintf("findings on %d records are opened, at most %d blocks left", r.Opened, left(r.SettleDeadline))
}

func requestText(r *api.Request) []pair {
	return []pair{
		{"request", r.ID.String()},
		{"requester", r.Requester.String()},
		{"asked", fmt.Sprintf("at height %d for %d records at %s, at most %s", r.Height, r.Count, r.Price, r.Maximum)},
		{"deadlines", fmt.Sprintf("%d to seal, %d to open, %d to judge, %d to settle", r.Deadline, r.OpenDeadline, r.JudgeDeadline, r.SettleDeadline)},
		{"records", fmt.Sprintf("%d sealed, %d opened, %d paid", r.Sealed, r.Opened, r.PaidRecords)},
		{"paid", r.Paid.String()},
		{"escrow", r.Escrow.String()},
		{"judges", fmt.Sprintf("%s paid, %s in escrow", r.Judged, r.Fee)},
		{"specification", printable(r.Specification)},
	}
}
