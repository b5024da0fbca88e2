package export

import (
	"context"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// Made is a row of the records that one request paid.
type Made struct {
	Content string `json:"text" parquet:"text"`
	// Provenance is that of the record.
	Provenance Maker `json:"provenance" parquet:"provenance"`
}

// Maker says who made a record for which request, and what it was paid.
type Maker struct {
	Request string `json:"request" parquet:"request"`
	Maker   string `json:"maker" parquet:"maker"` // address of the coldkey
	Seal    string `json:"seal" parquet:"seal"`
	Seed    string `json:"seed" parquet:"seed"`   // of the question of a family; "" without one
	Block   int64  `json:"block" parquet:"block"` // height of the seal
	Paid    int64  `json:"paid" parquet:"paid"`   // base units, below 2^53
}

// Text implements [Row].
func (r *Made) Text() (prompt, response string) { return "", r.Content }

// Settled implements [Row].
func (r *Made) Settled() Made { return *r }

// Records are the opened records of a request, by number.
type Records func(ctx context.Context, yield func(*api.MadeRecord) error) error

// Request makes a row of every record that a request paid, and with all of those
// that it did not pay, too. Epochs other than that in which it ended have none.
func Request(id protocol.Hash, ended protocol.Epoch, all bool, records Records) Source[Made] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*Made) error) (dropped int64, err error) {
		if e != ended {
			return 0, nil
		}
		err = records(ctx, func(k *api.MadeRecord) error {
			if k.Paid == 0 && !all {
				dropped++
				return nil
			}
			row := &Made{Content: valid(k.Text), Provenance: Maker{
				Request: id.String(), Maker: k.Maker.String(), Seal: k.Seal.String(), Block: int64(k.Height), Paid: int64(k.Paid),
			}}
			if !k.Seed.IsZero() {
				row.Provenance.Seed = k.Seed.String()
			}
			return yield(row)
		})
		return dropped, err
	}
}

// AboutRequest is the card of what one request paid, whose topic this is.
func AboutRequest(id protocol.Hash, topic, specification string) About {
	title := "Assay: records of a request"
	if topic != "" {
		title = "Assay: " + topic
	}
	return About{
		Title: title, Task: "text-generation", Tags: []string{"synthetic"}, Row: Made{}, Flags: "--request " + id.String(),
		Text: `Records that the request ` + "`" + id.String() + "`" + ` for synthetic data paid, by escrow on the ledger of an Assay
network. Anybody could make them, by whatever means: nobody attests how a record came about, nor by which
model, nor who holds rights in its text. Validators sent each through gates that are programs (schema, length,
repetition, secrets, likeness and novelty within the request), agreed on what passed, and the ledger paid it:
the requester chose neither whom it paid nor what. What was asked for:

` + indented(specification),
		Dropped: "records that were opened, and not paid.",
		Columns: map[string]string{
			"text":               "the record, as the ledger has it",
			"provenance.request": "id of the request",
			"provenance.maker":   "address of who made it",
			"provenance.seal":    "what its maker had on the ledger before the deadline",
			"provenance.seed":    "of the question that it answers, where the request names a family; else empty",
			"provenance.block":   "height of the seal: of two like records the earlier one is paid",
			"provenance.paid":    "base units, a billionth of a token each",
		},
	}
}

// indented makes Markdown show a text as it is.
func indented(s string) string {
	return "    " + strings.ReplaceAll(valid(s), "\n", "\n    ")
}
