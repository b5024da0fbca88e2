package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
)

// When a third of a set's power is dead at once there is no block any more, and so
// no rule that could help. Then those that are left agree, by talking, on a new
// network that begins where the old one stopped: its genesis has the old state.
//
//	kept     all of it: balances, stakes, seats, requests, rows, bonds, payments,
//	         heights and epochs. The first block has the height after the last one
//	dropped  validators that are dead: they are jailed, and out of the set
//	ended    what follows from the chain id, which is another now: beacon and setter
//	         chains, commitments and duties of rounds that are not judged yet. Blocks
//	         have no links until the validators have registered new chains
//
// It is a function of the state alone: whoever has the same last block gets the
// same genesis, and so the same chain id.

// Former is the network that a genesis goes on with.
type Former struct {
	_ struct{} `cbor:",toarray"`
	// Chain is its chain id, Origin that of the first of all former networks, from
	// which keys still follow.
	Chain  string `json:"chain"`
	Origin string `json:"origin"`
	// Height is of its last block, StateHash the hash of the state after that.
	Height    protocol.Height `json:"height"`
	StateHash protocol.Hash   `json:"state_hash"`
	// Records are those of the state to begin with, by key: of each the length of the
	// key in four bytes, big-endian, the key, and likewise the value.
	Records []byte `json:"records"`
}

// First returns the height of the network's first block.
func (g *Genesis) First() protocol.Height {
	if g.Former == nil {
		return 1
	}
	return g.Former.Height + 1
}

// packRecords walks a tree.
func packRecords(r Reader) ([]byte, error) {
	var out []byte
	err := r.Iterate(nil, func(k, v []byte) bool {
		for _, part := range [][]byte{k, v} {
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(part))), part...)
		}
		return true
	})
	return out, err
}

// unpack writes the records into an empty tree.
func (f *Former) unpack(t Tree) error {
	rest := f.Records
	next := func() ([]byte, bool) {
		if len(rest) < 4 {
			return nil, false
		}
		n := binary.BigEndian.Uint32(rest)
		if n == 0 || uint64(n) > uint64(len(rest)-4) {
			return nil, false
		}
		part := rest[4 : 4+n : 4+n]
		rest = rest[4+n:]
		return part, true
	}
	var last []byte
	for len(rest) > 0 {
		k, ok := next()
		v, also := next()
		if !ok || !also || bytes.Compare(last, k) >= 0 || len(v) > maxValue {
			return fmt.Errorf("%w: records of the former state are not in their form", ErrGenesis)
		}
		if err := t.Set(k, v); err != nil {
			return err
		}
		last = k
	}
	return nil
}

// check refuses a state that no ledger left: its money does not add up, or nobody
// makes its next block.
func (f *Former) check() error {
	t := &MemTree{}
	if err := f.unpack(t); err != nil {
		return err
	}
	m, ok, err := ReadMeta(t)
	if err != nil || !ok || m.Height != f.Height || f.Height == 0 {
		return unfit(err, "not the state after block %d", f.Height)
	}
	sums, err := ReadSupply(t)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	if counted, err := CountSupply(t); err != nil || !counted.Conserved() || counted != sums {
		return unfit(err, "its money does not add up: %+v", counted)
	}
	set, _, err := ReadValidators(t)
	if err != nil || len(set.Set) == 0 {
		return unfit(err, "it has no validators")
	}
	for _, v := range set.Set {
		if s, ok, err := ReadSeat(t, v.UID); err != nil || !ok || s.Consensus.Key != v.Key {
			return unfit(err, "validator %d has no seat with its key", v.UID)
		}
	}
	return nil
}

// unfit says why a state cannot be gone on with, and what kept it from being read.
func unfit(cause error, format string, args ...any) error {
	return errors.Join(fmt.Errorf("%w: the former state: %s", ErrGenesis, fmt.Sprintf(format, args...)), cause)
}

