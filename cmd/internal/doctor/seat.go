package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/validator/source"
)

// seat says what the ledger has of the hotkey: as the running daemon knows it,
// as peers proved it, or, of a validator that is offline, as its database has it.
func (p *patient) seat(ctx context.Context) Finding {
	switch {
	case p.running != nil:
		return p.seatOfRunning()
	case p.hotkey.IsZero():
		return warn("see the line on the key", "could not be checked: the hotkey is not known")
	case p.proven != nil && p.proven.State != Warn:
		return *p.proven
	case p.cfg.Role == config.Validator:
		if f, ok := p.seatOfDatabase(ctx); ok {
			return f
		}
	}
	if p.proven != nil {
		return *p.proven
	}
	return warn("see the line on the peers", "could not be checked: no peer was reached")
}

// seatOfRunning is what the daemon itself says.
func (p *patient) seatOfRunning() Finding {
	r := p.running
	switch {
	case r.Height == 0:
		return warn("wait, or see the line on the peers", "could not be checked: the daemon knows no block yet")
	case r.CatchingUp:
		return warn("wait until it has caught up", "could not be checked: the daemon is at height %d, and catches up", r.Height)
	case r.Role == api.RoleObserver:
		return ok("it observes, and takes none")
	}
	for _, why := range r.Reasons { // of ledger.Place and of validator.Status
		for _, k := range seatTrouble {
			if strings.HasPrefix(why, k.begins) && strings.HasSuffix(why, k.ends) {
				return Finding{State: k.state, Hint: k.hint, Detail: fmt.Sprintf("at height %d: %s", r.Height, why)}
			}
		}
	}
	switch {
	case !r.Registered:
		return fail("register it: assay tx register", "%s has no seat at height %d", r.Hotkey, r.Height)
	case p.cfg.Role == config.Miner:
		return ok("there is one, at height %d", r.Height)
	case r.Permit:
		return ok("there is one, with a permit, at height %d", r.Height)
	}
	for _, why := range r.Reasons {
		if strings.Contains(why, "permit") {
			return fail("see assay tx stake --help", "no permit at height %d: %s", r.Height, why)
		}
	}
	return fail("see assay tx stake --help", "no permit at height %d", r.Height)
}

// seatTrouble is what daemons say of seats that do not serve, or will be there,
// by how it begins and ends, and what to do; the first that fits counts.
var seatTrouble = []struct {
	begins, ends string
	state        State
	hint         string
}{
	{"another hotkey", "stop it (assay tx keep-hotkey)", Warn, "assay tx keep-hotkey stops it"},
	{"another hotkey", "", Fail, "start the daemon with the new hotkey"},
	{"the hotkey has its seat with epoch", "", Warn, "wait for that epoch"},
	{"the seat of this hotkey is the coldkey's", "", Fail, "name that key in keys.coldkey, if it is yours, or begin with another hotkey"},
	{"no permit yet", "", Warn, "wait for that epoch"},
	{"no permit", "this program sends it", Warn, "wait for the end of the epoch"},
	{"no permit", "the epoch after the next", Warn, "wait for that epoch"},
	{"jailed", "free with the next one", Warn, "wait for that epoch"},
	{"jailed", "", Fail, "find out why; then see assay tx unjail --help, for more stake frees nobody"},
}

// work says what the running daemon knows to be amiss.
func (p *patient) work(context.Context) Finding {
	switch {
	case p.running == nil:
		return ok("not running")
	case len(p.running.Faults) > 0:
		return fail("the lines above, and the daemon's log, say more", "%s", strings.Join(p.running.Faults, "; "))
	case len(p.running.Reasons) > 0:
		return warn(fmt.Sprintf("see %s status", p.cfg.Role), "%s", strings.Join(p.running.Reasons, "; "))
	}
	return ok("nothing is amiss")
}

// seatOfDatabase reads the ledger of a validator that does not run.
func (p *patient) seatOfDatabase(ctx context.Context) (Finding, bool) {
	s, err := source.Open(p.home.Data(), p.genesis)
	if err != nil {
		return Finding{}, false
	}
	defer func() { _ = s.Close() }() // only read
	r, height, err := s.State(ctx)
	if err != nil || height == 0 {
		return Finding{}, false
	}
	f, err := p.judge(r, height)
	f.Detail += ", when it last ran"
	return f, err == nil
}

