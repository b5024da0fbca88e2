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
)

// weigh seals the weights of the running epoch when their time has come, sends
// the seal until it is on the ledger, and opens those of the epoch before.
func (v *Validator) weigh(ctx context.Context, now *view, seat protocol.SeatID) error {
	s := &v.cfg.Params.Schedule
	e := s.EpochOf(now.head)
	if e > 0 {
		if err := v.reveal(ctx, now, e-1, seat); err != nil {
			return err
		}
	}
	if now.head < s.EpochStart(e)+protocol.Height(s.WeightBlocks) || s.IsEpochEnd(now.head) {
		return nil
	}
	if judge, err := v.isJudge(now, e, seat); err != nil || !judge {
		return err
	}
	if seal, sealed, err := ledger.ReadSeal(now, e, seat.UID); err != nil || (sealed && seal.Seat == seat) {
		return err
	}
	record, err := v.sealWeights(now, e, seat.UID)
	if err != nil {
		return err
	}
	if blank, err := v.blank(&record.Weights); err != nil || blank {
		return err
	}
	if err := v.cfg.Submit(ctx, &wire.CommitWeights{Epoch: e, Hash: record.Weights.Seal(v.self)}); err != nil {
		return fmt.Errorf("submit the seal of epoch %d: %w", e, err)
	}
	return nil
}

// reveal sends the weights of epoch e, which ended, until they are on the ledger.
func (v *Validator) reveal(ctx context.Context, now *view, e protocol.Epoch, seat protocol.SeatID) error {
	seal, sealed, err := ledger.ReadSeal(now, e, seat.UID)
	if err != nil || !sealed || seal.Seat != seat {
		return err
	}
	if row, opened, err := ledger.ReadWeights(now, e, seat.UID); err != nil || (opened && row.Seat == seat) {
		return err
	}
	record, ok, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e)))
	if err != nil {
		return err
	}
	if !ok || record.Weights.Seal(v.self) != seal.Hash {
		if v.first("seal of another database", e) {
			v.metrics.errors.Inc()
			v.cfg.Logger.Error().Uint64("epoch", uint64(e)).
				Msg("cannot open the weights: the seal on the ledger is not of this database, which may be an older copy")
		}
		return nil
	}
	if err := v.cfg.Submit(ctx, &record.Weights); err != nil {
		return fmt.Errorf("open the weights of epoch %d: %w", e, err)
	}
	return nil
}

// countsIn returns the epoch in whose weights a judgement made now counts: this
// one, or the next when its weights are sealed already. The caller holds take.
func (v *Validator) countsIn(head protocol.Height) (protocol.Epoch, error) {
	e := v.cfg.Params.Schedule.EpochOf(head)
	_, sealed, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e)))
	if sealed {
		e++
	}
	return e, err
}

// sealWeights returns the weights of epoch e, made once and durable.
func (v *Validator) sealWeights(now *view, e protocol.Epoch, self protocol.UID) (*Sealed, error) {
	v.take.Lock()
	defer v.take.Unlock()
	old, ok, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e)))
	if err != nil || ok {
		return &old, err
	}
	before, err := v.lastSealed(e)
	if err != nil {
		return nil, err
	}
	record := Sealed{Epoch: e, Height: now.head, Next: v.firstRound(e, before)}
	tallies := tallies{}
	abstained, err := v.tallyRounds(now, &record, tallies)
	if err != nil {
		return nil, err
	}
	if err := v.tallyJudgements(e, tallies); err != nil {
		return nil, err
	}
	list, err := v.explain(now, opinion{epoch: e, before: before, counted: record.Rounds, abstained: abstained.Rounds, self: self}, tallies)
	if err != nil {
		return nil, err
	}
	record.Weights = wire.RevealWeights{Epoch: e, Salt: v.salt(e)}
	record.Weights.UIDs, record.Weights.Values = scoring.Row(list, v.cfg.Params.Kinds)
	var seats []protocol.SeatID
	for i := range list {
		seats = append(seats, list[i].Tally.Seat)
	}
	seats = slices.Compact(seats) // the row is sorted by them
	puts, err := v.owners(now, e, seats)
	if err != nil {
		return nil, err
	}
	puts = append(puts, put{tableEpochs, era(uint64(e)), &record})
	if len(abstained.Rounds) > 0 {
		puts = append(puts, put{tableAbstained, era(uint64(e)), &abstained})
		v.cfg.Logger.Warn().Uint64("epoch", uint64(e)).Str("left_out", abstainedText(abstained.Rounds)).
			Msg("weights leave out rounds that were not observed: earlier opinions stand")
	}
	for i := range list {
		puts = append(puts, put{tableScores, partKey(e, list[i].Tally.Seat.UID, list[i].Tally.Kind), &list[i]})
	}
	if err := write(v.cfg.Store, puts...); err != nil {
		return nil, err
	}
	v.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("seats", len(record.Weights.UIDs)).Int("rounds", len(record.Rounds)).
		Int("skipped", len(record.Skipped)).Msg("sealed weights")
	return &record, nil
}