// Identities returns the libp2p identities of the validators that a genesis begins
// with; it was checked.
func (g *Genesis) Identities() ([]protocol.PublicKey, error) {
	var out []protocol.PublicKey
	for i := range g.Seats {
		if s := &g.Seats[i]; s.Consensus != nil {
			out = append(out, s.Identity)
		}
	}
	if g.Former == nil {
		return out, nil
	}
	t := &MemTree{}
	if err := g.Former.unpack(t); err != nil {
		return nil, err
	}
	err := Seats(t, func(s Seat) bool {
		if !s.Consensus.Key.IsZero() {
			out = append(out, s.Identity)
		}
		return true
	})
	return out, err
}

// Recover returns the genesis of a network that goes on where the one of g
// stopped, without some of its validators: last is the state after its last block,
// hash that state's, and time when the block was made, in Unix seconds. Errors are
// [ErrGenesis], where a seat that is dropped is no validator or none are left, and
// those of the tree.
func Recover(g *Genesis, last Reader, hash protocol.Hash, time int64, drop []protocol.UID) (*Genesis, error) {
	packed, err := packRecords(last)
	if err != nil {
		return nil, err
	}
	t := &MemTree{}
	if err := (&Former{Records: packed}).unpack(t); err != nil {
		return nil, err
	}
	m, err := newMachine(t, g.ChainID(), &g.Params)
	if err != nil {
		return nil, err
	}
	if err := m.recover(drop); err != nil {
		return nil, m.blame(err)
	}
	if err := m.st.flush(t); err != nil {
		return nil, err
	}
	out := &Genesis{
		Params: g.Params, Time: time, Accounts: []GenesisAccount{}, Seats: []GenesisSeat{},
		Former: &Former{Chain: g.ChainID(), Origin: g.Origin(), Height: m.meta.Height, StateHash: hash},
	}
	if out.Former.Records, err = packRecords(t); err != nil {
		return nil, err
	}
	return out, out.Check()
}

// recover changes the state between two networks.
func (m *machine) recover(drop []protocol.UID) error {
	m.height = m.meta.Height // as if its last block did it
	seats := m.candidates()
	old := m.validators().Set
	for _, uid := range drop {
		if !slices.ContainsFunc(old, func(v Power) bool { return v.UID == uid }) {
			return fmt.Errorf("%w: seat %d is no validator", ErrGenesis, uid)
		}
		if s := &seats[uid].seat; !s.Jail.Held {
			m.imprison(s, false)
			s.Permit = false
		}
	}
	n := len(seats)
	c := &choice{p: m.p, all: seats, was: make([]uint64, n), able: make([]bool, n), in: make([]bool, n)}
	for _, v := range old {
		c.was[v.UID] = v.Power
		c.in[v.UID] = !slices.Contains(drop, v.UID)
		c.able[v.UID] = c.in[v.UID] && !seats[v.UID].seat.Jail.Held
	}
	c.order()
	set := c.set()
	if len(set) == 0 {
		return fmt.Errorf("%w: no validator is left", ErrGenesis)
	}
	m.setValidators(ValidatorSet{Set: set, Prev: set})
	put(m.st, SignedKey(), SignedRecord{})
	m.keepSigned(set, nil)
	for i := range seats {
		s := &seats[i].seat
		s.Beacon, s.NextChain, s.NextFrom = Chain{}, Chain{}, 0
		m.putSeat(*s)
	}
	m.meta.Pending, m.meta.PendingSeat, m.meta.PendingKey = protocol.Hash{}, protocol.SeatID{}, protocol.PublicKey{}
	delAll(m.st, []byte{setterLetter})
	sched := m.p.Schedule
	now := sched.EpochOf(m.height)
	for e := now - min(now, 1); e <= now; e++ {
		delAll(m.st, DrawnPrefix(e))
		first := sched.RoundOf(sched.EpochStart(e))
		for r := first; r < first+protocol.Round(sched.RoundsPerEpoch()); r++ {
			for _, prefix := range [][]byte{CommitPrefix(r), AttestPrefix(r), GivenPrefix(r), DutyPrefix(r)} {
				delAll(m.st, prefix)
			}
		}
	}
	put(m.st, MetaKey(), m.meta)
	return m.blame(nil)
}

// goOn writes the state of a former network.
func (g *Genesis) goOn(t Tree) ([]Power, error) {
	if err := g.Former.unpack(t); err != nil {
		return nil, err
	}
	set, _, err := ReadValidators(t)
	return set.Set, err
}
