package main

import (
	"fmt"
	"math"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// caseFlags name a challenge.
func caseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Uint64Flag{Name: "round", Usage: "`ROUND` in which the answer fell due"},
		&cli.UintFlag{Name: "seat", Usage: "`UID` of the seat that gave it"},
		&cli.UintFlag{Name: "slot", Usage: "`SLOT` of the seat in the round"},
		&cli.UintFlag{Name: "accused", Usage: "`UID` of the judge whose card is said to be false", DefaultText: "the seat, for its answer"},
	}
}

// challengeBody accuses who signed what a receipt holds.
func challengeBody(c *cli.Context, _ *client) (wire.Body, error) {
	if !c.IsSet("receipt") {
		return nil, fmt.Errorf("%s needs --receipt FILE; assay receipt writes one", usage.Name(c))
	}
	raw, err := readText(c, c.String("receipt"), "a receipt", maxReceiptFile)
	if err != nil {
		return nil, err
	}
	r, err := readReceipt(raw)
	if err != nil {
		return nil, err
	}
	kind, err := kinds.All().Of(r.Task.Kind)
	if err != nil {
		return nil, err
	}
	a := &r.answer.Answer
	sum, err := kind.Sum(a.Body)
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	e := wire.Evidence{
		Case: wire.Case{Round: a.Round, UID: a.Seat.UID, Slot: a.Slot, Accused: a.Seat.UID},
		Salt: a.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: a.Proof,
	}
	if c.IsSet("judge") {
		judge := protocol.UID(min(c.Uint("judge"), math.MaxUint16))
		for _, card := range r.cards {
			if card.Card.Judge.UID == judge {
				e.Case.Accused, e.Cards = judge, []wire.Card{card.Card}
			}
		}
		if len(e.Cards) == 0 {
			return nil, withHint(fmt.Errorf("the receipt has no card of judge %d", judge), "assay receipt writes those that the node has: ask another, or later")
		}
	}
	return &wire.Challenge{Evidence: e}, nil
}

// appealBody asks for another vote on what was found false.
func appealBody(c *cli.Context, _ *client) (wire.Body, error) {
	for _, name := range []string{"round", "seat", "slot"} {
		if !c.IsSet(name) {
			return nil, withHint(fmt.Errorf("%s needs --%s", usage.Name(c), name), "assay challenges shows them")
		}
	}
	k := wire.Case{Round: protocol.Round(c.Uint64("round")), UID: uidFlag(c, "seat"), Slot: uint16(uidFlag(c, "slot")), Accused: uidFlag(c, "seat")}
	if c.IsSet("accused") {
		k.Accused = uidFlag(c, "accused")
	}
	return &wire.Appeal{Case: k}, nil
}

func uidFlag(c *cli.Context, name string) protocol.UID {
	return protocol.UID(min(c.Uint(name), math.MaxUint16))
}
