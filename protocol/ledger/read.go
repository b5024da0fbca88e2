package ledger

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// The readers of single records return false when there is none, and touch one
// key each (two, for [ReadSeatByHotkey] and [ReadStake]), so that they work over
// proofs. Those that return lists walk a prefix, which a light reader cannot
// prove. Errors are the tree's, or [ErrCorrupt].

func read[T any](r Reader, key []byte) (v T, ok bool, err error) {
	var rec record
	if m := memoryOf(r); m != nil {
		rec, err = m.recall(key)
	} else {
		rec.raw, err = r.Get(key)
	}
	if err != nil {
		return v, false, fmt.Errorf("read %x: %w", key, err)
	}
	if rec.raw == nil {
		return v, false, nil
	}
	if known, ok := rec.value.(*T); ok {
		return *known, true, nil
	}
	decoded, err := decode[T](rec.raw, key)
	if err != nil {
		return v, false, err
	}
	return *decoded, true, nil
}

// decode reads the bytes of a record.
func decode[T any](raw, key []byte) (*T, error) {
	v := new(T)
	if err := wire.DecodeOwn(raw, maxValue, v); err != nil {
		return nil, fmt.Errorf("%w: %T under %x: %w", ErrCorrupt, *v, key, err)
	}
	return v, nil
}

// walk calls fn with each record below prefix.
func walk[T any](r Reader, prefix []byte, fn func(key []byte, v T) bool) error {
	var bad error
	look := func(key []byte, rec record) bool {
		v, ok := rec.value.(*T)
		if !ok {
			if v, bad = decode[T](rec.raw, key); bad != nil {
				return false
			}
		}
		return fn(key, *v)
	}
	var err error
	if m := memoryOf(r); m != nil {
		err = m.each(prefix, look)
	} else {
		err = r.Iterate(prefix, func(key, value []byte) bool { return look(key, record{raw: value}) })
	}
	if err != nil {
		return fmt.Errorf("walk %x: %w", prefix, err)
	}
	return bad
}

func list[T any](r Reader, prefix []byte) ([]T, error) {
	var out []T
	err := walk(r, prefix, func(_ []byte, v T) bool {
		out = append(out, v)
		return true
	})
	return out, err
}

// ReadMeta returns the record that every block changes.
func ReadMeta(r Reader) (Meta, bool, error) { return read[Meta](r, MetaKey()) }

// ReadValidators returns the consensus set, and the one before.
func ReadValidators(r Reader) (ValidatorSet, bool, error) {
	return read[ValidatorSet](r, ValidatorsKey())
}

// SignsNext reports whether a consensus key is of the set that signs the next
// block.
func SignsNext(r Reader, k protocol.PublicKey) (bool, error) {
	meta, _, err := ReadMeta(r)
	if err != nil {
		return false, err
	}
	set, _, err := ReadValidators(r)
	members := set.Set
	if meta.Height <= meta.LastStep {
		members = set.Prev
	}
	return slices.ContainsFunc(members, func(v Power) bool { return v.Key == k }), err
}

// ReadAccount returns the balance and nonce of a key.
func ReadAccount(r Reader, k protocol.PublicKey) (Account, bool, error) {
	return read[Account](r, AccountKey(k))
}

// ReadPool returns all stake on the seat with a [Seat.PoolName].
func ReadPool(r Reader, name protocol.PublicKey) (Pool, bool, error) {
	return read[Pool](r, PoolKey(name))
}

// ReadStake returns what coldkey has staked there.
func ReadStake(r Reader, name, coldkey protocol.PublicKey) (protocol.Amount, error) {
	s, ok, err := read[Stake](r, StakeKey(name, coldkey))
	if !ok || err != nil {
		return 0, err
	}
	p, _, err := ReadPool(r, name)
	if err != nil {
		return 0, err
	}
	return p.Worth(s)
}

// ReadUnbonding returns what a coldkey took in block h from the stake of a name,
// and what is left of it.
func ReadUnbonding(r Reader, name protocol.PublicKey, h protocol.Height, coldkey protocol.PublicKey) (Unbonding, error) {
	u, _, err := read[Unbonding](r, UnbondingKey(name, h, coldkey))
	return u, err
}

