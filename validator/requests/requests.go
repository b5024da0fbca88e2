package requests

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/scoring/synthetic"
)

// Ledger is what is followed: heights that were agreed on, and the state at them.
type Ledger interface {
	// WaitNext returns the newest height above after, when there is one.
	WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error)
	// At returns the state after the block at height.
	At(ctx context.Context, height protocol.Height) (ledger.Reader, error)
}

// Config assembles a [Judge]. All fields are needed.
type Config struct {
	Params *params.Params
	Hotkey protocol.PublicKey
	// Salt is a secret of the hotkey from which the salts of sealed findings follow.
	Salt   [32]byte
	Ledger Ledger
	// Run runs the programs of records.
	Run scoring.Runner
	// Submit sends a transaction with this body. It may be called again with the
	// same body before the first is in a block, and must then send it once more,
	// not a second one.
	Submit func(ctx context.Context, body wire.Body) error
	Logger zerolog.Logger
}

// Judge judges requests for one seat.
type Judge struct {
	cfg Config
	// found is what was found of requests that have not ended; nil of one of which
	// something else was sealed, and of one that needs no judge. Step's own.
	found map[protocol.Hash]*wire.OpenFinding
	// sent is what was last said of them. Step's own.
	sent map[protocol.Hash]sending
}

// sending is when something was said of a request, and which of the two things.
type sending struct {
	at     protocol.Height
	opened bool
}

// New returns a judge; it starts nothing.
func New(cfg Config) *Judge {
	return &Judge{cfg: cfg, found: map[protocol.Hash]*wire.OpenFinding{}, sent: map[protocol.Hash]sending{}}
}

// Run follows the ledger until ctx ends, and returns nil then. Errors are logged
// and met again at the next height.
func (j *Judge) Run(ctx context.Context) error {
	var head protocol.Height
	for ctx.Err() == nil {
		next, err := j.cfg.Ledger.WaitNext(ctx, head)
		if err != nil {
			if ctx.Err() == nil {
				j.cfg.Logger.Warn().Err(err).Uint64("after", uint64(head)).Msg("no new block from the ledger")
			}
			continue
		}
		head = next
		if err := j.Step(ctx, head); err != nil && ctx.Err() == nil {
			j.cfg.Logger.Error().Err(err).Uint64("height", uint64(head)).Msg("cannot judge requests")
		}
	}
	return nil
}

const (
	// atOnce is how many requests one step judges where time is not short, so that
	// many of them do not keep the seat's other transactions waiting.
	atOnce = 4
	// sayAgain is after how many heights something is said again that does not stand
	// on the ledger: it takes one block to come in and one to be read, and until then
	// others go before it.
	sayAgain = 2
)

// Step seals what it finds of requests whose judges are due at head, and then opens
// it, until it stands on the ledger. Those go first of which most can be paid: many
// that are worth nothing keep no other waiting. Judging takes as long as their
// records do. A request without a record needs no judge, and none whose
// specification cannot be judged: all goes back by itself.
func (j *Judge) Step(ctx context.Context, head protocol.Height) error {
	now, err := j.cfg.Ledger.At(ctx, head)
	if err != nil {
		return err
	}
	seat, ok, err := ledger.ReadSeatByHotkey(now, j.cfg.Hotkey)
	if err != nil || !ok {
		return err
	}
	due, err := j.due(now, head, seat.ID)
	if err != nil {
		return err
	}
	room, err := j.room(now, head)
	if err != nil {
		return err
	}
	var errs []error
	left := j.most(head, due)
	for i := range due {
		r := &due[i]
		weight := r.weight()
		if left == 0 || room < weight {
			break
		}
		sent, err := j.judge(ctx, now, r)
		if errs = append(errs, err); sent {
			j.sent[r.id] = sending{head, r.sealed}
			left, room = left-1, room-weight
		}
	}
	return errors.Join(errs...)
}

// asked is a request of which the own seat has something to say.
type asked struct {
	id protocol.Hash
	ledger.Request
	sealed bool
	seal   protocol.Hash      // on the ledger; zero where nothing is sealed
	hotkey protocol.PublicKey // of the own seat in the epoch that it judges for
	until  protocol.Height    // the last at which it can be said
}

// weight is about that of what is said of it.
func (r *asked) weight() uint64 {
	if r.sealed {
		return weightOf(&wire.OpenFinding{})
	}
	return weightOf(&wire.SealFinding{})
}

// stake is what the makers of a request may lose where it is not judged. It cannot
// be raised without money that is held as long: a high price for records that the
// maximum does not pay counts no more than the maximum.
func (r *asked) stake() protocol.Amount {
	price, err := r.Asked.Price.MulDiv(uint64(r.Opened), 1)
	if err != nil {
		return r.Escrow
	}
	return min(price, r.Escrow)
}

