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
	"github.com/assaynet/assay/protocol/wire"
)

func datasetMakeCommand() *cli.Command {
	cmd := txSending("make", "seal records for a request, and open them after its deadline", nil,
		&cli.StringFlag{Name: "request", Usage: "`ID` of the request"},
		&cli.StringFlag{Name: "records", Usage: "`FILE` of records; - is standard input"})
	cmd.Description = `FILE has a line of JSON for each record: {"text": "…"}, with "seed" beside it, 64
hex digits, where the request has a family. Seals go on the ledger at once: they say
nothing of the records, and their order is that in which records count. The command
then waits for the deadline and opens the records, so leave it running; begun again
with the same file and key, it goes on where it was.

Each transaction costs a fee, each seal another, and each KiB of a record one more.
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
		s, err := newSender(c, n, nil)
		if err != nil {
			return err
		}
		return s.make(&r, records)
	})
}

// make seals records, waits for the deadline, and opens them.
func (s *sender) make(r *api.Request, records []*wire.OpenRecord) error {
	maker := s.key.PublicKey()
	for i, k := range records {
		// A salt that only the holder of the key finds, and finds again.
		sig, err := s.key.Sign("assay/1/record/salt", fmt.Appendf(nil, "%s %d", r.ID, i))
		if err != nil {
			return err
		}
		k.Salt = wire.HashOf("assay/1/record/salt", sig[:])
	}
	seals := make([]protocol.Hash, len(records))
	for i, k := range records {
		seals[i] = k.Seal(maker)
	}
	slices.SortFunc(seals, func(a, b protocol.Hash) int { return bytes.Compare(a[:], b[:]) })
	if r.Ended == 0 && s.height() <= r.Deadline {
		for part := range slices.Chunk(seals, wire.MaxSeals) {
			s.body = &wire.SealRecords{Request: r.ID, Seals: part}
			if _, err := s.deliver(); err != nil {
				note(s.c, "not sealed, perhaps because it was before: %s", err)
			}
		}
	}
	_, err := followRequest(s.c, s.n, r.ID, func(now *api.Request) bool { return now.Ended > 0 || s.height() > r.Deadline })
	if err != nil {
		return err
	}
	opened := 0
	for _, k := range records {
		s.body = k
		if _, err := s.deliver(); err != nil {
			note(s.c, "record %s was not opened: %s", k.Seal(maker).Short(), err)
			continue
		}
		opened++
	}
	now, err := followRequest(s.c, s.n, r.ID, func(now *api.Request) bool { return now.Ended > 0 })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.c.App.Writer, "%d of %d records opened; the request paid %d of %d, %s in all\n", opened, len(records), now.PaidRecords, now.Opened, now.Paid)
	return err
}

// height asks for the newest one; 0 where it is not known.
func (s *sender) height() protocol.Height {
	var st api.Status
	if err := s.n.get(s.c.Context, "/v1/status", &st); err != nil {
		return 0
	}
	return st.Height
}
