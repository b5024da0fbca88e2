package api

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// maxRecord bounds the small records of money that are decoded here.
const maxRecord = 64

const keyLen = len(protocol.PublicKey{})

func (h *Handler) account(r *request) (any, error) {
	s := r.http.PathValue("address")
	addr, err := protocol.ParseAddress(s)
	if err != nil {
		return nil, problem(http.StatusBadRequest, problemPath, "an address begins with assay1", "address %.100q", s)
	}
	prove := r.query["prove"]
	if prove != "" && prove != "0" && prove != "1" {
		return nil, problem(http.StatusBadRequest, problemQuery, "give prove=1", "prove %.40q", prove)
	}
	v, proof, err := h.accountState(r, addr)
	if err != nil {
		return nil, err
	}
	a := Account{Height: v.height, Address: addr, Stakes: []Stake{}, Staked: []Stake{}, Unbonding: []Unbonding{}, Proof: proof}
	rec, _, err := ledger.ReadAccount(v, addr)
	if err != nil {
		return nil, err
	}
	a.Nonce, a.NextNonce = rec.Nonce, rec.Nonce
	if err := a.readOwner(v); err != nil {
		return nil, err
	}
	if h.src.Pool != nil {
		next, err := h.src.Pool.NextNonce(r.ctx(), addr)
		if err != nil {
			return nil, fmt.Errorf("next nonce of %s: %w", addr, err)
		}
		a.NextNonce = max(a.Nonce, next)
	}
	err = a.readHotkey(v)
	if err == nil {
		err = a.readUnbonding(v, h.params)
	}
	if errors.Is(err, ErrNotKept) { // lists, by a node that proves single records
		a.Partial, err = true, nil
	}
	return a, err
}

// readHotkey says what seat the address has, had or waits for as a hotkey, and
// finds the stakes.
func (a *Account) readHotkey(v *view) error {
	pool, now, err := ledger.ReadHotkey(v, a.Address)
	if err != nil {
		return err
	}
	if now != a.Address {
		a.Hotkey = &now
	}
	seat, ok, err := ledger.ReadSeatByHotkey(v, a.Address)
	if err != nil {
		return err
	}
	if ok {
		a.Seat = &seat.ID.UID
		if seat.Swap.Waits() {
			a.NextHotkey, a.NextHotkeyFrom = &seat.Swap.To, seat.Swap.From
		}
	}
	return a.readStakes(v, pool)
}

// readOwner says who signs for whom, as of the block to come, and takes the balance
// of that name.
func (a *Account) readOwner(v *view) error {
	name, o, err := ledger.ReadOwner(v, a.Address)
	if err != nil {
		return err
	}
	next := v.height + 1
	a.Owner, a.Signer = name, o.Signer(next)
	if o.Waits(next) {
		a.NextSigner, a.NextFrom = &o.Next, o.From
	}
	rec, _, err := ledger.ReadAccount(v, name)
	a.Balance = rec.Balance
	return err
}

