package consensus

import (
	"errors"
	"fmt"
)

// Errors of the node.
var (
	// ErrConfig: a field of Config that cannot be.
	ErrConfig = errors.New("consensus: bad configuration")
	// ErrListen: the address to listen on cannot be had.
	ErrListen = errors.New("consensus: cannot listen")
	// ErrHalted: consensus stopped on an error of ours; the node must not go on.
	ErrHalted = errors.New("consensus: halted")
	// ErrStalled: no block came although enough validators are connected.
	ErrStalled = errors.New("consensus: stalled")
	// ErrCheckpoint: the chain is not the one that the operator's checkpoint is of.
	ErrCheckpoint = errors.New("consensus: not the chain of the checkpoint")
	// ErrUpgrade: a block is made under rules that this program does not know, or by
	// an upgrade that this node's genesis does not have.
	ErrUpgrade = errors.New("consensus: the next block is made under other rules than this node has")
	// ErrRetired: another hotkey has the seat on the ledger, and its node signs.
	ErrRetired = errors.New("consensus: another hotkey works in this seat, whose node alone signs")
	// ErrObserves: the node only looks on, whatever seat its hotkey has.
	ErrObserves = errors.New("consensus: an observer signs and sends nothing")
	// ErrDoubleSign: a signature that would contradict an earlier one was refused.
	ErrDoubleSign = errors.New("consensus: refused to sign twice")
	// ErrLastSigned: the record of what was signed last cannot be read or written.
	ErrLastSigned = errors.New("consensus: record of the last signature")
)

// Errors of the pool. None blames who sent the transaction.
const (
	// ErrKnown: the transaction waits already.
	ErrKnown = PoolError("transaction waits already")
	// ErrNonceTaken: another transaction of the signer with the same nonce waits.
	ErrNonceTaken = PoolError("another transaction with this nonce waits")
	// ErrPoolFull: there is no room for another transaction, or another of this
	// signer.
	ErrPoolFull = PoolError("too many transactions wait")
)

// Why the pool dropped a transaction that it had taken, besides [ErrPoolFull]
// and the rules of the ledger.
const (
	// ErrReplaced: a block has another transaction of the signer with the same
	// nonce.
	ErrReplaced = PoolError("a block has another transaction with this nonce")
	// ErrWaited: those of the signer that come before it did not come.
	ErrWaited = PoolError("it waited too long for the nonces before it")
)

// PoolError says why the pool does not take a transaction that may be valid.
type PoolError string

// Error implements error.
func (e PoolError) Error() string { return "consensus: " + string(e) }

// Reason returns the word under which it is counted.
func (e PoolError) Reason() string {
	switch e {
	case ErrKnown:
		return "known"
	case ErrNonceTaken:
		return "nonce_taken"
	case ErrReplaced:
		return "replaced"
	case ErrWaited:
		return "waited"
	}
	return "pool_full"
}

// Errors of light readers and of what serves them.
var (
	// ErrRequest: a request that is malformed or asks for too much.
	ErrRequest = errors.New("consensus: bad request")
	// ErrNoBlock: the block or state is not there yet, or not any more.
	ErrNoBlock = errors.New("consensus: no such block")
	// ErrTxWaits: somebody says that the transaction waits for a block, or is in one
	// that is not verified yet.
	ErrTxWaits = errors.New("consensus: the transaction waits for a block, or for the one that proves its result")
	// ErrBusy: who is asked has no room for the question now; ask another, or later.
	ErrBusy = errors.New("consensus: busy with what others ask")
	// ErrTxBusy is [ErrBusy]: too many old transactions are asked for.
	ErrTxBusy = fmt.Errorf("%w: too many old transactions are asked for", ErrBusy)
	// ErrNotProvable: lists cannot be proven; read single keys.
	ErrNotProvable = errors.New("consensus: a light reader reads single keys only")
	// ErrLie: a provider answered what is not true, or not signed.
	ErrLie = errors.New("consensus: provider answered falsely")
	// ErrFork: two different blocks of one height carry enough signatures.
	ErrFork = errors.New("consensus: the validators signed two different chains")
	// ErrExpired: the newest header that is trusted is older than the trusting
	// period; give a newer checkpoint.
	ErrExpired = errors.New("consensus: the trusted header is too old")
	// ErrClock: headers are of the future; this machine's clock is behind.
	ErrClock = errors.New("consensus: the header is of the future, check this machine's clock")
	// ErrNoProvider: nobody answered.
	ErrNoProvider = errors.New("consensus: no provider answered")
)
