package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// reasons says in sentences why the payment is what it is, what decides most first.
func (x *explanation) reasons() []string {
	p := &x.Paid
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	say("Epoch %d paid seat %d %s: %s for work, and %s for judging, of which its stakers have their parts.", p.Epoch, p.UID, p.Total, p.Miner, p.Validator)
	switch b := x.Before; {
	case b == nil && p.Epoch == 0:
		say("It is the first epoch.")
	case b == nil:
		say("What epoch %d paid it is not known here, or it was another's seat.", p.Epoch-1)
	case p.Total == b.Total:
		say("That is as much as in epoch %d.", b.Epoch)
	default:
		say("That is %s than in epoch %d, which paid it %s.", moreOrLess(b.Total, p.Total), b.Epoch, b.Total)
	}
	if x.Before != nil {
		out = append(out, x.partOf("work", "incentive", p.Incentive, x.Before.Incentive, p.Miner, x.Before.Miner)...)
		out = append(out, x.partOf("judging", "dividend", p.Dividend, x.Before.Dividend, p.Validator, x.Before.Validator)...)
	}
	if line := dutiesDone(p); line != "" {
		out = append(out, line)
	}
	for i := range x.Challenges {
		if line := trial(p, &x.Challenges[i]); line != "" {
			out = append(out, line)
		}
	}
	switch {
	case x.Worked == nil:
		say("No weights count before epoch %d, so nothing that a seat does can be paid earlier.", earning.Lag)
	case len(x.Weights) == 0:
		say("No validator opened a weight for its work of epoch %d, so it has no incentive.", *x.Worked)
	default:
		out = append(out, x.weighed()...)
	}
	return append(out, x.scored()...)
}

// dutiesDone says what became of the duties that scaled a dividend.
func dutiesDone(p *api.Emission) string {
	if p.Drawn == 0 || p.Epoch == 0 {
		return ""
	}
	line := fmt.Sprintf("For judging: it fulfilled %d of %d duties of epoch %d", p.Fulfilled, p.Drawn, p.Epoch-1)
	switch p.Findings {
	case api.FindingsMissing:
		line += "; it never sealed what it found, and so nothing of that counts"
	case api.FindingsSealed:
		line += "; it sealed what it found and never opened it, and so nothing of that counts"
	case api.FindingsLazy:
		line += "; it found an answer right that was planted to be wrong, or a card of it was proven false, and so nothing of that counts"
	case api.FindingsForfeit:
		line += "; its challenge was wrong, or it did not vote on another's, and so nothing of that counts"
	case api.FindingsOpened:
		line += "; what it found was sealed and opened in time"
	}
	return line + "."
}

// trial says what a challenge has to do with a seat: what it was accused of, what
// its owner challenged, or how it votes, and what that costs; "" where it has
// nothing to do with it.
func trial(p *api.Emission, c *api.Challenge) string {
	if c.Accused == p.UID {
		return accusation(c)
	}
	what := fmt.Sprintf("slot %d of seat %d in round %d", c.Slot, c.UID, c.Round)
	if c.Accused != c.UID {
		what = fmt.Sprintf("judge %d's card about %s", c.Accused, what)
	}
	if c.Challenger == p.Coldkey {
		line := fmt.Sprintf("Its owner challenged %s in block %d: %s", what, c.Posted, c.Stage)
		switch {
		case c.Charged && c.Fee > 0:
			line += fmt.Sprintf(", and the fee of %s was lost", c.Fee)
		case c.Charged:
			line += ", and the judge that posted it lost its duties of the epoch"
		}
		return line + "."
	}
	for i := range c.Electors {
		if e := &c.Electors[i]; e.UID == p.UID {
			return fmt.Sprintf("It votes on %s, challenged in block %d: it %s.", what, c.Posted, voted(c, e))
		}
	}
	return ""
}

