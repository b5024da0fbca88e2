package devnet

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
)

// holdFor is for how many epochs in a row all conditions must hold.
const holdFor = 2

// cheatShare: a cheater must earn less than one part in this many of what all
// miners earn.
const cheatShare = 100

// verdictOf says which of the story's conditions fail; nil is success.
type verdictOf struct {
	height protocol.Height
	hash   protocol.Hash
	fails  []string
}

// judge reads all conditions as they stand after the end of an epoch. since is
// the height at which the killed validator was started again, 0 before that.
func (n *network) judge(ctx context.Context, epoch protocol.Epoch, since protocol.Height) (*verdictOf, error) {
	v := &verdictOf{}
	if err := n.sameState(ctx, v); err != nil {
		return nil, err
	}
	if err := n.conserved(ctx, v); err != nil {
		return nil, err
	}
	if err := n.earnings(ctx, v, epoch); err != nil {
		return nil, err
	}
	if err := n.found(ctx, v); err != nil {
		return nil, err
	}
	if err := n.returned(ctx, v, since); err != nil {
		return nil, err
	}
	if err := n.kept(ctx, v); err != nil {
		return nil, err
	}
	if n.params.Verdicts.On() {
		if err := n.punished(ctx, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// heldBy is the block by which what an altered miner put up must be held.
const heldBy = 90

// punished checks that what each miner with altered weights put up was held in time
// and is burned by now.
func (n *network) punished(ctx context.Context, v *verdictOf) error {
	all, err := list[api.Challenge](ctx, n.validators[0].api, "/v1/challenges")
	if err != nil {
		return err
	}
	for uid, a := range n.actors() {
		if a.role != roleAltered {
			continue
		}
		var held protocol.Height
		var burned protocol.Amount
		for i := range all {
			c := &all[i]
			if int(c.Accused) != uid || c.Accused != c.UID || c.Convicted == 0 {
				continue
			}
			if held == 0 || c.Convicted < held {
				held = c.Convicted
			}
			if c.Stage == ledger.StageBurned.String() {
				burned += c.Held
			}
		}
		switch {
		case held == 0 || held > heldBy:
			v.failf("%s has altered weights, and what it put up was not held by block %d (block %d)", a.name, heldBy, held)
		case burned == 0:
			v.failf("%s has altered weights, and what it put up is not burned yet", a.name)
		}
	}
	return nil
}

// kept checks that nobody honest lost what it put up: miners have their collateral,
// validators what they staked in the beginning, or more.
func (n *network) kept(ctx context.Context, v *verdictOf) error {
	put, err := n.atStake(ctx)
	if err != nil {
		return err
	}
	for _, a := range n.actors() {
		least := startStake
		switch {
		case a.role.cheats() || a.role.rates():
			continue
		case a.role != roleValidator:
			least = collateral
		}
		if has := put[a.hotkey.PublicKey()]; has < least {
			v.failf("%s is honest and has %s left of the %s tokens that it put up", a.name, has, least)
		}
	}
	return nil
}

// atStake returns the collateral of each miner and the stake of each validator.
func (n *network) atStake(ctx context.Context) (map[protocol.PublicKey]protocol.Amount, error) {
	miners, err := list[api.Miner](ctx, n.validators[0].api, "/v1/miners")
	if err != nil {
		return nil, err
	}
	validators, err := list[api.Validator](ctx, n.validators[0].api, "/v1/validators")
	if err != nil {
		return nil, err
	}
	put := map[protocol.PublicKey]protocol.Amount{}
	for i := range miners {
		put[miners[i].Hotkey] = miners[i].Collateral
	}
	for i := range validators {
		put[validators[i].Hotkey] = validators[i].Stake
	}
	return put, nil
}

func (v *verdictOf) failf(format string, args ...any) {
	v.fails = append(v.fails, fmt.Sprintf(format, args...))
}

// sameState asks every validator for its state hash at one height that all have.
func (n *network) sameState(ctx context.Context, v *verdictOf) error {
	for i, a := range n.validators {
		var s api.Status
		if err := a.api.get(ctx, "/v1/status", &s); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if i == 0 || s.Height < v.height {
			v.height = s.Height
		}
	}
	path := "/v1/state-hash?height=" + strconv.FormatUint(uint64(v.height), 10)
	for _, a := range n.validators {
		var h api.StateHash
		if err := a.api.get(ctx, path, &h); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if v.hash == (protocol.Hash{}) {
			v.hash = h.AppHash
		}
		if h.AppHash != v.hash || h.Height != v.height {
			v.failf("%s has state %.16s at height %d, %s has %.16s", a.name, h.AppHash, h.Height, n.validators[0].name, v.hash)
		}
	}
	return nil
}

func (n *network) conserved(ctx context.Context, v *verdictOf) error {
	var s api.Supply
	if err := n.validators[0].api.get(ctx, "/v1/supply", &s); err != nil {
		return err
	}
	if !s.Supply.Conserved() {
		v.failf("supply: issued %s, but balances, stakes, collateral, pots and burned add up to something else: %+v", s.Issued, s.Supply)
	}
	return nil
}

// earnings checks one epoch's emissions, and those of the whole run.
func (n *network) earnings(ctx context.Context, v *verdictOf, epoch protocol.Epoch) error {
	rows, err := list[api.Emission](ctx, n.validators[0].api, "/v1/emissions?epoch=0.."+strconv.FormatUint(uint64(epoch), 10))
	if err != nil {
		return err
	}
	now, ever := map[protocol.PublicKey]protocol.Amount{}, map[protocol.PublicKey]protocol.Amount{}
	var sumNow, sumEver protocol.Amount
	for _, r := range rows {
		ever[r.Hotkey] += r.Miner
		sumEver += r.Miner
		if r.Epoch == epoch {
			now[r.Hotkey] += r.Miner
			sumNow += r.Miner
		}
	}
	for _, a := range n.miners {
		k := a.hotkey.PublicKey()
		switch {
		case a.role.rates(): // together, below
		case !a.role.cheats() && now[k] == 0:
			v.failf("%s is honest and earned nothing in epoch %d", a.name, epoch)
		case a.role.cheats() && tooMuch(now[k], sumNow):
			v.failf("%s cheats and earned %s of %s in epoch %d", a.name, now[k], sumNow, epoch)
		case a.role.cheats() && tooMuch(ever[k], sumEver):
			v.failf("%s cheats and earned %s of %s in all", a.name, ever[k], sumEver)
		}
	}
	n.ratings(v, epoch, now, ever)
	return nil
}

// mayBePlanted is how many final answers of a kind may all have been altered on
// purpose, which are found false: of one in eight, three are none in five hundred.
const mayBePlanted = 2

// found checks that the first validator found answers of every honest miner to be
// exact, in each kind in which it has some final answers, and none of those who
// cheat.
func (n *network) found(ctx context.Context, v *verdictOf) error {
	scores, err := list[api.Score](ctx, n.validators[0].api, "/v1/scores")
	if err != nil {
		return err
	}
	type part struct {
		hotkey protocol.PublicKey
		kind   protocol.Kind
	}
	exact, final := map[part]uint32{}, map[part]uint32{}
	for i := range scores {
		s := &scores[i]
		p := part{s.Hotkey, s.Kind}
		exact[p] += s.Exact
		if s.Final {
			final[p] += s.Answered
		}
	}
	for _, a := range n.miners {
		if a.role.rates() {
			continue // judged by nobody
		}
		var all uint32
		for i := range n.params.Kinds {
			p := part{a.hotkey.PublicKey(), n.params.Kinds[i].Name}
			all += exact[p]
			switch found := exact[p]; {
			case a.role.cheats() && found > 0:
				v.failf("%s cheats, and %d of its answers of the kind %s are exact", a.name, found, p.kind)
			case !a.role.cheats() && found == 0 && final[p] > mayBePlanted:
				v.failf("%s is honest, and none of its %d answers of the kind %s was found exact", a.name, final[p], p.kind)
			}
		}
		if !a.role.cheats() && all == 0 {
			v.failf("%s is honest, and none of its answers was found exact", a.name)
		}
	}
	return nil
}

// raterShare: who rates by a cheap rule must earn less than one part in this many
// of what its share of the ratings is.
const raterShare = 3

// ratings checks what those earned who rate, who are all asked equally much: the
// honest together something in this epoch, and the others little in the whole run.
func (n *network) ratings(v *verdictOf, epoch protocol.Epoch, now, ever map[protocol.PublicKey]protocol.Amount) {
	var seats uint64
	var honest, all protocol.Amount
	for _, a := range n.miners {
		if a.role.rates() {
			seats++
			all += ever[a.hotkey.PublicKey()]
		}
		if a.role == roleReader {
			honest += now[a.hotkey.PublicKey()]
		}
	}
	if seats == 0 {
		return
	}
	if honest == 0 {
		v.failf("those who rate with care earned nothing in epoch %d", epoch)
	}
	for _, a := range n.miners {
		if got := ever[a.hotkey.PublicKey()]; a.role == roleLonger && got > 0 && raterShare*seats*uint64(got) >= uint64(all) {
			v.failf("%s rates by length and earned %s of the %s of all that rate", a.name, got, all)
		}
	}
}

// tooMuch reports whether part is one per cent of whole or more. Nothing of
// nothing is not.
func tooMuch(part, whole protocol.Amount) bool {
	return part > 0 && uint64(part) >= uint64(whole)/cheatShare
}

// returned checks that the killed validator came back and sealed weights since.
func (n *network) returned(ctx context.Context, v *verdictOf, since protocol.Height) error {
	if since == 0 {
		v.failf("%s was not killed and started again yet", n.victim().name)
		return nil
	}
	rows, err := list[api.Validator](ctx, n.validators[0].api, "/v1/validators")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Hotkey == n.victim().hotkey.PublicKey() {
			if r.LastUpdate <= since {
				v.failf("%s came back at height %d and has sealed no weights since", n.victim().name, since)
			}
			return nil
		}
	}
	return errors.New("the killed validator is not among the validators")
}

// victim is the validator that is killed.
func (n *network) victim() *actor { return n.validators[len(n.validators)-1] }
