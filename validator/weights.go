package validator

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// weighing makes weights of what was found, once for each epoch, and brings them
// on the ledger: sealed while the epoch runs, opened when it is over. Weights of
// an epoch are made of the rounds of the one before, of which all judges have
// opened what they found: so honest judges count the same. Step alone uses it. It
// keeps nothing but what it reads ahead: what it needs of earlier epochs is in the
// book. What is judged later counts nowhere.
type weighing struct {
	*base
	troubles *troubles
	prepared prepared
}

// weigh seals the weights of the running epoch when their time has come, sends
// the seal until it is on the ledger, and opens those of the epoch before.
func (w *weighing) weigh(ctx context.Context, now *view) error {
	s, seat := w.schedule(), now.seat
	e := s.EpochOf(now.head)
	if e > 0 {
		if err := w.reveal(ctx, now, e-1, seat); err != nil {
			return err
		}
	}
	if now.head+aheadBlocks < s.WeightsStart(e) || s.IsEpochEnd(now.head) {
		return nil
	}
	if judge, err := w.isJudge(now, e, seat); err != nil || !judge {
		return err
	}
	if seal, sealed, err := ledger.ReadSeal(now, e, seat.UID); err != nil || (sealed && seal.Seat == seat) {
		return err
	}
	if now.head < s.WeightsStart(e) {
		return w.readAhead(now, e)
	}
	made, err := w.sealWeights(now, e, seat.UID)
	if err != nil {
		return err
	}
	if blank, err := w.blank(&made.Weights); err != nil || blank {
		return err
	}
	if err := w.cfg.Submit(ctx, &wire.CommitWeights{Epoch: e, Hash: made.Weights.Seal(w.self)}); err != nil {
		return fmt.Errorf("submit the seal of epoch %d: %w", e, err)
	}
	return nil
}

// observe writes down what is counted of each seat in the epoch before, when the
// judges of the running one seal theirs: for who has no seat, and seals nothing.
func (w *weighing) observe(now *view) error {
	s := w.schedule()
	e := s.EpochOf(now.head)
	if now.head+aheadBlocks < s.WeightsStart(e) || s.IsEpochEnd(now.head) {
		return nil
	}
	if now.head < s.WeightsStart(e) {
		return w.readAhead(now, e)
	}
	_, err := w.sealWeights(now, e, protocol.Nobody)
	return err
}

// reveal sends the weights of epoch e, which ended, until they are on the ledger.
func (w *weighing) reveal(ctx context.Context, now *view, e protocol.Epoch, seat protocol.SeatID) error {
	seal, sealed, err := ledger.ReadSeal(now, e, seat.UID)
	if err != nil || !sealed || seal.Seat != seat {
		return err
	}
	if row, opened, err := ledger.ReadWeights(now, e, seat.UID); err != nil || (opened && row.Seat == seat) {
		return err
	}
	made, err := w.book.Sealed(e)
	if err != nil {
		return err
	}
	judge, _, err := ledger.ReadRosterJudge(now, e, seat.UID) // its hotkey may have been another
	if err != nil {
		return err
	}
	if made == nil || made.Weights.Seal(judge.Hotkey) != seal.Hash {
		if w.troubles.first("seal of another database", e) {
			w.metrics.errors.Inc()
			w.cfg.Logger.Error().Uint64("epoch", uint64(e)).
				Msg("cannot open the weights: the seal on the ledger is not of this database, which may be an older copy")
		}
		return nil
	}
	if err := w.cfg.Submit(ctx, &made.Weights); err != nil {
		return fmt.Errorf("open the weights of epoch %d: %w", e, err)
	}
	return nil
}

