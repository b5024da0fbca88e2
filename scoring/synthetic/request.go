package synthetic

import (
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

// ParseAsked reads what a request on the ledger says that it wants: one object with
// some of the fields
//
//	{"topic": "…", "family": "…", "schema": {…}, "run": ["…"], "examples": ["…"], "model": "…"}
//
// as [ParseLine] has them. Model is for makers to read: nobody checks by which a
// record was made. No sets can be named, for the ledger does not hold any. Count,
// price and maximum are the request's own, and the beacon is drawn later. Its
// examples are judged, too: errors are [ErrSpecification], [ErrLine] and those of
// packages value and schema, and none of them costs more to find than a record.
func ParseAsked(b *wire.Request, run synthetic.Runner) (*Specification, error) {
	s, err := parseAsked(b)
	if err != nil {
		return nil, err
	}
	_, err = NewJudge(Config{Rules: Default(), Specification: s, Run: run})
	return s, err
}

func parseAsked(b *wire.Request) (*Specification, error) {
	v, err := value.Decode([]byte(b.Specification), value.Limits{Bytes: wire.MaxSpecification, Depth: schema.MaxDepth + 4, Values: maxLineKeys})
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("what is wanted is no object: %w", ErrLine)
	}
	f := fields{left: object}
	s := &Specification{Count: b.Count, Price: uint64(b.Price), Maximum: uint64(b.Maximum)}
	f.wanted(s)
	if model := f.text("model", false); model != "" {
		if _, err := protocol.ParseHash(model); err != nil {
			f.fail("its \"model\" is not 64 hex digits")
		}
	}
	f.end()
	return s, f.err
}

// Settle returns what the opened records of a request are to be paid: what every
// honest judge says. Beacon is that of the height after the deadline. What is wrong
// with the specification is wrong with every record: then it is nothing. An error
// says that nothing was found out. Before is what is not new in a record, see
// [Before], and may be nil. Examples are not held to it: a requester could else
// show what was paid before, and have nobody paid.
func Settle(r *ledger.Request, records []ledger.Record, beacon protocol.Hash, before Window, run synthetic.Runner) ([]wire.RecordPay, error) {
	s, err := parseAsked(&r.Asked)
	if err != nil {
		return nil, nil //nolint:nilerr // its makers were warned by the same error
	}
	s.Beacon = beacon
	j, err := NewJudge(Config{Rules: Default(), Specification: s, Run: run})
	if errors.Is(err, ErrSpecification) || errors.Is(err, ErrSet) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j.gates.window = before
	number, makers := map[protocol.Hash]uint32{}, map[protocol.PublicKey]uint32{}
	list := make([]Record, len(records))
	for i := range records {
		k := &records[i]
		if _, ok := makers[k.Maker]; !ok {
			makers[k.Maker] = uint32(len(makers))
		}
		number[k.Seal] = uint32(i)
		list[i] = Record{ID: k.Seal, Maker: makers[k.Maker], Block: uint64(k.Height), Seed: k.Seed, Text: k.Text}
	}
	slices.SortFunc(list, func(a, b Record) int { return PlaceOf(s, a.Block, a.ID).Compare(PlaceOf(s, b.Block, b.ID)) })
	for i := range list {
		if err := j.Judge(&list[i]); err != nil {
			return nil, err
		}
	}
	judged, _ := j.Finish()
	var pays []wire.RecordPay
	for i := range judged {
		if judged[i].Pay > 0 {
			pays = append(pays, wire.RecordPay{Number: number[judged[i].ID], Amount: protocol.Amount(judged[i].Pay)})
		}
	}
	slices.SortFunc(pays, func(a, b wire.RecordPay) int { return int(a.Number) - int(b.Number) })
	return pays, nil
}