// prove asks the connected peers for the seat, with proofs that begin at the
// genesis, or at nothing where the network has forgotten it. Nothing is staked
// on the answer, so that the age of the genesis does not matter as it does to a
// node.
func (p *patient) prove(ctx context.Context, host *gossip.Host) Finding {
	f, err := p.read(ctx, host)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return warn("try again, or ask a validator: assay miners --node URL", "could not be checked: the peers that were reached keep no ledger, or took longer than %s", peerPatience)
	case err != nil:
		return warn("try again, or ask a validator: assay miners --node URL", "could not be checked: %s", oneLine(err))
	}
	return f
}

// forever is the trust of [patient.prove].
const forever = time.Duration(math.MaxInt64)

func (p *patient) read(ctx context.Context, host *gossip.Host) (f Finding, err error) {
	if p.hotkey.IsZero() {
		return f, errors.New("the hotkey is not known")
	}
	dir, err := os.MkdirTemp("", "assay-doctor-")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(dir, store.Options{})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	light, err := consensus.NewLight(consensus.LightConfig{Genesis: p.genesis, DB: db, Trust: p.cfg.Checkpoint(), TrustPeriod: forever, Providers: func() []consensus.Provider {
		var out []consensus.Provider
		for _, peer := range host.Peers() {
			out = append(out, consensus.Remote(peer.ID, func(ctx context.Context, request []byte) ([]byte, error) {
				return host.Request(ctx, peer.ID, gossip.StreamState, request)
			}))
		}
		return out
	}})
	if err != nil {
		return f, err
	}
	head, err := light.Latest(ctx)
	if err != nil {
		return f, err
	}
	return p.judge(light.Reader(ctx, head), head.Height)
}

// judge says what a state has of the hotkey.
func (p *patient) judge(r ledger.Reader, at protocol.Height) (Finding, error) {
	place, err := ledger.ReadPlace(r, p.hotkey)
	if err != nil {
		return Finding{}, err
	}
	seat := place.Seat
	switch {
	case place.From > 0:
		return warn("wait for that epoch", "at height %d: %s", at, place.Why()), nil
	case !place.Now.IsZero():
		return fail("start the daemon with the new hotkey", "at height %d: %s", at, place.Why()), nil
	case !place.Sits:
		return fail("register it: assay tx register", "%s has no seat at height %d", p.hotkey, at), nil
	case seat.Swap.Waits():
		return warn("assay tx keep-hotkey stops it", "seat %d, at height %d: %s", seat.ID.UID, at, seat.Swap.Notice()), nil
	}
	if p.cfg.Role == config.Miner {
		if !seat.Asked {
			return ok("seat %d, at height %d not asked yet: it is from the epoch after the miner announced its models", seat.ID.UID, at), nil
		}
		return ok("seat %d, asked, at height %d", seat.ID.UID, at), nil
	}
	if seat.Permit {
		return ok("seat %d with a permit, at height %d", seat.ID.UID, at), nil
	}
	if j := &seat.Jail; j.Held && !j.Asks {
		return fail(fmt.Sprintf("find out why; in an epoch from %d on the validator asks to be free, if consensus.unjail is set, or you do: assay tx unjail", j.Free()-1),
			"seat %d is jailed since epoch %d, and has no permit until epoch %d at least", seat.ID.UID, j.From, j.Free()), nil
	}
	pool, _, err := ledger.ReadPool(r, seat.PoolName())
	least, own := p.genesis.Params.Seats.MinStake, protocol.Amount(0)
	if err == nil {
		own, err = ledger.ReadStake(r, seat.PoolName(), seat.Coldkey)
	}
	switch self := p.genesis.Params.Seats.MinSelf; {
	case err != nil:
		return Finding{}, err
	case own < self && pool.Amount >= least:
		return fail(fmt.Sprintf("stake the rest by the seat's coldkey: assay tx stake --hotkey %s --amount %s", p.hotkey, self-own),
			"seat %d has no permit at height %d: %s of its stake are its owner's, the least is %s", seat.ID.UID, at, own, self), nil
	case pool.Amount < least:
		return fail(fmt.Sprintf("stake the rest: assay tx stake --hotkey %s --amount %s", p.hotkey, least-pool.Amount),
			"seat %d has no permit at height %d: %s are staked on it, the least is %s", seat.ID.UID, at, pool.Amount, least), nil
	}
	return fail("start the validator, which announces its keys; permits are given at the end of each epoch, to those with most stake",
		"seat %d has no permit at height %d, with %s staked on it", seat.ID.UID, at, pool.Amount), nil
}