// sealWeights returns the weights of epoch e, made once and durable.
func (w *weighing) sealWeights(now *view, e protocol.Epoch, self protocol.UID) (*record.Sealed, error) {
	old, err := w.book.Sealed(e)
	if err != nil || old != nil {
		return old, err
	}
	if err := w.readAhead(now, e); err != nil { // what is missing
		return nil, err
	}
	defer func() { w.prepared = prepared{} }() // of what is sealed nothing is made again
	made := record.Sealed{Epoch: e, Height: now.head}
	tallies := tallies{}
	abstained, err := w.tallyRounds(now, &made, tallies)
	if err != nil {
		return nil, err
	}
	if err := w.tallyFindings(now, e, tallies); err != nil {
		return nil, err
	}
	list, err := w.explain(now, opinion{epoch: e, counted: made.Rounds, abstained: &abstained, self: self}, tallies)
	if err != nil {
		return nil, err
	}
	made.Weights = wire.RevealWeights{Epoch: e, Salt: w.salt(e)}
	made.Weights.UIDs, made.Weights.Values = scoring.Row(list, w.cfg.Params.Kinds)
	if err := w.write(now, &made, &abstained, list); err != nil {
		return nil, err
	}
	w.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("seats", len(made.Weights.UIDs)).Int("rounds", len(made.Rounds)).
		Int("skipped", len(made.Skipped)).Msg("sealed weights")
	return &made, nil
}

// write writes weights, with all that they were made of and whose the seats are,
// while it is known.
func (w *weighing) write(now *view, made *record.Sealed, abstained *record.Abstention, list []scoring.Explanation) error {
	var b record.Batch
	var hotkey protocol.PublicKey
	for i := range list {
		t := &list[i].Tally
		if i == 0 || t.Seat != list[i-1].Tally.Seat { // the list is by seat
			var err error
			if hotkey, err = w.prepared.hotkeyOf(now, made.Epoch, t.Seat); err != nil {
				return err
			}
		}
		b.Final(made.Epoch, &record.Final{Seat: t.Seat, Kind: t.Kind, Hotkey: hotkey})
		b.Score(&list[i])
	}
	b.Sealed(made)
	if !w.prepared.follows {
		if err := w.book.Began(&b, made.Epoch); err != nil {
			return err
		}
	}
	if len(abstained.Rounds)+len(abstained.Absent) > 0 {
		b.Abstained(made.Epoch, abstained)
	}
	if len(abstained.Absent) > 0 {
		w.cfg.Logger.Warn().Uint64("epoch", uint64(made.Epoch)).Int("seats", len(abstained.Absent)).
			Msg("weights leave out seats of which an answer could not be fetched: earlier opinions of them stand")
	}
	if len(abstained.Rounds) > 0 {
		w.cfg.Logger.Warn().Uint64("epoch", uint64(made.Epoch)).Str("left_out", abstainedText(abstained.Rounds)).
			Msg("weights leave out rounds of which answers could not be fetched: earlier opinions stand")
	}
	return w.book.Write(&b)
}

// rounds returns the first round of those that the weights of epoch e are made of,
// and the first behind them.
func (w *weighing) rounds(e protocol.Epoch) (first, end protocol.Round) {
	s := w.schedule()
	return s.RoundOf(s.EpochStart(e - min(e, 1))), s.RoundOf(s.EpochStart(e))
}

// tallyRounds adds the rounds of the epoch before to the tallies, and notes in the
// record which, and apart what was left out because answers are missing.
func (w *weighing) tallyRounds(now *view, made *record.Sealed, t tallies) (out record.Abstention, err error) {
	for n, end := w.rounds(made.Epoch); n < end; n++ {
		found, absent, err := w.tallyRound(now, n, t)
		if err != nil {
			return out, err
		}
		out.Absent = append(out.Absent, absent...)
		if found == roundCounted {
			made.Rounds = append(made.Rounds, n)
			continue
		}
		made.Skipped = append(made.Skipped, n)
		if found == roundUnknown {
			out.Rounds = append(out.Rounds, n)
		}
	}
	return out, nil
}

// salt makes a seal that nobody can open by guessing weights.
func (w *weighing) salt(e protocol.Epoch) (salt [32]byte) {
	h := hmac.New(sha256.New, w.cfg.Salt[:])
	_, _ = h.Write([]byte("assay/1/weights/salt\x00"))
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(e)))
	copy(salt[:], h.Sum(nil))
	return salt
}

// place is a seat in a kind.
type place struct {
	seat protocol.SeatID
	kind protocol.Kind
}

// tallies are counted by seat, so that two holders of one uid stay apart, and
// by kind.
type tallies map[place]*scoring.Tally