// ReadSeat returns the seat uid.
func ReadSeat(r Reader, uid protocol.UID) (Seat, bool, error) { return read[Seat](r, SeatKey(uid)) }

// ReadSeatByHotkey returns the seat of a hotkey.
func ReadSeatByHotkey(r Reader, hotkey protocol.PublicKey) (Seat, bool, error) {
	uid, ok, err := read[protocol.UID](r, HotkeyKey(hotkey))
	if !ok || err != nil {
		return Seat{}, false, err
	}
	return ReadSeat(r, uid)
}

// ReadSeatByIdentity returns the seat that a libp2p identity is bound to.
func ReadSeatByIdentity(r Reader, identity protocol.PublicKey) (Seat, bool, error) {
	uid, ok, err := read[protocol.UID](r, IdentityKey(identity))
	if !ok || err != nil {
		return Seat{}, false, err
	}
	return ReadSeat(r, uid)
}

// Seats calls fn with every seat, by uid, until it returns false.
func Seats(r Reader, fn func(Seat) bool) error {
	return walk(r, SeatPrefix(), func(_ []byte, s Seat) bool { return fn(s) })
}

// ReadBeacon returns the final beacon of a height.
func ReadBeacon(r Reader, h protocol.Height) (BeaconRecord, bool, error) {
	return read[BeaconRecord](r, BeaconKey(h))
}

// ReadRound returns the seeds of a round.
func ReadRound(r Reader, n protocol.Round) (RoundRecord, bool, error) {
	return read[RoundRecord](r, RoundKey(n))
}

// ReadRosterSeat returns the seat uid if it is asked in epoch e.
func ReadRosterSeat(r Reader, e protocol.Epoch, uid protocol.UID) (RosterSeat, bool, error) {
	return read[RosterSeat](r, RosterSeatKey(e, uid))
}

// ReadRosterSeats returns the seats that are asked in epoch e, by uid.
func ReadRosterSeats(r Reader, e protocol.Epoch) ([]RosterSeat, error) {
	return list[RosterSeat](r, RosterSeatPrefix(e))
}

// ReadRosterJudge returns the judge uid of epoch e.
func ReadRosterJudge(r Reader, e protocol.Epoch, uid protocol.UID) (RosterJudge, bool, error) {
	return read[RosterJudge](r, RosterJudgeKey(e, uid))
}

// ReadRosterJudges returns the judges of epoch e, by uid.
func ReadRosterJudges(r Reader, e protocol.Epoch) ([]RosterJudge, error) {
	return list[RosterJudge](r, RosterJudgePrefix(e))
}

// ReadCommit returns the commitment of a seat in a round.
func ReadCommit(r Reader, n protocol.Round, uid protocol.UID) (CommitRecord, bool, error) {
	return read[CommitRecord](r, CommitKey(n, uid))
}

// ReadCommits returns the commitments of a round, by uid.
func ReadCommits(r Reader, n protocol.Round) ([]CommitRecord, error) {
	return list[CommitRecord](r, CommitPrefix(n))
}

// ReadDuties returns who judges which answer of a seat in a round.
func ReadDuties(r Reader, n protocol.Round, uid protocol.UID) (DutyRecord, bool, error) {
	return read[DutyRecord](r, DutyKey(n, uid))
}

// ReadSeal returns the seal of the weights that a validator chose in epoch e.
func ReadSeal(r Reader, e protocol.Epoch, uid protocol.UID) (SealedWeights, bool, error) {
	return read[SealedWeights](r, SealKey(e, uid))
}

// ReadWeights returns a validator's opened weights of epoch e.
func ReadWeights(r Reader, e protocol.Epoch, uid protocol.UID) (Weights, bool, error) {
	return read[Weights](r, WeightsKey(e, uid))
}

// ReadWeightRows returns all opened weights of epoch e, by uid.
func ReadWeightRows(r Reader, e protocol.Epoch) ([]Weights, error) {
	return list[Weights](r, WeightsPrefix(e))
}

