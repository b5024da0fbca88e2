package ledger

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// For tests of the arithmetic alone.
var (
	LargestPower  = largestPower
	BlockEmission = blockEmission
	DecayFactor   = decayFactor
	Decay         = decay
)

// Begin is [Init] of a network with more validators than its clock leaves time for:
// records are largest in such a one.
func Begin(t Tree, g *Genesis) ([]Power, error) { return g.begin(t) }

// DrawByStake draws n of judges by a seed.
func DrawByStake(seed protocol.Hash, judges []RosterJudge, n int) []RosterJudge {
	return seatDraw{seed: seed}.byStake(judges, n)
}

// Open returns whether link serves height h of the chain.
func (c Chain) Open(h protocol.Height, link protocol.Hash) bool {
	_, ok := c.open(h, link)
	return ok
}

// ReadAllDuties returns the duties of a round, by uid.
func ReadAllDuties(r Reader, n protocol.Round) ([]DutyRecord, error) {
	return list[DutyRecord](r, DutyPrefix(n))
}

// LinkHash and Lasts are for tests of chains at their end.
var (
	LinkHash = linkHash
	Lasts    = lasts
)

// Scale returns what duties leave of an amount.
func Scale(drawn, fulfilled []uint32, kinds []params.Kind, a protocol.Amount) protocol.Amount {
	return duties{drawn, fulfilled}.scale(kinds, a)
}

// ReadPruneOrder returns the seats that can be pruned, the first of them first.
func ReadPruneOrder(r Reader) ([]protocol.UID, error) { return list[protocol.UID](r, PrunePrefix()) }

// ReadOwned returns how many seats a coldkey has.
func ReadOwned(r Reader, coldkey protocol.PublicKey) (uint32, bool, error) {
	return read[uint32](r, OwnedKey(coldkey))
}

// MaxUnseen is how far a setter's chain may have stood still.
const MaxUnseen = maxUnseen

// HasCost reports whether the table of costs has a row for a type of transaction.
func HasCost(t wire.TxType) bool { _, ok := costs[t]; return ok }

// SpecTable returns the table of costs as SPEC.md has it.
func SpecTable() string {
	var b strings.Builder
	cells := func(c Cost) string { return fmt.Sprintf("%d | %d | %d | %d", c.Checks, c.Reads, c.Writes, c.Bytes) }
	fmt.Fprintf(&b, "| | checks | reads | writes | bytes |\n|---|---|---|---|---|\n| any | %s |\n| any of no lane, besides | %s |\n", cells(signed), cells(paid))
	for t := range wire.TxType(255) {
		row, ok := costs[t]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s |\n", t, cells(row.base))
		if row.items != nil {
			fmt.Fprintf(&b, "| · each of its list | %s |\n", cells(row.each))
		}
	}
	return b.String()
}

// Enter, Leave and Earn move stake in a pool.
func (p *Pool) Enter(s *Stake, a protocol.Amount) (protocol.Amount, error) { return p.enter(s, a) }

// Leave is the opposite of Enter.
func (p *Pool) Leave(s *Stake, a protocol.Amount) (protocol.Amount, error) { return p.leave(s, a) }

// Earn gives to all.
func (p *Pool) Earn(a protocol.Amount) error { return p.earn(a) }

// ReadOwnerRecord returns what the state keeps of a name.
func ReadOwnerRecord(r Reader, name protocol.PublicKey) (Owner, bool, error) {
	return read[Owner](r, OwnerKey(name))
}

// Choose returns the members of the consensus set after one, and who of all is
// able.
func Choose(p *params.Params, seats []Seat, stakes []protocol.Amount, old []Power, last map[protocol.UID]protocol.Height, e protocol.Epoch) ([]Power, []bool) {
	all := make([]candidate, len(seats))
	for i := range seats {
		all[i] = candidate{seats[i], stakes[i], stakes[i]}
	}
	return validatorsOf(p, all, old, func(uid protocol.UID) protocol.Height { return last[uid] }, e)
}

// SettlePlants settles the plants of epoch 0, whatever the height.
func SettlePlants(t Tree, p *params.Params) error {
	m, err := settled(t, p)
	if err != nil {
		return err
	}
	return m.st.flush(t)
}

// TrySettlePlants is [SettlePlants] without an effect.
func TrySettlePlants(t Tree, p *params.Params) error {
	_, err := settled(t, p)
	return err
}

func settled(t Tree, p *params.Params) (*machine, error) {
	m, err := newMachine(t, "chain", p)
	if err != nil {
		return nil, err
	}
	m.height = p.Schedule.OpenPlantsDeadline(0)
	m.settlePlants()
	return m, m.blame(nil)
}

// EpochInputs is the canonical form of what Yuma was given.
type EpochInputs = epochInputs

// Flush writes what a block wrote, nil for what it removed.
func Flush(t Tree, writes map[string][]byte) error {
	o := newOverlay(t)
	for k, v := range writes {
		_ = o.Set([]byte(k), v)
	}
	return o.flush(t)
}

// Checkers is checkers.
func Checkers(p *params.Params, seed protocol.Hash, judges []RosterJudge, set *preference.Set) []protocol.SeatID {
	return checkers(p, seed, judges, set)
}

// Remembered counts the records of a tree of which it knows what they stand for, by
// sort, and returns the key of one of which that is not what its bytes say.
func Remembered(t *MemTree) (count map[string]int, wrong string) {
	count = map[string]int{}
	_ = t.each(nil, func(key []byte, rec record) bool {
		if rec.value == nil {
			return true
		}
		count[fmt.Sprintf("%T", rec.value)]++
		read := reflect.New(reflect.TypeOf(rec.value).Elem())
		if err := wire.DecodeOwn(rec.raw, maxValue, read.Interface()); err != nil || !reflect.DeepEqual(read.Interface(), rec.value) {
			wrong = fmt.Sprintf("%x: %+v, and it is %+v, %v", key, rec.value, read.Interface(), err)
		}
		return wrong == ""
	})
	return count, wrong
}

// Memorable is memorable.
func Memorable(v any) any { return memorable(v) }