func (t tallies) of(seat protocol.SeatID, kind protocol.Kind) *scoring.Tally {
	p := place{seat, kind}
	if t[p] == nil {
		t[p] = &scoring.Tally{Seat: seat, Kind: kind}
	}
	return t[p]
}

// share returns how much of an epoch was observed of a seat in a kind, in 65536ths:
// all of it, but where rounds were left out in which its tasks fell due, whole or
// for this seat.
func (w *weighing) share(k *params.Kind, o *opinion, seat protocol.SeatID) uint32 {
	due := func(rounds []protocol.Round) (n uint64) {
		for _, r := range rounds {
			if _, is := k.Set(r); is {
				n++
			}
		}
		return n
	}
	out := due(o.absent[seat])
	if due(o.abstained.Rounds)+out == 0 {
		return params.One
	}
	return uint32(min(params.One, params.One*(due(o.counted)-out)/(w.schedule().RoundsPerEpoch()/uint64(k.Rounds))))
}

// How a round enters the weights.
type roundFound int

const (
	roundCounted    roundFound = iota
	roundImpossible            // nobody could answer in time
	roundUnknown               // of no seat all that was given is here
)

// tallyRound adds a round to the tallies. It leaves it out when nobody could
// answer in time. A seat of which an answer that was given is not here is counted
// neither up nor down, and returned; what is here of it is still what the work of
// others is compared with. Where that are all who gave something, nothing is known
// of the round, and of nobody. Who attested an answer has it, so all that is seldom
// for long.
func (w *weighing) tallyRound(now *view, n protocol.Round, t tallies) (roundFound, []record.Absence, error) {
	s := w.schedule()
	seeds, _, err := ledger.ReadRound(now, n)
	if err != nil || seeds.TaskSeed.IsZero() || seeds.TaskHeight >= s.CommitDeadline(n) {
		return roundImpossible, nil, err
	}
	roster, err := w.prepared.rosterOf(now, s.EpochOfRound(n))
	if err != nil {
		return 0, nil, err
	}
	commits, err := ledger.ReadCommits(now, n)
	if err != nil {
		return 0, nil, err
	}
	asked, err := w.askedIn(now, n, roster)
	if err != nil {
		return 0, nil, err
	}
	answers, missing, err := w.givenIn(now, n)
	if err != nil {
		return 0, nil, err
	}
	if len(missing) > 0 && len(missing) == len(answers) {
		return roundUnknown, nil, nil
	}
	plants := w.openingOf(now, s.EpochOfRound(n))
	delays := map[protocol.UID]uint64{}
	var all []uint64
	for _, c := range commits {
		delays[c.Seat.UID] = uint64(c.Height - min(c.Height, seeds.TaskHeight))
		if publishes(asked[c.Seat]) { // who only rates has all the time there is
			all = append(all, delays[c.Seat.UID])
		}
	}
	median := scoring.Median(all)
	var absent []record.Absence
	opened := map[protocol.Kind]*openedOf{}
	for i := range roster {
		id := roster[i].ID
		delay, committed := delays[id.UID]
		into := t
		if void, err := plants.void(id); err != nil {
			return 0, nil, err
		} else if void {
			answers[id.UID], missing[id.UID] = nil, false
		}
		if missing[id.UID] {
			absent = append(absent, record.Absence{Round: n, Seat: id})
			into = tallies{} // of nobody
		}
		if err := w.tallySeat(into, asked[id], committed, delay, median, answers[id.UID], opened); err != nil {
			return 0, nil, err
		}
	}
	return roundCounted, absent, w.tallyWork(opened)
}

// askedIn returns what the seats of a roster are asked in a round.
func (w *weighing) askedIn(now *view, n protocol.Round, roster []ledger.RosterSeat) (map[protocol.SeatID]*task.Round, error) {
	due, err := ledger.ReadDue(now, w.cfg.Params, n)
	if err != nil {
		return nil, err
	}
	asked := make(map[protocol.SeatID]*task.Round, len(roster))
	for i := range roster {
		of := due.Of(w.cfg.ChainID, w.cfg.Params, &roster[i])
		asked[roster[i].ID] = &of
	}
	return asked, nil
}