// tallyRounds adds the rounds that are over to the tallies, and notes in the record
// which, and apart which were left out because they were not observed.
func (v *Validator) tallyRounds(now *view, record *Sealed, t tallies) (out Abstention, err error) {
	for ; v.cfg.Params.Schedule.OpenDeadline(record.Next) < now.head; record.Next++ {
		found, err := v.tallyRound(now, record.Next, t)
		if err != nil {
			return out, err
		}
		if found == roundCounted {
			record.Rounds = append(record.Rounds, record.Next)
			continue
		}
		record.Skipped = append(record.Skipped, record.Next)
		if found == roundUnobserved {
			out.Rounds = append(out.Rounds, record.Next)
		}
	}
	return out, nil
}

// salt makes a seal that nobody can open by guessing weights.
func (v *Validator) salt(e protocol.Epoch) (salt [32]byte) {
	h := hmac.New(sha256.New, v.cfg.Salt[:])
	_, _ = h.Write([]byte("assay/1/weights/salt\x00"))
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(e)))
	copy(salt[:], h.Sum(nil))
	return salt
}

// lastSealed returns the newest weights before epoch e, nil if there are none
// within the retention.
func (v *Validator) lastSealed(e protocol.Epoch) (*Sealed, error) {
	for back := protocol.Epoch(1); back <= e && uint64(back) <= v.cfg.Params.Tasks.Retention; back++ {
		s, ok, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e-back)))
		if err != nil {
			return nil, err
		}
		if ok {
			return &s, nil
		}
	}
	return nil, nil
}

// firstRound returns the first round that the weights of epoch e count: what
// those before did not, but nothing older than the epoch before.
func (v *Validator) firstRound(e protocol.Epoch, before *Sealed) protocol.Round {
	s := &v.cfg.Params.Schedule
	oldest := s.RoundOf(s.EpochStart(e - min(e, 1)))
	if before != nil {
		return max(before.Next, oldest)
	}
	return oldest
}

// place is a seat in a kind.
type place struct {
	seat protocol.SeatID
	kind protocol.Kind
}

// tallies are counted by seat, so that two holders of one uid stay apart, and by kind.
type tallies map[place]*scoring.Tally

func (t tallies) of(seat protocol.SeatID, kind protocol.Kind) *scoring.Tally {
	p := place{seat, kind}
	if t[p] == nil {
		t[p] = &scoring.Tally{Seat: seat, Kind: kind}
	}
	return t[p]
}

// share returns how much of an epoch was observed of a kind, in 65536ths: all of
// it, but where rounds were left out in which its tasks fell due.
func (v *Validator) share(k *params.Kind, o *opinion) uint32 {
	due := func(rounds []protocol.Round) (n uint64) {
		for _, r := range rounds {
			if _, is := k.Set(r); is {
				n++
			}
		}
		return n
	}
	if due(o.abstained) == 0 {
		return params.One
	}
	return uint32(min(params.One, params.One*due(o.counted)/(v.cfg.Params.Schedule.RoundsPerEpoch()/uint64(k.Rounds))))
}