// due returns the requests of which the own seat has something to say at head, in
// the order in which it is said: the highest stake first.
func (j *Judge) due(now ledger.Reader, head protocol.Height, seat protocol.SeatID) ([]asked, error) {
	p := j.cfg.Params
	var due []asked
	open := map[protocol.Hash]bool{}
	err := ledger.Requests(now, func(id protocol.Hash, r ledger.Request) bool {
		open[id] = r.Ended == 0
		if r.Ended == 0 && r.Opened > 0 && head >= r.OpenDeadline(p) && head < r.SettleDeadline(p) {
			due = append(due, asked{id: id, Request: r})
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for id := range j.found {
		if !open[id] {
			delete(j.found, id)
		}
	}
	for id := range j.sent {
		if !open[id] {
			delete(j.sent, id)
		}
	}
	var errs []error
	due = slices.DeleteFunc(due, func(r asked) bool {
		body, known := j.found[r.id]
		return known && body == nil
	})
	list := due[:0]
	for _, r := range due {
		says, err := j.says(now, head, seat, &r)
		if errs = append(errs, err); says {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b asked) int {
		return cmp.Or(cmp.Compare(b.stake(), a.stake()), slices.Compare(a.id[:], b.id[:]))
	})
	return list, errors.Join(errs...)
}

// says reports whether the own seat is to say something of a request at head, and
// notes what and until when.
func (j *Judge) says(now ledger.Reader, head protocol.Height, seat protocol.SeatID, r *asked) (bool, error) {
	p := j.cfg.Params
	judge, ok, err := ledger.ReadRosterJudge(now, p.Schedule.EpochOf(r.OpenDeadline(p)), seat.UID)
	if err != nil || !ok || judge.ID != seat {
		return false, err
	}
	said, sealed, err := ledger.ReadRequestFinding(now, r.id, seat.UID)
	r.sealed, r.seal, r.hotkey, r.until = sealed, said.Seal, judge.Hotkey, r.JudgeDeadline(p)
	opens := head >= r.until
	if opens {
		r.until = r.SettleDeadline(p)
	}
	if err != nil || sealed != opens || !said.Found.IsZero() {
		return false, err // too late for a seal, too early for what is in it, or open
	}
	before, ok := j.sent[r.id]
	return !ok || before.opened != opens || head >= before.at+sayAgain, nil
}

// most returns of how many requests something is said at head: as many as it takes
// so that all are reached in time.
func (j *Judge) most(head protocol.Height, due []asked) int {
	until := make([]protocol.Height, len(due))
	for i := range due {
		until[i] = due[i].until
	}
	slices.Sort(until)
	need := atOnce
	for i, h := range until { // i + 1 of them end by h
		blocks := int(h - head) // below 2^21
		need = max(need, (i+blocks)/blocks)
	}
	return need
}

// room returns the weight of what is said at one height: a judge's part of half a
// block, so that the other half is left for what else must come in.
func (j *Judge) room(now ledger.Reader, head protocol.Height) (uint64, error) {
	judges, err := ledger.ReadRosterJudges(now, j.cfg.Params.Schedule.EpochOf(head))
	half := j.cfg.Params.Block.MaxWeight / 2 / uint64(max(1, len(judges)))
	return max(half, atOnce*weightOf(&wire.OpenFinding{})), err
}

// weightOf returns about what a finding weighs in a block.
func weightOf(body wire.Body) uint64 {
	const size = 256 // bytes of a transaction
	return ledger.TxCost(body, size).Weight()
}

// judge brings the own finding about one request one step further, and reports
// whether there was one to be sent.
func (j *Judge) judge(ctx context.Context, now ledger.Reader, r *asked) (bool, error) {
	body, known := j.found[r.id]
	if !known {
		var err error
		if body, err = j.find(ctx, now, r); err != nil {
			return false, fmt.Errorf("request %s: %w", r.id.Short(), err)
		}
		j.found[r.id] = body
		if body == nil {
			j.cfg.Logger.Info().Str("request", r.id.String()).Msg("no record can be what the request asks for: it needs no judge")
			return false, nil
		}
		j.cfg.Logger.Info().Str("request", r.id.String()).Uint32("records", r.Opened).Int("paid", len(body.Pays)).Msg("judged request")
	}
	seal := body.Seal(r.hotkey)
	switch {
	case !r.sealed:
		return true, j.cfg.Submit(ctx, &wire.SealFinding{Request: r.id, Seal: seal})
	case r.seal != seal: // by another version of this program, or with another key's salt
		j.found[r.id] = nil
		j.cfg.Logger.Warn().Str("request", r.id.String()).Msg("sealed another finding on a request than is found now; it is not opened")
		return false, nil
	}
	return true, j.cfg.Submit(ctx, body)
}

// find sends the records of a request through its gates; nil where its
// specification cannot be judged, and so none of them is paid.
func (j *Judge) find(ctx context.Context, now ledger.Reader, r *asked) (*wire.OpenFinding, error) {
	var broken error
	run := func(program string) (output string, ok bool) {
		output, ok, err := j.cfg.Run(ctx, program)
		broken = errors.Join(broken, err)
		return output, ok
	}
	if _, err := synthetic.ParseAsked(&r.Asked, run); err != nil {
		return nil, broken
	}
	records, err := ledger.ReadRecords(now, r.id)
	if err != nil {
		return nil, err
	}
	beacon, ok, err := ledger.ReadBeacon(now, r.Asked.Deadline+1)
	if err != nil || !ok {
		return nil, fmt.Errorf("the beacon of height %d: %w", r.Asked.Deadline+1, errors.Join(err, ledger.ErrCorrupt))
	}
	earlier, err := synthetic.Before(j.cfg.Params, now, r.id, &r.Request)
	if err != nil {
		return nil, err
	}
	pays, err := synthetic.Settle(&r.Request, records, beacon.Beacon, earlier, run)
	return &wire.OpenFinding{Request: r.id, Salt: j.salt(r.id), Pays: pays}, errors.Join(err, broken)
}

// salt makes a seal that nobody can open by guessing what was found, and that is
// the same after a crash.
func (j *Judge) salt(request protocol.Hash) (salt [32]byte) {
	h := hmac.New(sha256.New, j.cfg.Salt[:])
	_, _ = h.Write([]byte("assay/1/request/salt\x00"))
	_, _ = h.Write(request[:])
	copy(salt[:], h.Sum(nil))
	return salt
}