// voted says what an elector did in the newest ballot, and whether that cost its
// duties, as the node counts it from the votes.
func voted(c *api.Challenge, e *api.Elector) string {
	line := did(c, e)
	if e.Forfeits {
		line += ", which cost its duties of the epoch"
	}
	return line
}

// did says what an elector did.
func did(c *api.Challenge, e *api.Elector) string {
	open := c.Stage == ledger.StageVoting.String()
	switch {
	case !e.Opened && open && e.Sealed:
		return "sealed a vote"
	case !e.Opened && open:
		return "has not sealed a vote yet"
	case !e.Opened && e.Sealed:
		return "sealed a vote and did not open it"
	case !e.Opened:
		return "did not vote"
	case e.Finding == "" && !open && !e.Forfeits:
		return "said that it cannot tell, of one of so many ballots that it may have had no time"
	case e.Finding == "":
		return "said that it cannot tell"
	}
	line := fmt.Sprintf("found %s by %s", e.Finding, strings.Join(e.Backends, " and "))
	if e.Forfeits {
		line += ", where more than two thirds of the stake found something else"
	}
	return line
}

// accusation says what a seat was accused of, and what came of it.
func accusation(c *api.Challenge) string {
	what := fmt.Sprintf("Its answer in slot %d of round %d", c.Slot, c.Round)
	if c.Accused != c.UID {
		what = fmt.Sprintf("Its card about slot %d of seat %d in round %d", c.Slot, c.UID, c.Round)
	}
	line := fmt.Sprintf("%s was challenged in block %d: %s", what, c.Posted, c.Stage)
	switch {
	case c.Convicted > 0 && c.Stage == ledger.StageBurned.String():
		line += fmt.Sprintf(", and %s was lost", c.Held)
	case c.Convicted > 0 && c.Held > 0 && c.Stage != ledger.StageFreed.String():
		line += fmt.Sprintf(", and %s is held, to be burned unless an appeal frees it", c.Held)
	case c.Charged:
		line += ", and the challenger paid for it"
	}
	return line + "."
}

// article is the one of a share.
func article(share string) string {
	if share == "incentive" {
		return "an"
	}
	return "a"
}

func moreOrLess(was, is protocol.Amount) string {
	if is >= was {
		return (is - was).String() + " more"
	}
	return (was - is).String() + " less"
}

// partOf splits a difference of pay in two: what its share of all does, and what a
// share is worth.
func (x *explanation) partOf(what, share string, is, was uint16, paid, before protocol.Amount) []string {
	if paid == before {
		return nil
	}
	same, ok := earning.Split(is, was, before)
	if !ok {
		return []string{fmt.Sprintf("For %s: its %s went from %s to %s of all.", what, share, part(was), part(is))}
	}
	out := []string{}
	if is != was {
		out = append(out, fmt.Sprintf("For %s: its %s went from %s to %s of all, which makes %s.", what, share, part(was), part(is), moreOrLess(before, same)))
	}
	if same != paid {
		line := fmt.Sprintf("For %s: %s %s of one was paid otherwise than in the epoch before, which makes %s; all seats got %s, before %s.", what, article(share), share, moreOrLess(same, paid), x.All, x.AllBefore)
		if what == "judging" {
			line += " Duties that were drawn and not fulfilled cost a part of a dividend: see assay validators."
		}
		out = append(out, line)
	}
	return out
}

// weighed compares the weights that validators gave.
func (x *explanation) weighed() []string {
	before := map[protocol.UID]uint16{}
	for _, w := range x.WeightsBefore {
		before[w.Validator] = w.Value
	}
	var up, down, same, first int
	for _, w := range x.Weights {
		v, known := before[w.Validator]
		switch {
		case !known:
			first++
		case w.Value > v:
			up++
		case w.Value < v:
			down++
		default:
			same++
		}
	}
	out := fmt.Sprintf("It is paid for its work of epoch %d, which %d validators weighed", *x.Worked, len(x.Weights))
	if *x.Worked > 0 {
		out += fmt.Sprintf(": %d higher than its work of the epoch before, %d lower, %d alike, %d for the first time", up, down, same, first)
	}
	return []string{out + ". Yuma takes of each weight what more than half of the stake agrees to."}
}