// How a round enters the weights.
type roundFound int

const (
	roundCounted    roundFound = iota
	roundImpossible            // nobody could answer in time
	roundUnobserved            // what is missing here may have been opened
)

// tallyRound adds a round to the tallies. It leaves it out when nobody could
// answer in time, and when answers are missing of which this validator cannot say
// that they were not opened: then no seat is counted up or down. It can say so of a
// round that it observed, once peers were asked, or if they could not be asked, if
// half of the seats that committed are known to have opened: else it is more
// likely that this validator is deaf than that they are silent.
func (v *Validator) tallyRound(now *view, n protocol.Round, t tallies) (roundFound, error) {
	s := &v.cfg.Params.Schedule
	seeds, _, err := ledger.ReadRound(now, n)
	if err != nil || seeds.TaskSeed.IsZero() || seeds.TaskHeight >= s.CommitDeadline(n) {
		return roundImpossible, err
	}
	roster, err := ledger.ReadRosterSeats(now, s.EpochOfRound(n))
	if err != nil {
		return 0, err
	}
	commits, err := ledger.ReadCommits(now, n)
	if err != nil {
		return 0, err
	}
	asked, err := v.askedIn(now, n, roster)
	if err != nil {
		return 0, err
	}
	answers, err := v.answersIn(n)
	if err != nil {
		return 0, err
	}
	if !complete(asked, commits, answers) {
		observed, err := v.observed(n)
		if err != nil {
			return 0, err
		}
		if !observed || (!v.askedAll(n) && 2*len(answers) < len(commits)) {
			return roundUnobserved, nil
		}
	}
	delays := map[protocol.UID]uint64{}
	var all []uint64
	for _, c := range commits {
		delays[c.Seat.UID] = uint64(c.Height - min(c.Height, seeds.TaskHeight))
		all = append(all, delays[c.Seat.UID])
	}
	median := scoring.Median(all)
	opened := map[protocol.Kind]*openedOf{}
	for i := range roster {
		id := roster[i].ID
		delay, committed := delays[id.UID]
		if err := tallySeat(t, asked[id], committed, delay, median, answers[id.UID], opened); err != nil {
			return 0, err
		}
	}
	return roundCounted, v.tallyWork(opened)
}

// askedIn returns what the seats of a roster are asked in a round.
func (v *Validator) askedIn(now *view, n protocol.Round, roster []ledger.RosterSeat) (map[protocol.SeatID]*task.Round, error) {
	due, err := ledger.ReadDue(now, v.cfg.Params, n)
	if err != nil {
		return nil, err
	}
	asked := make(map[protocol.SeatID]*task.Round, len(roster))
	for i := range roster {
		of := due.Of(v.cfg.ChainID, v.cfg.Params, &roster[i])
		asked[roster[i].ID] = &of
	}
	return asked, nil
}

// answersIn returns the answers of a round that are here, by seat and slot.
func (v *Validator) answersIn(n protocol.Round) (map[protocol.UID][]*Answer, error) {
	rows, err := scan[Answer](v.cfg.Store, tableAnswers, era(uint64(n)))
	if err != nil {
		return nil, err
	}
	answers := map[protocol.UID][]*Answer{}
	for i := range rows {
		uid := keyOf(rows[i].key).UID
		answers[uid] = append(answers[uid], &rows[i].value)
	}
	return answers, nil
}

// complete reports whether every answer that was committed to is here.
func complete(asked map[protocol.SeatID]*task.Round, commits []ledger.CommitRecord, answers map[protocol.UID][]*Answer) bool {
	for i := range commits {
		of := asked[commits[i].Seat]
		if of == nil {
			continue
		}
		missing := -len(answers[commits[i].Seat.UID])
		for slot := range of.Slots() {
			if of.Asks(slot) {
				missing++
			}
		}
		if missing > 0 {
			return false
		}
	}
	return true
}

