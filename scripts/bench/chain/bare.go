package main

import (
	"bytes"
	"context"
	stded25519 "crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	abci "github.com/cometbft/cometbft/abci/types"
	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/secp256k1"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// keyValue is the least that an application can do with signed transfers: look at
// each signature once, and write the nonce of who signs and what was sent to whom.
type keyValue struct {
	abci.BaseApplication
	chain    string
	st       *state.State
	verified *wire.Verified
	told     chan block // nil of all but one
	next     block
}

func (a *keyValue) check(raw []byte) (*wire.Tx, error) {
	tx, _, err := wire.ReadTx(raw, a.chain)
	if err != nil {
		return nil, err
	}
	return tx, a.verified.Verify(tx)
}

// CheckTx implements abci.Application; so do the others.
func (a *keyValue) CheckTx(_ context.Context, r *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	if _, err := a.check(r.Tx); err != nil {
		return &abci.ResponseCheckTx{Code: 1}, nil //nolint:nilerr // a wrong transaction is an answer
	}
	return &abci.ResponseCheckTx{}, nil
}

func (a *keyValue) ProcessProposal(_ context.Context, r *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	for _, raw := range r.Txs {
		if _, err := a.check(raw); err != nil {
			return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil //nolint:nilerr // as above
		}
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

func (a *keyValue) FinalizeBlock(_ context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	a.st.Rollback()
	out := &abci.ResponseFinalizeBlock{}
	for _, raw := range r.Txs {
		tx, err := a.check(raw)
		if err != nil {
			return nil, err
		}
		_, body, err := wire.ReadTx(raw, a.chain)
		if err != nil {
			return nil, err
		}
		to := body.(*wire.Transfer)
		for _, set := range [][2][]byte{
			{ledger.AccountKey(tx.Signer), binary.BigEndian.AppendUint64(nil, tx.Nonce+1)},
			{ledger.AccountKey(to.To), tx.Sig[:]},
		} {
			if err := a.st.Set(set[0], set[1]); err != nil {
				return nil, err
			}
		}
		out.TxResults = append(out.TxResults, &abci.ExecTxResult{})
	}
	// What a block does in any case: its height.
	if err := a.st.Set([]byte("height"), binary.BigEndian.AppendUint64(nil, uint64(r.Height))); err != nil {
		return nil, err
	}
	h := a.st.WorkingHash()
	out.AppHash = h[:]
	a.next = block{height: r.Height, header: r.Time, txs: r.Txs}
	return out, nil
}

func (a *keyValue) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	if _, _, err := a.st.Commit(); err != nil {
		return nil, err
	}
	if a.told != nil {
		a.next.at = time.Now()
		a.told <- a.next
	}
	return &abci.ResponseCommit{}, nil
}

// bare are nodes of CometBFT alone, with its own pool of transactions.
type bare struct {
	nodes []*node.Node
	told  chan block
}

// openBare starts the nodes below dir; they end with ctx.
func openBare(ctx context.Context, dir, chain string, ports []string, run func(func() error)) (*bare, error) {
	doc := &types.GenesisDoc{GenesisTime: time.Now(), ChainID: "bare", InitialHeight: 1, ConsensusParams: types.DefaultConsensusParams()}
	p := constants()
	doc.ConsensusParams.Block.MaxBytes = int64(p.Block.MaxBytes)
	doc.ConsensusParams.Validator.PubKeyTypes = []string{types.ABCIPubKeyTypeSecp256k1}
	var signers []types.PrivValidator
	var peers []string
	var transports []*p2p.NodeKey
	for i := range members {
		key := secp256k1.GenPrivKeySecp256k1([]byte{byte(i + 1)})
		doc.Validators = append(doc.Validators, types.GenesisValidator{PubKey: key.PubKey(), Power: 1000})
		home := filepath.Join(dir, fmt.Sprint(i))
		if err := os.MkdirAll(filepath.Join(home, "data"), 0o700); err != nil {
			return nil, err
		}
		signers = append(signers, privval.NewFilePV(key, filepath.Join(home, "key.json"), filepath.Join(home, "signed.json")))
		seed := bytes.Repeat([]byte{byte(i + 1)}, stded25519.SeedSize)
		transports = append(transports, &p2p.NodeKey{PrivKey: ed25519.PrivKey(stded25519.NewKeyFromSeed(seed))})
		peers = append(peers, string(transports[i].ID())+"@"+ports[i])
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, err
	}
	b := &bare{told: make(chan block, 1024)}
	for i := range members {
		home := filepath.Join(dir, fmt.Sprint(i))
		db, err := store.Open(filepath.Join(home, "db"), store.Options{})
		if err != nil {
			return nil, err
		}
		st, err := state.Open(db.Space("state"))
		if err != nil {
			return nil, err
		}
		app := &keyValue{chain: chain, st: st, verified: wire.NewVerified(1 << 15)}
		if i == 0 {
			app.told = b.told
		}
		c := cometConfig(home, ports[i], strings.Join(peers, ","))
		n, err := node.NewNodeWithContext(ctx, c, signers[i], transports[i], proxy.NewConnSyncLocalClientCreator(app),
			func() (*types.GenesisDoc, error) { return doc, nil },
			func(x *cfg.DBContext) (dbm.DB, error) { return view{db.Space("comet-" + x.ID).View()}, nil },
			node.DefaultMetricsProvider(c.Instrumentation), log.NewNopLogger())
		if err != nil {
			return nil, err
		}
		if err := n.Start(); err != nil {
			return nil, err
		}
		b.nodes = append(b.nodes, n)
		run(func() error {
			<-ctx.Done()
			err := n.Stop()
			n.Wait()
			time.Sleep(time.Second) // goroutines of CometBFT that outlive its Stop
			return errors.Join(err, db.Close())
		})
	}
	return b, nil
}

// cometConfig has what protocol/consensus sets, and CometBFT's pool.
func cometConfig(home, listen, peers string) *cfg.Config {
	b := constants().Block
	millis := func(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }
	f := cfg.DefaultConfig()
	f.SetRoot(home)
	f.RPC.ListenAddress = ""
	f.Instrumentation.Prometheus = false
	f.TxIndex.Indexer = "null"
	f.Storage.DiscardABCIResponses = true
	f.P2P.ListenAddress = "tcp://" + listen
	f.P2P.PexReactor = false
	f.P2P.AllowDuplicateIP = true
	f.P2P.AddrBookStrict = false
	f.P2P.PersistentPeers = peers
	f.Mempool.Size = 1 << 14
	f.Consensus.SetWalFile(filepath.Join(home, "wal", "wal"))
	f.Consensus.TimeoutPropose = millis(b.ProposeMillis)
	f.Consensus.TimeoutProposeDelta = millis(b.ProposeMillis / 4)
	f.Consensus.TimeoutPrevote = millis(b.VoteMillis)
	f.Consensus.TimeoutPrevoteDelta = millis(b.VoteMillis / 4)
	f.Consensus.TimeoutPrecommit = millis(b.VoteMillis)
	f.Consensus.TimeoutPrecommitDelta = millis(b.VoteMillis / 4)
	f.Consensus.TimeoutCommit = millis(b.CommitMillis)
	f.Consensus.SkipTimeoutCommit = false
	f.Consensus.PeerGossipSleepDuration = 50 * time.Millisecond
	f.Consensus.PeerQueryMaj23SleepDuration = 500 * time.Millisecond
	return f
}

func (b *bare) send(_ context.Context, i int, raw []byte) error {
	return b.nodes[i%members].Mempool().CheckTx(raw, nil, mempool.TxInfo{})
}

func (b *bare) blocks() <-chan block { return b.told }

// view is a space as CometBFT wants it.
type view struct{ store.View }

// Iterator implements dbm.DB; so do the others.
func (v view) Iterator(start, end []byte) (dbm.Iterator, error) { return v.View.Iterator(start, end) }

func (v view) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	return v.View.ReverseIterator(start, end)
}

func (v view) NewBatch() dbm.Batch     { return v.View.NewBatch() }
func (view) Print() error              { return nil }
func (view) Stats() map[string]string  { return nil }
func (view) Compact(_, _ []byte) error { return nil }
