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
	// something else was sealed. Step's own.
	found map[protocol.Hash]*wire.OpenFinding
}

// New returns a judge; it starts nothing.
func New(cfg Config) *Judge { return &Judge{cfg: cfg, found: map[protocol.Hash]*wire.OpenFinding{}} }

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

// Step seals what it finds of requests whose judges are due at head, and then opens
// it, those that end first, until it stands on the ledger. Judging takes as long as
// their records do. A request without a record needs no judge: all goes back by
// itself.
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
		if r.Ended == 0 && r.Opened > 0 && head >= r.OpenDeadline(j.cfg.Params) && head < r.SettleDeadline(j.cfg.Params) {
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
		sent, err := j.judge(ctx, now, head, &seat, &due[i])
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
func (j *Judge) judge(ctx context.Context, now ledger.Reader, head protocol.Height, seat *ledger.Seat, r *asked) (bool, error) {
	epoch := j.cfg.Params.Schedule.EpochOf(r.OpenDeadline(j.cfg.Params))
	if judge, ok, err := ledger.ReadRosterJudge(now, epoch, seat.ID.UID); err != nil || !ok || judge.ID != seat.ID {
		return false, err
	}
	said, sealed, err := ledger.ReadRequestFinding(now, r.id, seat.ID.UID)
	opens := head >= r.JudgeDeadline(j.cfg.Params)
	if err != nil || sealed != opens || !said.Found.IsZero() {
		return false, err // too late for a seal, too early for what is in it, or open
	}
	body, known := j.found[r.id]
	if !known {
		if body, err = j.find(ctx, now, r); err != nil {
			return false, fmt.Errorf("request %s: %w", r.id.Short(), err)
		}
		j.found[r.id] = body
		j.cfg.Logger.Info().Str("request", r.id.String()).Uint32("records", r.Opened).Int("paid", len(body.Pays)).Msg("judged request")
	}
	if body == nil {
		return false, nil
	}
	seal := body.Seal(j.cfg.Hotkey)
	switch {
	case !sealed:
		return true, j.cfg.Submit(ctx, &wire.SealFinding{Request: r.id, Seal: seal})
	case said.Seal != seal: // by another version of this program, or with another key's salt
		j.found[r.id] = nil
		j.cfg.Logger.Warn().Str("request", r.id.String()).Msg("sealed another finding on a request than is found now; it is not opened")
		return false, nil
	}
	return true, j.cfg.Submit(ctx, body)
}

// find sends the records of a request through its gates.
func (j *Judge) find(ctx context.Context, now ledger.Reader, r *asked) (*wire.OpenFinding, error) {
	records, err := ledger.ReadRecords(now, r.id)
	if err != nil {
		return nil, err
	}
	beacon, ok, err := ledger.ReadBeacon(now, r.Asked.Deadline+1)
	if err != nil || !ok {
		return nil, fmt.Errorf("the beacon of height %d: %w", r.Asked.Deadline+1, errors.Join(err, ledger.ErrCorrupt))
	}
	earlier, err := synthetic.Before(j.cfg.Params, now, &r.Request)
	if err != nil {
		return nil, err
	}
	var broken error
	pays, err := synthetic.Settle(&r.Request, records, beacon.Beacon, earlier, func(program string) (output string, ok bool) {
		output, ok, err := j.cfg.Run(ctx, program)
		broken = errors.Join(broken, err)
		return output, ok
	})
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
