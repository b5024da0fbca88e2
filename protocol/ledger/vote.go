package ledger

// What consensus tells with a block beside its transactions. It is in no
// transaction, so whoever wants to carry a block out again must have kept it.

// ConsensusAddress names a consensus key as CometBFT does: RIPEMD-160 of SHA-256 of
// its 33 bytes.
type ConsensusAddress [20]byte

// VoteFlag says what a member of a consensus set did about a block.
type VoteFlag uint8

// The flags, by CometBFT's numbers.
const (
	VoteAbsent VoteFlag = 1 // no vote came in time
	VoteCommit VoteFlag = 2 // for the block
	VoteNil    VoteFlag = 3 // for no block
)

// BlockVote is what one member of a set did about the block before.
type BlockVote struct {
	_       struct{} `cbor:",toarray"`
	Address ConsensusAddress
	Power   uint64
	Flag    VoteFlag
}

// Offence is what a validator was proven to have done.
type Offence uint8

// The offences, by CometBFT's numbers.
const (
	OffenceDoubleVote  Offence = 1 // two votes for one height, round and step
	OffenceLightAttack Offence = 2 // a signature under a header that is not the chain's
)

// Misbehaviour is one proof that validators agreed on.
type Misbehaviour struct {
	_       struct{} `cbor:",toarray"`
	Offence Offence
	Address ConsensusAddress
	Power   uint64 // of the offender, at Height
	Height  uint64 // at which it was done
	Time    int64  // of the block at Height, in nanoseconds since 1970 UTC
	Total   uint64 // power of the whole set at Height
}
