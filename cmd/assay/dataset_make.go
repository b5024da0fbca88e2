package main

import (
	"bufio"
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
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
)

func datasetMakeCommand() *cli.Command {
	cmd := escrowCommand("make", "seal records for a request, and open them after its deadline",
		"print one JSON object: request, records, sealed, opened, accepted, paid",
		&cli.StringFlag{Name: "request", Usage: "`ID` of the request"},
		&cli.StringFlag{Name: "records", Usage: "`FILE` of records; - is standard input"})
	cmd.Description = `FILE has a line of JSON for each record: {"text": "…"}, with "seed" beside it, 64
hex digits, where the request has a family. Seals go on the ledger at once: they say
nothing of the records, and their order is that in which records count. The command
then waits for the deadline and opens the records, so leave it running; begun again
with the same file and key, it goes on where it was. A record that does not pass the
gates by itself is told and left out: it would cost fees, and not be paid. Whether it
is new shows only beside the others: three in four of its runs of five words must
not have been in a record before (one in two in arithmetic and extraction, one in
eight in code), neither of this request nor of those that were paid lately.

Each transaction costs a fee, and more for each seal and each byte of a record. A
seal holds a thirty-second of the price until its record is opened; if it never is,
that is burned.
Whoever's record was first, passes the gates and is among as many as were asked for
is paid when the validators agree.`
	cmd.Action = makeRecords
	return cmd
}

// readRecords reads the lines of FILE, without salts.
func readRecords(r io.Reader, request protocol.Hash) ([]*wire.OpenRecord, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 8*wire.MaxRecordText)
	var out []*wire.OpenRecord
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var line struct {
			Text string        `json:"text"`
			Seed protocol.Hash `json:"seed"`
		}
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&line); err != nil {
			return nil, fmt.Errorf("record %d: %w", len(out)+1, err)
		}
		k := &wire.OpenRecord{Request: request, Text: line.Text, Seed: line.Seed}
		if err := k.Check(); err != nil {
			return nil, fmt.Errorf("record %d: %w", len(out)+1, err)
		}
		if out = append(out, k); len(out) > wire.MaxRequested {
			return nil, fmt.Errorf("more than %d records", wire.MaxRequested)
		}
	}
	return out, lines.Err()
}

func makeRecords(c *cli.Context) error {
	id, err := protocol.ParseHash(c.String("request"))
	if err != nil {
		return usage.Mistake(withHint(errors.New("the request is not named"), "give --request ID, of 64 hex digits"))
	}
	if c.String("records") == "" {
		return usage.Mistake(withHint(errors.New("there are no records"), "give --records FILE"))
	}
	var records []*wire.OpenRecord
	err = input.Stream(c.Context, c.App.Reader, c.String("records"), func(r io.Reader) (err error) {
		records, err = readRecords(r, id)
		return err
	})
	if err != nil {
		return withHint(fmt.Errorf("read %s: %w", inputName(c.String("records")), err), "assay dataset make --help shows what it holds")
	}
	if len(records) == 0 {
		return fmt.Errorf("%s holds no record", inputName(c.String("records")))
	}
	return withNode(c, func(n *client) error {
		var r api.Request
		if err := n.get(c.Context, "/v1/requests/"+id.String(), &r); err != nil {
			return err
		}
		records, err := fit(c, &r, records)
		if err != nil {
			return err
		}
		if err := agree(c, []pair{
			{"request", id.String()},
			{"records", num(uint64(len(records)))},
			{"each seal holds", "a thirty-second of the price, until its record is opened"},
			{"fees, burned", "one for each transaction that seals or opens"},
		}); err != nil {
			return err
		}
		s, err := newSender(c, n, nil)
		if err != nil {
			return err
		}
		return s.make(&r, records)
	})
}

// fit returns the records, each once, that pass the gates of a request where
// nothing else was made for it.
func fit(c *cli.Context, r *api.Request, records []*wire.OpenRecord) (good []*wire.OpenRecord, err error) {
	box := &programs{ctx: c.Context}
	defer func() { err = errors.Join(err, box.close()) }()
	asked := &wire.Request{Specification: r.Specification, Count: r.Count, Price: r.Price, Maximum: r.Maximum, Deadline: r.Deadline}
	spec, err := synthetic.ParseAsked(asked, box.run)
	if broken := box.failed(); broken != nil {
		return nil, broken
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("the request cannot be judged: %w", err), "nothing is paid for it; nothing was sent")
	}
	there := map[protocol.Hash]bool{}
	for i, k := range records {
		key := wire.HashOf("assay/1/record/line", k.Seed[:], []byte(k.Text))
		if there[key] {
			note(c, "record %d is the same as one before it, and is left out", i+1)
			continue
		}
		there[key] = true
		j, err := synthetic.NewJudge(synthetic.Config{Rules: synthetic.Default(), Specification: spec, Run: box.run})
		if err != nil {
			return nil, err
		}
		if err := errors.Join(c.Err(), j.Judge(&synthetic.Record{Seed: k.Seed, Text: k.Text}), box.failed()); err != nil {
			return nil, err
		}
		if found, _ := j.Finish(); len(found[0].Failed) > 0 {
			note(c, "record %d does not pass the gate %q, and is left out", i+1, found[0].Failed[0])
			continue
		}
		good = append(good, k)
	}
	if len(good) == 0 {
		return nil, errors.New("no record passes the gates; nothing was sent")
	}
	return good, nil
}

