package main

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/preference"
	pairing "github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

func verifyPairsCommand() *cli.Command {
	return judged(&cli.Command{
		Name: "verify-pairs", ArgsUsage: "ROUND UID",
		Usage: "make the pairs again that a validator set for people, and compare",
		Description: `Asks a node what the validator UID set for ROUND of the people's lane: its root,
and the link and the origins that it opened when the ratings were sealed. Then it
makes the pairs from the link and the beacon's seed with the model file, which
nobody can choose, and compares texts and origins. It prints "equal" and exits
0, or names the first pair that differs, and in what, and exits 1: the setter lied.
Validators do the same with the sets for which the ledger drew them, and with all
that one of these doubts (doubted at /v1/pairs/ROUND/UID).
Where nothing could be found out, as for a set that is not open yet, another
model, or a node whose texts are not those of the root, it says why and exits 2.

   assay validators
   assay verify-pairs 8 2 --model FILE

Whether root, link and seed stand on the ledger is the node's word: ask one that
you trust, or several.

With --json, fields: equal; round; setter_uid; registered (height of its seat);
root (on the ledger); made (root of what the link makes); pairs (how many); place
(of the first pair that differs, from 0; null where all are equal, or where the
root differs and the node has no texts); what (prompt, a, b, longer, engine, gold,
root, or empty); said and found (both as text). With exit status 2 they are:
equal, which is null; error.`,
		Flags:  append(nodeFlags(), modelFlags("print one JSON object; the exit status stays", threadsFlag(), deviceFlag(), backendFlag(), weightsFlag())...),
		Action: verifyPairs,
	})
}

// pairsVerdict is the object that verify-pairs --json prints.
type pairsVerdict struct {
	Equal      bool            `json:"equal"`
	Round      protocol.Round  `json:"round"`
	Setter     protocol.UID    `json:"setter_uid"`
	Registered protocol.Height `json:"registered"`
	Root       protocol.Hash   `json:"root"`
	Made       protocol.Hash   `json:"made"`
	Pairs      int             `json:"pairs"`
	Place      *int            `json:"place"`
	What       string          `json:"what"`
	Said       string          `json:"said"`
	Found      string          `json:"found"`
}

// errLied ends verify-pairs with exit status 1 after it has said where.
var errLied = errors.New("the setter lied")

func verifyPairs(c *cli.Context) error {
	args, err := arguments(c, 2, "a ROUND and the UID of a validator")
	if err != nil {
		return err
	}
	var set api.PairSet
	err = withNode(c, func(n *client) error {
		return n.get(c.Context, "/v1/pairs/"+url.PathEscape(args[0])+"/"+url.PathEscape(args[1]), &set)
	})
	if err != nil {
		return err
	}
	if err := checkShown(&set); err != nil {
		return err
	}
	var made *preference.Made
	err = withModel(c, engineConfig(c, 0), func(m *engine.Model) (err error) {
		sayDevice(c, m)
		if id := protocol.ModelID(m.ID()); id != set.Model {
			return withHint(fmt.Errorf("the pairs are made by model %s, this file is model %s", set.Model, id), "give --model the file that the network names")
		}
		seat := protocol.SeatID{UID: set.Setter, Registered: set.Registered}
		made, err = preference.Make(c.Context, set.Round, seat, set.Link, set.Seed, len(set.Origins), bridge.Rater{Model: bridge.Model{Model: m}})
		return err
	})
	if err != nil {
		return err
	}
	v, err := compareSet(&set, made)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = printJSON(c, v)
	} else {
		_, err = fmt.Fprintln(c.App.Writer, v.words())
	}
	if err == nil && !v.Equal {
		return errLied
	}
	return err
}

// checkShown refuses a set of which nothing can be found out.
func checkShown(set *api.PairSet) error {
	switch {
	case !set.Open:
		return withHint(fmt.Errorf("seat %d has not opened its pairs of round %d", set.Setter, set.Round), "pairs are opened after the ratings are sealed, in round "+num(set.Due)+"; what is not opened then never counts")
	case len(set.Origins) == 0 || len(set.Origins) > wire.MaxPairs:
		return fmt.Errorf("the node shows %d origins; a set has 1 to %d", len(set.Origins), wire.MaxPairs)
	case len(set.Texts) > 0 && textsOf(set).Root() != set.Root:
		return withHint(errors.New("the node's texts are not those of the root that it shows"), "ask another node")
	}
	return nil
}

func textsOf(set *api.PairSet) *wire.Pairs {
	out := &wire.Pairs{}
	for _, t := range set.Texts {
		out.Texts = append(out.Texts, [3]string{t.Prompt, t.A, t.B})
	}
	return out
}

// compareSet finds the first difference between a set and what its link makes.
func compareSet(set *api.PairSet, made *preference.Made) (*pairsVerdict, error) {
	v := &pairsVerdict{
		Round: set.Round, Setter: set.Setter, Registered: set.Registered, Root: set.Root, Made: made.Pairs.Root(), Pairs: len(made.Origins),
	}
	for i, b := range made.Origins {
		o, err := pairing.ParseOrigin(b)
		if err != nil {
			return nil, err
		}
		said, found := set.Origins[i], made.Pairs.Texts[i]
		list := []difference{{"longer", side(said.Longer), side(o.Sign)}, {"engine", side(said.Engine), side(o.Z)}, {"gold", side(said.Gold), side(o.Gold)}}
		if i < len(set.Texts) {
			t := set.Texts[i]
			list = append([]difference{{"prompt", t.Prompt, found[0]}, {"a", t.A, found[1]}, {"b", t.B, found[2]}}, list...)
		}
		for _, d := range list {
			if d.said != d.found {
				v.Place, v.What, v.Said, v.Found = &i, d.what, d.said, d.found
				return v, nil
			}
		}
	}
	if v.Equal = v.Root == v.Made; !v.Equal {
		v.What, v.Said, v.Found = "root", v.Root.String(), v.Made.String()
	}
	return v, nil
}

// difference is what a set says of something, and what its link makes of it.
type difference struct{ what, said, found string }

// side names one as the fields of a pair do.
func side(s int8) string {
	switch s {
	case pairing.A:
		return "a"
	case pairing.B:
		return "b"
	}
	return "neither"
}

func (v *pairsVerdict) words() string {
	who := fmt.Sprintf("%d pairs of seat %d of round %d", v.Pairs, v.Setter, v.Round)
	switch {
	case v.Equal:
		return "equal: " + who + " are those that its link makes"
	case v.Place == nil:
		return "a LIE: " + who + " have another root than those that its link makes"
	}
	return fmt.Sprintf("a LIE: of %s pair %d differs in %s: it says %q, its link makes %q", who, *v.Place, v.What, v.Said, v.Found)
}
