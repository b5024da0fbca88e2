package consensus_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// A node that keeps ten blocks, and had kept all before, forgets four with each new
// one until ten are left, in CometBFT's store as in its own, goes on so after a
// start, and still serves a node that follows.
func TestOldBlocksAreForgottenAFewAtATime(t *testing.T) {
	const keep = 10
	n := newNetwork(t, 1)
	disk, home := storetest.NewCrash(), t.TempDir()
	r := n.open(t, 0, home, disk, nil)
	r.start()
	r.await(t, 24)
	if _, err := r.Record(1); err != nil || r.Base() != 1 {
		t.Fatalf("keeping all: block 1 has %v, and the oldest is %d", err, r.Base())
	}
	r.halt(t)

	for _, long := range []protocol.Height{3, 9} { // blocks of a run
		r = n.open(t, 0, home, disk, nil)
		r.Forget(keep)
		from := r.Stats().Height
		r.start()
		r.await(t, from+long+1)
		oldest := r.Base() // and then the blocks, of which more may have come
		if made := r.Stats().Height - from; long == 3 && oldest > 1+4*int64(made+1) {
			t.Errorf("%d blocks on, the oldest is %d: more than four went with each", made, oldest)
		}
		last, base := r.Stats().Height, protocol.Height(r.Base())
		if long == 9 && base+keep+2 < last { // it may have gone on since
			t.Errorf("at block %d the oldest is %d, %d were to be kept", last, base, keep)
		}
		if _, err := r.Record(base - 1); !errors.Is(err, consensus.ErrNoBlock) {
			t.Errorf("block %d: got %v, want %v", base-1, err, consensus.ErrNoBlock)
		}
		if _, err := r.Record(last); err != nil {
			t.Errorf("block %d: %v", last, err)
		}
		if _, _, err := r.At(last); err != nil {
			t.Errorf("state %d: %v", last, err)
		}
		r.halt(t)
	}
}

func TestRetentionIsNoShorterThanPunishment(t *testing.T) {
	n := newNetwork(t, 1)
	least := consensus.MinRetention(&n.g.Params)
	if least != 1321 { // what there is at most within the age of evidence, 132 seconds, and the block itself
		t.Errorf("at least %d blocks, want 1321", least)
	}
	for keep, fine := range map[protocol.Height]bool{0: true, 1: false, least - 1: false, least: true} {
		db, err := store.Open("db", store.Options{FS: storetest.Memory()})
		check(t, err)
		k, err := secret("v0").DeriveConsensus("net", 0)
		check(t, err)
		_, err = consensus.New(consensus.Config{
			Genesis: n.g, DB: db, Dir: t.TempDir(), Consensus: k, Transport: k, Listen: n.addrs[0], Retention: keep,
		})
		if (err == nil) != fine || err != nil && !errors.Is(err, consensus.ErrConfig) {
			t.Errorf("%d blocks: got %v, fine: %v", keep, err, fine)
		}
		check(t, db.Close())
	}
}