// make seals records, waits for the deadline, and opens them.
func (s *sender) make(r *api.Request, records []*wire.OpenRecord) error {
	maker, err := ownerOf(s.c, s.n, s.key.PublicKey())
	if err != nil {
		return err
	}
	seals := make([]protocol.Hash, len(records))
	for i, k := range records {
		// A salt that only the holder of the key finds, and finds again, wherever in the
		// file the record stands.
		sig, err := s.key.Sign("assay/1/record/salt", fmt.Appendf(nil, "%s %s", r.ID, ledger.TextHash(k.Text)))
		if err != nil {
			return err
		}
		k.Salt = wire.HashOf("assay/1/record/salt", sig[:])
		seals[i] = k.Seal(maker)
	}
	sealed, err := s.sealAll(r, seals)
	if err != nil {
		return err
	}
	_, err = followRequest(s.c, s.n, r.ID, func(now *api.Request, h protocol.Height) bool { return now.Ended > 0 || h >= r.Deadline })
	if err != nil {
		return err
	}
	opened, err := s.openAll(r, records)
	if err != nil {
		return err
	}
	if _, err = followRequest(s.c, s.n, r.ID, func(now *api.Request, _ protocol.Height) bool { return now.Ended > 0 }); err != nil {
		return err
	}
	accepted, paid, err := s.earned(r.ID)
	if err != nil {
		return err
	}
	if s.c.Bool("json") {
		return printJSON(s.c, struct {
			Request  protocol.Hash   `json:"request"`
			Records  int             `json:"records"`
			Sealed   int             `json:"sealed"`
			Opened   int             `json:"opened"`
			Accepted int             `json:"accepted"`
			Paid     protocol.Amount `json:"paid"`
		}{r.ID, len(records), sealed, opened, accepted, paid})
	}
	_, err = fmt.Fprintf(s.c.App.Writer, "%d of %d records opened, %d accepted, %s paid\n", opened, len(records), accepted, paid)
	return err
}

// sealAll seals what the ledger has not, and returns how many of these seals it has
// then.
func (s *sender) sealAll(r *api.Request, seals []protocol.Hash) (sealed int, err error) {
	seals = slices.Clone(seals)
	slices.SortFunc(seals, func(a, b protocol.Hash) int { return bytes.Compare(a[:], b[:]) })
	if s.height() >= r.Deadline {
		note(s.c, "the deadline to seal is over; what was sealed before is opened")
		return 0, nil
	}
	for part := range slices.Chunk(seals, wire.MaxSeals) {
		s.body = &wire.SealRecords{Request: r.ID, Seals: part}
		tx, err := s.send()
		if err != nil {
			return sealed, err
		}
		switch res, err := awaitTx(s.c, s.n, tx); {
		case err != nil:
			return sealed, err
		case res.Rule == string(ledger.ErrDuplicate):
			note(s.c, "these were sealed before")
		case !res.OK:
			return sealed, fmt.Errorf("the ledger refused the seals, and the fee is kept: %s", res.Error)
		}
		sealed += len(part)
	}
	return sealed, nil
}

// openAll opens what is not open, many in a block, and returns how many of these
// records are then.
func (s *sender) openAll(r *api.Request, records []*wire.OpenRecord) (opened int, err error) {
	maker, err := ownerOf(s.c, s.n, s.key.PublicKey())
	if err != nil {
		return 0, err
	}
	there := map[protocol.Hash]bool{}
	err = eachRecord(s.c.Context, s.n, r.ID, func(k *api.MadeRecord) error {
		there[k.Seal] = k.Maker == maker
		return nil
	})
	if err != nil {
		return 0, err
	}
	var sent []*wire.Tx
	for _, k := range records {
		if there[k.Seal(maker)] {
			opened++
			continue
		}
		s.body = k
		tx, err := s.send()
		if err != nil {
			return opened, err
		}
		sent = append(sent, tx)
	}
	note(s.c, "sent %d records; waiting for blocks", len(sent))
	for _, tx := range sent {
		res, err := outcomeOf(s.c, s.n, tx)
		if err != nil {
			return opened, err
		}
		if !res.OK {
			note(s.c, "a record was not opened: %s", res.Error)
			continue
		}
		opened++
	}
	return opened, nil
}

// earned returns how many records of the key's were paid, and what.
func (s *sender) earned(request protocol.Hash) (accepted int, paid protocol.Amount, err error) {
	maker, err := ownerOf(s.c, s.n, s.key.PublicKey())
	if err != nil {
		return 0, 0, err
	}
	err = eachRecord(s.c.Context, s.n, request, func(k *api.MadeRecord) error {
		if k.Maker == maker && k.Paid > 0 {
			accepted, paid = accepted+1, paid+k.Paid
		}
		return nil
	})
	return accepted, paid, err
}

// height asks for the newest one; 0 where it is not known.
func (s *sender) height() protocol.Height {
	var st api.Status
	if err := s.n.get(s.c.Context, "/v1/status", &st); err != nil {
		return 0
	}
	return st.Height
}