// givenIn returns the answers that were given in a round, by seat and slot, and the
// seats of which not all are here. Each seat that gave something has an entry.
func (w *weighing) givenIn(now *view, n protocol.Round) (answers map[protocol.UID][]*record.Answer, missing map[protocol.UID]bool, err error) {
	given, err := ledger.ReadGivenAnswers(now, n)
	if err != nil {
		return nil, nil, err
	}
	answers, missing = map[protocol.UID][]*record.Answer{}, map[protocol.UID]bool{}
	for _, k := range given {
		a, err := w.book.Answer(k)
		if err != nil {
			return nil, nil, err
		}
		all := answers[k.UID]
		if a != nil {
			all = append(all, a)
		} else {
			missing[k.UID] = true
		}
		answers[k.UID] = all
	}
	return answers, missing, nil
}

// publishes reports whether a seat is asked anything that it publishes.
func publishes(of *task.Round) bool {
	if of == nil {
		return false
	}
	for slot := range of.Slots() {
		if of.Asks(slot) {
			return true
		}
	}
	return false
}

// openedOf is all answers of one kind that were given in a round, with whose
// they are.
type openedOf struct {
	answers []task.Opened
	tallies []*scoring.Tally
}

// tallySeat counts what one seat was asked in a round and did of it, by kind, and
// gathers its answers.
func (w *weighing) tallySeat(t tallies, asked *task.Round, committed bool, delay, median uint64, answers []*record.Answer, opened map[protocol.Kind]*openedOf) error {
	for i := range asked.Due {
		due := &asked.Due[i]
		if due.Seed.IsZero() || due.OnLedger(w.cfg.Params) {
			continue
		}
		own := t.of(asked.Seat, due.Kind)
		slots := uint32(due.Slots)
		own.Asked += slots
		if !committed {
			own.Late += slots
			continue
		}
		own.Commits++
		own.Delay += delay
		if opened[due.Kind] == nil {
			opened[due.Kind] = &openedOf{}
		}
		all := opened[due.Kind]
		for _, a := range answers {
			if a.Task.Kind != due.Kind {
				continue
			}
			body, err := w.bodyOf(a)
			if err != nil {
				return err
			}
			all.answers = append(all.answers, task.Opened{Task: &a.Task, Body: body, Delay: delay, Median: median})
			all.tallies = append(all.tallies, own)
			slots -= min(slots, 1)
		}
		own.NotGiven += slots
	}
	return nil
}

// bodyOf reads what was answered.
func (w *weighing) bodyOf(a *record.Answer) ([]byte, error) {
	body, err := w.book.Body(a.Task.Key())
	if err != nil {
		return nil, err
	}
	if body == nil { // it is written with its record
		return nil, fmt.Errorf("slot %d of seat %d in round %d has no bytes: %w", a.Task.Slot, a.Task.Seat.UID, a.Task.Round, record.ErrCorrupt)
	}
	return body, nil
}

// tallyWork adds what the answers of a round are worth.
func (w *weighing) tallyWork(opened map[protocol.Kind]*openedOf) error {
	for name, all := range opened {
		kind, err := w.cfg.Kinds.Of(name)
		if err != nil {
			return err
		}
		for i, worth := range kind.Work(w.cfg.Params, all.answers) {
			all.tallies[i].Answer(worth)
		}
	}
	return nil
}

// tallyFindings adds what was found of the answers of the epoch before, each once.
// An own finding counts as it is; of an answer without one it is believed that it
// passed where all judges who opened a finding of it say so. Every other was
// judged here, too, unless there was no time. An answer that counts as not given
// counts neither way: it is what its maker owes already.
func (w *weighing) tallyFindings(now *view, e protocol.Epoch, t tallies) error {
	open := w.openingOf(now, e-min(e, 1))
	if err := w.tallyOwn(e, open, t); err != nil {
		return err
	}
	passed, err := w.passed(now, e)
	if err != nil {
		return err
	}
	unsure := 0
	for k, all := range passed {
		own, err := w.book.Judgement(k)
		if err != nil {
			return err
		}
		if own != nil {
			continue
		}
		void, planted, err := open.settled(k)
		if err != nil {
			return err
		}
		answer, err := w.book.Answer(k)
		if err != nil {
			return err
		}
		switch {
		case void || planted && !all:
		case !all:
			unsure++
		case answer != nil:
			t.of(answer.Task.Seat, answer.Task.Kind).Judged(wire.FindingPassed)
		}
	}
	if unsure > 0 {
		w.cfg.Logger.Warn().Uint64("epoch", uint64(e)).Int("answers", unsure).
			Msg("weights leave out answers that another judge found wrong and that could not be judged here in time")
	}
	return nil
}