// ReadDrawn returns what a judge drew in epoch e.
func ReadDrawn(r Reader, e protocol.Epoch, uid protocol.UID) (DrawnRecord, bool, error) {
	return read[DrawnRecord](r, DrawnKey(e, uid))
}

// ReadCards returns what a judge sealed, and opened, of what it found in epoch e.
func ReadCards(r Reader, e protocol.Epoch, uid protocol.UID) (CardsRecord, bool, error) {
	return read[CardsRecord](r, CardsKey(e, uid))
}

// ReadEpoch returns the pots of epoch e.
func ReadEpoch(r Reader, e protocol.Epoch) (EpochRecord, bool, error) {
	return read[EpochRecord](r, EpochKey(e))
}

// ReadPayment returns what Yuma made of a seat in epoch e.
func ReadPayment(r Reader, e protocol.Epoch, uid protocol.UID) (Payment, bool, error) {
	return read[Payment](r, PaymentKey(e, uid))
}

// ReadPayments returns the payments of epoch e, by uid.
func ReadPayments(r Reader, e protocol.Epoch) ([]Payment, error) {
	return list[Payment](r, PaymentPrefix(e))
}

// Supply is where all money is. Invariant, in units:
// Issued = Balances + Stakes + Unbonding + Collateral + Escrow + Pot + Burned.
type Supply struct {
	Issued     protocol.Amount `json:"issued"`
	Balances   protocol.Amount `json:"balances"`
	Stakes     protocol.Amount `json:"stakes"`
	Unbonding  protocol.Amount `json:"unbonding"`
	Collateral protocol.Amount `json:"collateral"` // of seats, on its way back, and held from judges
	Escrow     protocol.Amount `json:"escrow"`     // of requests that have not ended, and their seals
	Pot        protocol.Amount `json:"pot"`
	Burned     protocol.Amount `json:"burned"`
}

// Conserved reports whether the invariant holds. Sums wrap nowhere: what was
// issued is at most 2^62, and every part is a part of it.
func (s Supply) Conserved() bool {
	return s.Issued == s.Balances+s.Stakes+s.Unbonding+s.Collateral+s.Escrow+s.Pot+s.Burned
}

// ReadSupply returns where all money is, by the ledger's own sums.
func ReadSupply(r Reader) (Supply, error) {
	m, _, err := ReadMeta(r)
	return Supply{
		Issued: m.Issued, Balances: m.Balances, Stakes: m.Stakes, Unbonding: m.Unbonding, Collateral: m.Collateral, Escrow: m.Escrow, Pot: m.Pot, Burned: m.Burned,
	}, err
}

// CountSupply adds up all money by walking the whole state: who audits it believes
// no sums.
func CountSupply(r Reader) (Supply, error) {
	m, _, err := ReadMeta(r)
	if err != nil {
		return Supply{}, err
	}
	s := Supply{Issued: m.Issued, Pot: m.Pot, Burned: m.Burned}
	if err := walk(r, AccountPrefix(), func(_ []byte, a Account) bool { s.Balances += a.Balance; return true }); err != nil {
		return s, err
	}
	if err := walk(r, []byte{poolLetter}, func(_ []byte, k Pool) bool { s.Stakes += k.Amount; return true }); err != nil {
		return s, err
	}
	if err := walk(r, []byte{unbondingLetter}, func(_ []byte, u Unbonding) bool { s.Unbonding += u.Amount; return true }); err != nil {
		return s, err
	}
	if err := walk(r, []byte{leavingLetter}, func(_ []byte, l Leaving) bool { s.Collateral += l.Amount; return true }); err != nil {
		return s, err
	}
	if err := walk(r, []byte{heldLetter}, func(_ []byte, h Held) bool { s.Collateral += h.Amount; return true }); err != nil {
		return s, err
	}
	if err := walk(r, []byte{challengeLetter}, func(_ []byte, c ChallengeRecord) bool { s.Collateral += c.holds(); return true }); err != nil {
		return s, err
	}
	if err := Requests(r, func(_ protocol.Hash, q Request) bool { s.Escrow += q.Escrow + q.Fee + q.deposits(); return true }); err != nil {
		return s, err
	}
	return s, Seats(r, func(t Seat) bool { s.Collateral += t.Collateral; return true })
}
