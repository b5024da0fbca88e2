package protocoltest

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Turn is a member's turn to propose a block.
type Turn struct {
	Height protocol.Height
	Round  int
	// Honest is what an honest member proposes; nil where it has no link.
	Honest *ledger.Block
	// Members are those of the consensus set, from the proposer of round 0 on.
	Members []string
	State   ledger.Reader
}

// Proposer decides what a member proposes; nil is silence. What honest members
// refuse makes the round fail, and the next member's turn comes.
type Proposer func(Turn) *ledger.Block

// orderer stands in for consensus: members take turns, one a height, and one
// further for each round that fails.
type orderer struct {
	names     map[protocol.PublicKey]string // of consensus keys
	proposers map[string]Proposer
	eligible  []protocol.PublicKey  // true proposers of the rounds of the newest block
	votes     []ledger.BlockVote    // on the newest block
	proofs    []ledger.Misbehaviour // for the next block
	refusals  map[string][]error
}

func newOrderer(cast []Actor) orderer {
	o := orderer{names: map[protocol.PublicKey]string{}, proposers: map[string]Proposer{}, refusals: map[string][]error{}}
	for i := range cast {
		o.names[consensusKey(cast[i].Name).PublicKey()] = cast[i].Name
	}
	return o
}

// Propose lets an actor propose by fn from now on.
func (n *Network) Propose(name string, fn Proposer) { n.orderer.proposers[name] = fn }

// Refused returns why honest members refused what an actor proposed.
func (n *Network) Refused(name string) []error { return n.orderer.refusals[name] }

// Convict brings proof of misbehaviour with the next block: of two votes of an
// actor for the newest one.
func (n *Network) Convict(name string) {
	n.orderer.proofs = append(n.orderer.proofs, ledger.Misbehaviour{
		Offence: ledger.OffenceDoubleVote, Address: addressOf(ConsensusKey(name)), Height: uint64(n.height),
	})
}

// ErrHalted says that no member made a block that the others accept.
var ErrHalted = errors.New("protocoltest: no proposer makes a valid block")

// order makes the next block.
func (n *Network) order() (*ledger.Result, error) {
	members, err := n.members()
	if err != nil {
		return nil, err
	}
	var eligible []protocol.PublicKey
	for round := range members {
		who := members[round]
		eligible = append(eligible, ConsensusKey(who))
		b := n.proposal(who, round, members)
		if b == nil {
			continue
		}
		if err := ledger.CheckBlock(n.tree, n.chain, n.Params(), b); err != nil {
			n.orderer.refusals[who] = append(n.orderer.refusals[who], err)
			continue
		}
		b.Votes, b.Misbehaviour, n.orderer.proofs = n.orderer.votes, n.orderer.proofs, nil
		votes, err := n.votes()
		if err != nil {
			return nil, err
		}
		res, err := n.apply(b)
		n.orderer.eligible, n.orderer.votes = eligible, votes
		return res, err
	}
	return nil, ErrHalted
}

func (n *Network) apply(b *ledger.Block) (*ledger.Result, error) {
	if n.cfg.Ordered != nil {
		n.cfg.Ordered(b)
	}
	if _, err := ledger.Apply(n.second, n.chain, n.Params(), b); err != nil {
		return nil, err
	}
	res, err := ledger.Apply(n.tree, n.chain, n.Params(), b)
	if err != nil {
		return nil, err
	}
	n.height = b.Height
	n.pool.settle(n)
	return res, nil
}

// set returns who may propose the next block, and votes on it.
func (n *Network) set() ([]ledger.Power, error) {
	set, _, err := ledger.ReadValidators(n.tree)
	if err != nil {
		return nil, err
	}
	meta, _, err := ledger.ReadMeta(n.tree)
	if err != nil {
		return nil, err
	}
	if n.height <= meta.LastStep { // updates act two blocks later
		return set.Prev, nil
	}
	return set.Set, nil
}

// votes returns what the members say of the next block: all vote for it whose
// nodes run.
func (n *Network) votes() ([]ledger.BlockVote, error) {
	list, err := n.set()
	out := make([]ledger.BlockVote, len(list))
	for i, v := range list {
		out[i] = ledger.BlockVote{Address: addressOf(v.Key), Power: v.Power, Flag: ledger.VoteCommit}
		if n.away(n.orderer.names[v.Key]) {
			out[i].Flag = ledger.VoteAbsent
		}
	}
	return out, err
}

func addressOf(k protocol.PublicKey) ledger.ConsensusAddress {
	return ledger.ConsensusAddress(key.AddressOf(k))
}

// away reports whether an actor's node is off the network. Who has no node makes
// blocks and votes all the same.
func (n *Network) away(name string) bool {
	for _, p := range n.places {
		if p.name == name && !p.running() {
			return true
		}
	}
	return false
}

// members returns who may propose the next block, in the order of the rounds.
func (n *Network) members() ([]string, error) {
	list, err := n.set()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i := range list {
		k := list[(int(n.height)+i)%len(list)].Key
		name, ok := n.orderer.names[k]
		if !ok {
			return nil, fmt.Errorf("consensus key %s is nobody's", k)
		}
		names[i] = name
	}
	return names, nil
}

func (n *Network) proposal(who string, round int, members []string) *ledger.Block {
	if n.away(who) {
		return nil
	}
	honest := n.honest(who)
	if fn := n.orderer.proposers[who]; fn != nil {
		return fn(Turn{Height: n.height + 1, Round: round, Honest: honest, Members: members, State: n.tree})
	}
	return honest
}

// honest returns the block that a member makes of the pool.
func (n *Network) honest(who string) *ledger.Block {
	link, ok := n.Link(who, n.height+1)
	if seat, has, err := ledger.ReadSeatByHotkey(n.tree, Named(who).PublicKey()); !ok && (err != nil || !has || seat.Beacon.Serves(n.height+1)) {
		return nil
	}
	head := wire.Encode(&wire.BlockHead{Link: link})
	txs := ledger.SelectTxs(n.tree, n.chain, n.Params(), &ledger.Selection{
		Candidates: n.pool.raw(), MaxBytes: int(n.Params().Block.MaxBytes) - len(head), Salt: link,
	})
	return &ledger.Block{
		Height: n.height + 1, Time: n.timeOf(n.height + 1), Proposer: ConsensusKey(who), PrevEligible: n.orderer.eligible,
		Txs: append([][]byte{head}, txs...),
	}
}

// timeOf returns the time of block h: a pause and two rounds of votes after the one
// before.
func (n *Network) timeOf(h protocol.Height) int64 {
	b := n.Params().Block
	return (n.genesis.Time*1000 + int64(h)*int64(b.CommitMillis+b.VoteMillis/2)) * 1e6
}

// Link returns the link of the chain that serves for an actor at height h,
// false where its seat has none.
func (n *Network) Link(name string, h protocol.Height) (protocol.Hash, bool) {
	seat, ok, err := ledger.ReadSeatByHotkey(n.tree, Named(name).PublicKey())
	if err != nil || !ok || seat.Beacon.Link.IsZero() {
		return protocol.Hash{}, false
	}
	return Chain(name, seat.Beacon.Start).Link(h)
}

// ConsensusKey returns the public key with which an actor signs blocks.
func ConsensusKey(name string) protocol.PublicKey { return consensusKey(name).PublicKey() }