// openedOf is all answers of one kind that were opened in a round, with whose they are.
type openedOf struct {
	answers []task.Opened
	tallies []*scoring.Tally
}

// tallySeat counts what one seat was asked in a round and did of it, by kind, and
// gathers its answers.
func tallySeat(t tallies, asked *task.Round, committed bool, delay, median uint64, answers []*Answer, opened map[protocol.Kind]*openedOf) error {
	for i := range asked.Due {
		due := &asked.Due[i]
		if due.Seed.IsZero() {
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
			body, err := a.Open()
			if err != nil {
				return err
			}
			all.answers = append(all.answers, task.Opened{Task: &a.Task, Body: body.Body, Delay: delay, Median: median})
			all.tallies = append(all.tallies, own)
			slots -= min(slots, 1)
		}
		own.Unopened += slots
	}
	return nil
}

// tallyWork adds what the answers of a round are worth.
func (v *Validator) tallyWork(opened map[protocol.Kind]*openedOf) error {
	for name, all := range opened {
		kind, err := v.cfg.Kinds.Of(name)
		if err != nil {
			return err
		}
		for i, w := range kind.Work(v.cfg.Params, all.answers) {
			all.tallies[i].Answer(w)
		}
	}
	return nil
}

// tallyJudgements adds the own judgements that count in epoch e. They are of
// this epoch's rounds or of the one's before.
func (v *Validator) tallyJudgements(e protocol.Epoch, t tallies) error {
	s := &v.cfg.Params.Schedule
	for n := s.RoundOf(s.EpochStart(e - min(e, 2))); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		rows, err := scan[Judgement](v.cfg.Store, tableJudgements, era(uint64(n)))
		if err != nil {
			return err
		}
		for i := range rows {
			if j := &rows[i].value; j.Epoch == e {
				t.of(j.Seat, j.Outcome.Kind).Judged(j.Outcome.Finding)
			}
		}
	}
	return nil
}

// opinion is what weights are made from beside the tallies.
type opinion struct {
	epoch  protocol.Epoch
	before *Sealed // nil where there is none
	// counted and abstained are the rounds that are in the tallies, and those that
	// were left out because they were not observed.
	counted, abstained []protocol.Round
	self               protocol.UID
}

// explain says what all seats that were asked or are remembered are worth, by uid
// and kind. Of two holders of one uid the newer counts.
func (v *Validator) explain(now *view, o opinion, t tallies) ([]scoring.Explanation, error) {
	averages, err := v.remembered(now, &o)
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
		for i := range v.cfg.Params.Kinds {
			k := &v.cfg.Params.Kinds[i]
			if own := t[place{newest[uid], k.Name}]; own != nil {
				list = append(list, scoring.Explain(o.epoch, averages[ofUID{uid, k.Name}], own, v.share(k, &o), k.Keep))
			}
		}
	}
	return list, nil
}

// ofUID is a seat's number in a kind, whoever holds it.
type ofUID struct {
	uid  protocol.UID
	kind protocol.Kind
}

// remembered returns what was thought before of the seats that are still there,
// as it counts now: epochs without weights of this validator have aged it.
func (v *Validator) remembered(now *view, o *opinion) (map[ofUID]scoring.Average, error) {
	averages := map[ofUID]scoring.Average{}
	if o.before == nil {
		return averages, nil
	}
	rows, err := scan[scoring.Explanation](v.cfg.Store, tableScores, era(uint64(o.before.Epoch)))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		a := rows[i].value.Average
		seat, ok, err := ledger.ReadSeat(now, a.Seat.UID)
		if err != nil {
			return nil, err
		}
		if ok && seat.ID != a.Seat {
			continue // an opinion of its former holder would pay whoever sits there now
		}
		k := v.cfg.Params.Kind(a.Kind)
		if k == nil {
			continue
		}
		averages[ofUID{a.Seat.UID, a.Kind}] = a.Age(k.Keep, uint64(o.epoch-o.before.Epoch-1))
	}
	return averages, nil
}