// opinion is what weights are made from beside the tallies.
type opinion struct {
	epoch     protocol.Epoch
	counted   []protocol.Round   // in the tallies
	abstained *record.Abstention // what is not, because answers are missing
	self      protocol.UID
	// absent are the rounds of abstained.Absent, which may be long, by seat: they are
	// among those that were counted.
	absent map[protocol.SeatID][]protocol.Round
}

// explain says what all seats that were asked or are remembered are worth, by uid
// and kind. Of two holders of one uid the newer counts.
func (w *weighing) explain(now *view, o opinion, t tallies) ([]scoring.Explanation, error) {
	o.absent = map[protocol.SeatID][]protocol.Round{}
	for _, a := range o.abstained.Absent {
		o.absent[a.Seat] = append(o.absent[a.Seat], a.Round)
	}
	averages, err := w.remembered(now, &o)
	if err != nil {
		return nil, err
	}
	for _, a := range averages {
		if !a.Faded() {
			t.of(a.Seat, a.Kind)
		}
	}
	newest := map[protocol.UID]protocol.SeatID{}
	for p := range t {
		if was, ok := newest[p.seat.UID]; !ok || was.Registered < p.seat.Registered {
			newest[p.seat.UID] = p.seat
		}
	}
	var list []scoring.Explanation
	for _, uid := range slices.Sorted(maps.Keys(newest)) {
		if uid == o.self {
			continue // nobody weighs himself
		}
		for i := range w.cfg.Params.Kinds {
			k := &w.cfg.Params.Kinds[i]
			if own := t[place{newest[uid], k.Name}]; own != nil && !k.OnLedger() {
				list = append(list, scoring.Explain(o.epoch, averages[ofUID{uid, k.Name}], own, w.share(k, &o, newest[uid]), k.Keep))
			}
		}
	}
	rated, err := w.rated(now, &o)
	return append(list, rated...), err
}

// ofUID is a seat's number in a kind, whoever holds it.
type ofUID struct {
	uid  protocol.UID
	kind protocol.Kind
}

// remembered returns what was thought before of the seats that are still there,
// as it counts now: epochs without weights of this validator have aged it.
func (w *weighing) remembered(now *view, o *opinion) (map[ofUID]scoring.Average, error) {
	rows := w.prepared.scores
	averages := make(map[ofUID]scoring.Average, len(rows))
	var seat ledger.Seat
	var sits bool
	for i := range rows {
		a := rows[i].Average
		if i == 0 || a.Seat.UID != rows[i-1].Average.Seat.UID { // they are by uid
			var err error
			if seat, sits, err = ledger.ReadSeat(now, a.Seat.UID); err != nil {
				return nil, err
			}
		}
		if sits && seat.ID != a.Seat {
			continue // an opinion of its former holder would pay whoever sits there now
		}
		k := w.cfg.Params.Kind(a.Kind)
		if k == nil {
			continue
		}
		averages[ofUID{a.Seat.UID, a.Kind}] = a.Age(k.Keep, uint64(o.epoch-w.prepared.scored-1))
	}
	return averages, nil
}

// blank reports whether weights say nothing because nothing is known: they
// are not sent, for an empty row speaks against everybody.
func (w *weighing) blank(made *wire.RevealWeights) (bool, error) {
	if len(made.UIDs) > 0 {
		return false, nil
	}
	rounds, err := w.book.Abstained(made.Epoch)
	if err != nil || len(rounds) > 0 {
		return true, err
	}
	absent, err := w.book.Absent(made.Epoch)
	return len(absent) > 0, err
}

// abstainedText says in words which rounds were left out.
func abstainedText(rounds []protocol.Round) string {
	if len(rounds) == 1 {
		return fmt.Sprintf("round %d", rounds[0])
	}
	return fmt.Sprintf("%d rounds from %d to %d", len(rounds), rounds[0], rounds[len(rounds)-1])
}