// accountState is the newest state, or with prove=1 the newest that can be
// proven, with the proof of the record of the name for which the address signs.
func (h *Handler) accountState(r *request, addr protocol.PublicKey) (*view, *Proof, error) {
	v, err := h.view(r.ctx())
	if err != nil || r.query["prove"] != "1" {
		return v, nil, err
	}
	prover, ok := h.src.State.(Prover)
	if !ok {
		return nil, nil, notKept("proofs", "ask a validator")
	}
	name, _, err := ledger.ReadOwner(v, addr)
	if err != nil {
		return nil, nil, err
	}
	key := ledger.AccountKey(name)
	p, err := prover.Prove(r.ctx(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("prove %x: %w", key, err)
	}
	v.Reader, v.height = p.State, p.Height
	return v, &Proof{Height: p.Height, AppHash: p.StateHash, Key: p.Key, Value: p.Value, ICS23: p.ICS23, Block: p.Block}, nil
}

// readStakes finds the stakes by the address and in the pool that it has as a
// hotkey, and what they are worth. They are kept by pool, so a coldkey's are found
// by walking all; each is shown under the newest hotkey of its pool.
func (a *Account) readStakes(v *view, pool protocol.PublicKey) error {
	prefix := ledger.StakePrefix(protocol.PublicKey{})
	prefix = prefix[:len(prefix)-keyLen]
	err := walkMoney(v, prefix, 2*keyLen, func(key []byte, _ ledger.Stake) {
		st := Stake{Hotkey: protocol.PublicKey(key[:keyLen]), Coldkey: protocol.PublicKey(key[keyLen:])}
		if st.Coldkey == a.Owner && len(a.Stakes) < MaxStakes {
			a.Stakes = append(a.Stakes, st)
		}
		if st.Hotkey == pool && len(a.Staked) < MaxStakes {
			a.Staked = append(a.Staked, st)
		}
	})
	if err != nil {
		return err
	}
	for _, list := range [][]Stake{a.Stakes, a.Staked} {
		for i := range list {
			if list[i].Amount, err = ledger.ReadStake(v, list[i].Hotkey, list[i].Coldkey); err != nil {
				return err
			}
			if _, list[i].Hotkey, err = ledger.ReadHotkey(v, list[i].Hotkey); err != nil {
				return err
			}
		}
	}
	return nil
}

// readUnbonding finds what of the owner's is on its way back, the oldest first.
func (a *Account) readUnbonding(v *view, p *params.Params) error {
	type wait struct {
		began protocol.Height
		name  protocol.PublicKey
		since int64
	}
	var own []wait
	err := walkMoney(v, ledger.UnbondingWaitPrefix(), 8+2*keyLen, func(key []byte, since int64) {
		if protocol.PublicKey(key[8+keyLen:]) == a.Owner && len(own) < MaxStakes {
			own = append(own, wait{protocol.Height(binary.BigEndian.Uint64(key)), protocol.PublicKey(key[8 : 8+keyLen]), since})
		}
	})
	if err != nil {
		return err
	}
	for _, w := range own {
		u, err := ledger.ReadUnbonding(v, w.name, w.began, a.Owner)
		if err != nil {
			return err
		}
		_, hotkey, err := ledger.ReadHotkey(v, w.name)
		if err != nil {
			return err
		}
		a.Unbonding = append(a.Unbonding, Unbonding{
			Hotkey: hotkey, Matures: w.began + protocol.Height(p.Seats.Unbonding),
			NotBefore: time.Unix(0, w.since).Add(time.Duration(p.Seats.UnbondingSeconds) * time.Second).UTC(), Amount: u.Amount,
		})
	}
	return nil
}

// walkMoney decodes the records below prefix, and gives the rest of each key,
// which has the length rest.
func walkMoney[T any](v *view, prefix []byte, rest int, fn func(key []byte, rec T)) error {
	var bad error
	err := v.Iterate(prefix, func(key, value []byte) bool {
		var rec T
		if bad = wire.Decode(value, maxRecord, &rec); bad != nil || len(key) != len(prefix)+rest {
			bad = fmt.Errorf("record %x: %w", key, ledger.ErrCorrupt)
			return false
		}
		fn(key[len(prefix):], rec)
		return true
	})
	if err != nil {
		return err
	}
	return bad
}

func (h *Handler) supply(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	s, err := ledger.ReadSupply(v)
	if err != nil {
		return nil, err
	}
	return Supply{Height: v.height, Supply: s, Conserved: s.Conserved()}, nil
}

func (h *Handler) stateHash(r *request) (any, error) {
	if h.src.State == nil {
		return nil, notKept("ledger state", "ask a validator")
	}
	_, height, err := h.src.State.State(r.ctx())
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if s, ok := r.query["height"]; ok {
		n, err := number(s, 64)
		if err != nil {
			return nil, problem(http.StatusBadRequest, problemQuery, "give height=7", "height %.40q", s)
		}
		if protocol.Height(n) > height {
			return nil, problem(http.StatusNotFound, problemNotFound, "wait for it", "height %d, and the newest is %d", n, height)
		}
		height = protocol.Height(n)
	}
	hash, err := h.src.State.StateHash(r.ctx(), height)
	if err != nil {
		return nil, fmt.Errorf("state hash of height %d: %w", height, err)
	}
	return StateHash{Height: height, AppHash: hash}, nil
}

func notKept(what, hint string) error {
	return problem(http.StatusNotFound, problemNotKept, hint, "this node keeps no %s", what)
}
