package requests

import (
	"cmp"
	"context"
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
	// found is what requests that have not ended are to be paid. Step's own.
	found map[protocol.Hash][]wire.RecordPay
}

// New returns a judge; it starts nothing.
func New(cfg Config) *Judge { return &Judge{cfg: cfg, found: map[protocol.Hash][]wire.RecordPay{}} }

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

// atOnce bounds the requests that one step judges, so that many of them do not
// keep the seat's other transactions waiting.
const atOnce = 4

// Step says what it finds of requests whose judges are due at head, those that
// end first, until it stands on the ledger. Judging takes as long as their
// records do. A request without a record needs no judge: all goes back by itself.
func (j *Judge) Step(ctx context.Context, head protocol.Height) error {
	now, err := j.cfg.Ledger.At(ctx, head)
	if err != nil {
		return err
	}
	seat, ok, err := ledger.ReadSeatByHotkey(now, j.cfg.Hotkey)
	if err != nil || !ok {
		return err
	}
	due, open := []asked{}, map[protocol.Hash]bool{}
	err = ledger.Requests(now, func(id protocol.Hash, r ledger.Request) bool {
		open[id] = r.Ended == 0
		if r.Ended == 0 && r.Opened > 0 && head >= r.OpenDeadline(j.cfg.Params) && head < r.JudgeDeadline(j.cfg.Params) {
			due = append(due, asked{id, r})
		}
		return true
	})
	if err != nil {
		return err
	}
	for id := range j.found {
		if !open[id] {
			delete(j.found, id)
		}
	}
	slices.SortStableFunc(due, func(a, b asked) int { return cmp.Compare(a.Asked.Deadline, b.Asked.Deadline) })
	var errs []error
	said := 0
	for i := range due {
		if said == atOnce {
			break
		}
		sent, err := j.judge(ctx, now, &seat, due[i].id, &due[i].Request)
		if errs = append(errs, err); sent {
			said++
		}
	}
	return errors.Join(errs...)
}

// asked is a request with its id.
type asked struct {
	id protocol.Hash
	ledger.Request
}

// judge brings the own finding about one request one step further, and reports
// whether there was one to be sent.
func (j *Judge) judge(ctx context.Context, now ledger.Reader, seat *ledger.Seat, id protocol.Hash, r *ledger.Request) (bool, error) {
	epoch := j.cfg.Params.Schedule.EpochOf(r.OpenDeadline(j.cfg.Params))
	if judge, ok, err := ledger.ReadRosterJudge(now, epoch, seat.ID.UID); err != nil || !ok || judge.ID != seat.ID {
		return false, err
	}
	if _, said, err := ledger.ReadRequestFinding(now, id, seat.ID.UID); err != nil || said {
		return false, err
	}
	pays, known := j.found[id]
	if !known {
		var err error
		if pays, err = j.find(ctx, now, id, r); err != nil {
			return false, fmt.Errorf("request %s: %w", id.Short(), err)
		}
		j.found[id] = pays
		j.cfg.Logger.Info().Str("request", id.String()).Uint32("records", r.Opened).Int("paid", len(pays)).Msg("judged request")
	}
	return true, j.cfg.Submit(ctx, &wire.JudgeRequest{Request: id, Pays: pays})
}

// find sends the records of a request through its gates.
func (j *Judge) find(ctx context.Context, now ledger.Reader, id protocol.Hash, r *ledger.Request) ([]wire.RecordPay, error) {
	records, err := ledger.ReadRecords(now, id)
	if err != nil {
		return nil, err
	}
	beacon, ok, err := ledger.ReadBeacon(now, r.Asked.Deadline+1)
	if err != nil || !ok {
		return nil, fmt.Errorf("the beacon of height %d: %w", r.Asked.Deadline+1, errors.Join(err, ledger.ErrCorrupt))
	}
	var broken error
	pays, err := synthetic.Settle(r, records, beacon.Beacon, func(program string) (output string, ok bool) {
		output, ok, err := j.cfg.Run(ctx, program)
		broken = errors.Join(broken, err)
		return output, ok
	})
	return pays, errors.Join(err, broken)
}
