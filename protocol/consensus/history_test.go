package consensus_test

import (
	"errors"
	"io"
	"testing"

	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// kept gives a node's records.
type kept struct {
	node *running
	next protocol.Height
	look func(*audit.Record)
}

func (k *kept) Next() (*audit.Record, error) {
	k.next++
	r, err := k.node.Record(k.next)
	if errors.Is(err, consensus.ErrNoBlock) {
		return nil, io.EOF
	}
	if err == nil {
		k.look(r)
	}
	return r, err
}

// replays carries out what one node kept on a tree of its own: payments and the
// hash of every state are those of the network.
func replays(t *testing.T, n *network) {
	t.Helper()
	n.nodes[3].await(t, 20)
	db, err := store.Open("db", store.Options{FS: storetest.Memory()})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	tree, err := state.Open(db.Space("state"))
	check(t, err)
	members := map[ledger.ConsensusAddress]bool{}
	for i := range n.nodes {
		members[ledger.ConsensusAddress(consensusKey(t, name(i)).PubKey().Address())] = true
	}
	last := int64(0)
	src := &kept{node: n.nodes[3], look: func(r *audit.Record) {
		if r.Time <= last {
			t.Errorf("block %d: time %d, and the block before has %d", r.Height, r.Time, last)
		}
		last = r.Time
		checkVotes(t, r, members)
	}}
	epochs := 0
	replay := audit.Replay{
		Genesis: n.g, To: 1, Threads: 2, Tree: tree, Epoch: func(*audit.Outcome) { epochs++ },
		Root: func() (protocol.Hash, error) { hash, _, err := tree.Commit(); return hash, err },
	}
	report, err := replay.Run(t.Context(), src)
	check(t, err)
	if report.Difference != nil {
		t.Fatal(report.Difference)
	}
	if report.Blocks != 19 || report.Epochs != 2 || epochs != 2 || report.Txs == 0 {
		t.Errorf("got %+v and %d epochs, want 19 blocks, 2 epochs and a transfer", report, epochs)
	}
}

// checkVotes: all members are there, and more than two thirds voted for the block.
func checkVotes(t *testing.T, r *audit.Record, members map[ledger.ConsensusAddress]bool) {
	t.Helper()
	if r.Height == 1 {
		if len(r.Votes) != 0 {
			t.Errorf("block 1 has votes on the one before: %v", r.Votes)
		}
		return
	}
	var of, all uint64
	for _, v := range r.Votes {
		if !members[v.Address] {
			t.Errorf("block %d: a vote of %x, who is no member", r.Height, v.Address)
		}
		if all += v.Power; v.Flag == ledger.VoteCommit {
			of += v.Power
		}
	}
	if len(r.Votes) != len(members) || 3*of <= 2*all {
		t.Errorf("block %d: %d votes, %d of %d power for the block", r.Height, len(r.Votes), of, all)
	}
}

func TestMisbehaviourIsToldInTheLedgersWords(t *testing.T) {
	ev := &types.DuplicateVoteEvidence{
		VoteA: &types.Vote{Height: 7, ValidatorAddress: []byte("twenty bytes, exact!")}, VoteB: &types.Vote{},
		TotalVotingPower: 40, ValidatorPower: 10,
	}
	got := consensus.Misbehaviour(ev.ABCI())
	want := ledger.Misbehaviour{
		Offence: ledger.OffenceDoubleVote, Address: ledger.ConsensusAddress([]byte("twenty bytes, exact!")), Power: 10, Height: 7,
		Time: ev.Timestamp.UnixNano(), Total: 40,
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