// scored says what the asked node counted otherwise than in the epoch before.
func (x *explanation) scored() []string {
	var out []string
	for i := range x.Scores {
		s := &x.Scores[i]
		line := fmt.Sprintf("This node counted, of the kind %s: asked %d, answered %d, exact %d, false %d, late %d, not given %d; it weighed the seat %s (%s).",
			printable(string(s.Kind)), s.Asked, s.Answered, s.Exact, s.Inexact, s.Late, s.NotGiven, part(s.Weight), printable(s.Explain.Reason))
		j := slices.IndexFunc(x.ScoresBefore, func(o api.Score) bool { return o.Kind == s.Kind && o.Registered == s.Registered })
		if j >= 0 {
			if changes := changed(&x.ScoresBefore[j], s); len(changes) > 0 {
				line += " Against the epoch before: " + strings.Join(changes, ", ") + "."
			}
		}
		out = append(out, line)
	}
	return out
}

// changed lists what counts of a score and is not as it was.
func changed(was, is *api.Score) []string {
	var out []string
	for _, f := range []struct {
		name    string
		was, is uint64
	}{
		{"asked", uint64(was.Asked), uint64(is.Asked)},
		{"answered", uint64(was.Answered), uint64(is.Answered)},
		{"units", was.Units, is.Units},
		{"false", uint64(was.Inexact), uint64(is.Inexact)},
		{"late", uint64(was.Late), uint64(is.Late)},
		{"not given", uint64(was.NotGiven), uint64(is.NotGiven)},
		{"bound", uint64(was.Bound), uint64(is.Bound)},
		{"speed", uint64(was.Speed), uint64(is.Speed)},
		{"availability", uint64(was.Availability), uint64(is.Availability)},
		{"weight", uint64(was.Weight), uint64(is.Weight)},
	} {
		if f.was != f.is {
			out = append(out, fmt.Sprintf("%s %d, was %d", f.name, f.is, f.was))
		}
	}
	return out
}

// tell writes the explanation for a person.
func (x *explanation) tell(c *cli.Context) error {
	var b bytes.Buffer
	for _, line := range x.Why {
		b.WriteString(line + "\n")
	}
	if len(x.Weights) > 0 {
		rows := [][]string{{"validator", "weight", "before"}}
		for _, w := range x.Weights {
			before := "-"
			if i := slices.IndexFunc(x.WeightsBefore, func(o api.Weight) bool { return o.Validator == w.Validator }); i >= 0 {
				before = part(x.WeightsBefore[i].Value)
			}
			rows = append(rows, []string{num(w.Validator), part(w.Value), before})
		}
		b.WriteString("\n")
		leftTable(&b, rows)
	}
	for i := range x.Tasks {
		if err := tellTask(&b, &x.Tasks[i]); err != nil {
			return err
		}
	}
	if more := x.TasksInAll - len(x.Tasks); more > 0 {
		fmt.Fprintf(&b, "\n%d tasks more: assay scores --miner %d --epoch %d --json has their ids\n", more, x.Paid.UID, *x.Worked)
	}
	_, err := c.App.Writer.Write(b.Bytes())
	return err
}

// tellTask writes one task: its answer and what judges found.
func tellTask(b *bytes.Buffer, t *api.Task) error {
	fmt.Fprintf(b, "\ntask %s, %s, round %d, slot %d: %d answers\n", t.ID, printable(string(t.Kind)), t.Round, t.Slot, len(t.Answers))
	kind := taskKindOf(t.Kind)
	for _, card := range t.Cards {
		words, err := kind.cardWords(card.Finding, card.Body)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "  judge %d: %s\n", card.Judge, words)
	}
	return nil
}
