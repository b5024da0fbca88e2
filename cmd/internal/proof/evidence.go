package proof

import (
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// errTwice is said of a row that was there before.
const errTwice = wrong("there is a row of it before")

// tasksOf judges tasks.
type tasksOf struct {
	*state
	seen map[wire.AnswerKey]bool
}

func newTasks(s *state) (judge[history.Task], error) {
	return &tasksOf{s, map[wire.AnswerKey]bool{}}, nil
}

// row derives the task that the seat was asked there, and compares all columns.
func (j *tasksOf) row(got *history.Task) error {
	k := wire.AnswerKey{Round: protocol.Round(got.Round), UID: protocol.UID(got.UID), Slot: uint16(got.Slot)}
	x, err := j.asked(k.Round, k.UID)
	if err != nil {
		return err
	}
	t, err := x.task(k.Slot)
	if err != nil {
		return err
	}
	if t == nil {
		return wrongf("seat %d was not asked in slot %d of round %d", got.UID, got.Slot, got.Round)
	}
	shown := api.Task{
		ID: t.ID, Kind: t.Kind, Epoch: j.epoch, Round: t.Round, Time: j.at(max(j.genesis.Params.Schedule.RoundStart(t.Round), 1)),
		UID: t.Seat.UID, Registered: t.Seat.Registered, Hotkey: x.roster.Hotkey, Slot: t.Slot,
	}
	if shown.Body, err = api.TaskBody(t); err != nil {
		return err
	}
	if x.commit != nil {
		shown.Commitment = &api.Commitment{Root: x.commit.Root, Height: x.commit.Height}
	}
	duties, _, err := ledger.ReadDuties(j, k.Round, k.UID)
	if err != nil {
		return err
	}
	for _, d := range duties.Duties {
		if d.Slot == k.Slot {
			shown.Judges = append(shown.Judges, d.Judge.UID)
		}
	}
	want := history.TaskOf(&shown)
	if err := differs(got, &want); err != nil {
		return err
	}
	if j.seen[k] {
		return errTwice
	}
	j.seen[k] = true
	return nil
}

func (j *tasksOf) end(*Table) (int64, error) {
	return j.given(j.seen)
}

// answersOf judges answers.
type answersOf struct {
	*state
	seen map[wire.AnswerKey]bool
}

func newAnswers(s *state) (judge[history.Answer], error) {
	return &answersOf{s, map[wire.AnswerKey]bool{}}, nil
}

// row looks at the signature, opens the commitment, and compares the columns with
// the bytes.
func (j *answersOf) row(got *history.Answer) error {
	signed, err := wire.OpenAnswer(got.Raw, j.genesis.ChainID())
	if err != nil {
		return wrongf("its bytes are no signed answer: %v", err)
	}
	a := &signed.Answer
	x, err := j.asked(a.Round, a.Seat.UID)
	if err != nil {
		return err
	}
	t, err := x.task(a.Slot)
	switch {
	case err != nil:
		return err
	case t == nil || x.roster.ID != a.Seat || x.roster.Hotkey != signed.Sender:
		return wrongf("who signed it was not asked in slot %d of seat %d in round %d", a.Slot, a.Seat.UID, a.Round)
	case x.commit == nil:
		return wrongf("the ledger has no commitment of seat %d in round %d", a.Seat.UID, a.Round)
	}
	if err := task.CheckOpening(kinds.All(), j.genesis.ChainID(), x.commit.Root, x.round.Slots(), signed.Sender, t, a); err != nil {
		return wrongf("it does not open the commitment that the ledger has: %v", err)
	}
	shown := api.Answer{Hash: signed.Hash(), Sender: signed.Sender, Received: protocol.Height(got.Received), Raw: got.Raw}
	if shown.Body, err = api.AnswerBody(t.Kind, a); err != nil {
		return wrongf("its body is none of its kind: %v", err)
	}
	want := history.AnswerOf(t.ID, j.epoch, &shown)
	if err := differs(got, &want); err != nil {
		return err
	}
	if k := a.Key(); j.seen[k] {
		return errTwice
	}
	j.seen[a.Key()] = true
	return nil
}

func (j *answersOf) end(*Table) (int64, error) {
	return j.given(j.seen)
}

// cardsOf judges cards.
type cardsOf struct {
	*state
	judges map[protocol.UID]*judgeOf
	seen   map[duty]bool
}

// duty names a card.
type duty struct {
	key   wire.AnswerKey
	judge protocol.UID
}

// judgeOf is a judge of the epoch with what it drew and opened.
type judgeOf struct {
	roster ledger.RosterJudge
	drawn  ledger.DrawnRecord
	said   ledger.CardsRecord
}

func newCards(s *state) (judge[history.Card], error) {
	out := &cardsOf{s, map[protocol.UID]*judgeOf{}, map[duty]bool{}}
	list, err := ledger.ReadRosterJudges(s, s.epoch)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		x := &judgeOf{roster: r}
		if x.drawn, _, err = ledger.ReadDrawn(s, s.epoch, r.ID.UID); err != nil {
			return nil, err
		}
		if x.said, _, err = ledger.ReadCards(s, s.epoch, r.ID.UID); err != nil {
			return nil, err
		}
		out.judges[r.ID.UID] = x
	}
	return out, nil
}

// row looks at the signature, at the root that the judge opened and at its finding
// there, and compares the columns with the bytes.
func (j *cardsOf) row(got *history.Card) error {
	signed, err := wire.OpenCard(got.Raw, j.genesis.ChainID())
	if err != nil {
		return wrongf("its bytes are no signed card: %v", err)
	}
	c := &signed.Card
	by := j.judges[c.Judge.UID]
	if by == nil || by.roster.ID != c.Judge || by.roster.Hotkey != signed.Sender {
		return wrongf("who signed it was no judge %d of the epoch", c.Judge.UID)
	}
	if err := ledger.CheckCard(&j.genesis.Params, &by.drawn, &by.said, signed.Sender, c); err != nil {
		return wrongf("it is none that its judge opened on the ledger: %v", err)
	}
	x, err := j.asked(c.Round, c.Seat.UID)
	if err != nil {
		return err
	}
	t, err := x.task(c.Slot)
	if err != nil {
		return err
	}
	if t == nil || t.ID != c.Task || t.Kind != c.Kind || t.Seat != c.Seat {
		return wrongf("seat %d was not asked task %s", c.Seat.UID, c.Task)
	}
	shown := api.Card{Judge: c.Judge.UID, Hotkey: signed.Sender, Received: protocol.Height(got.Received), Answer: c.Answer, Finding: c.Finding, Raw: got.Raw}
	if shown.Body, err = api.CardBody(c); err != nil {
		return wrongf("its body is none of its kind: %v", err)
	}
	want := history.CardOf(t.ID, j.epoch, &shown)
	if err := differs(got, &want); err != nil {
		return err
	}
	if j.seen[duty{c.Key(), c.Judge.UID}] {
		return errTwice
	}
	j.seen[duty{c.Key(), c.Judge.UID}] = true
	return nil
}

func (j *cardsOf) end(*Table) (int64, error) {
	opened := int64(0)
	for _, by := range j.judges {
		if by.said.Seat == by.roster.ID {
			opened += int64(by.said.Cards())
		}
	}
	return max(0, opened-int64(len(j.seen))), nil
}
