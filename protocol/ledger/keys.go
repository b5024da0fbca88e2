package ledger

import (
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

// The keys of the state: one letter, digit or sign for the record, then numbers
// big-endian, so that a prefix walks in order.

func u64(b []byte, v uint64) []byte       { return binary.BigEndian.AppendUint64(b, v) }
func u16(b []byte, v protocol.UID) []byte { return binary.BigEndian.AppendUint16(b, uint16(v)) }

func seatID(b []byte, id protocol.SeatID) []byte {
	return u64(u16(b, id.UID), uint64(id.Registered))
}

// begin returns the first byte of a key, with room for a hash or a public key
// behind it and something more.
func begin(letter byte) []byte { return append(make([]byte, 0, 48), letter) }

// Letters that more than one place needs.
const (
	poolLetter      = 'K'
	unbondingLetter = 'q'
	dueLetter       = 'D'
	forgetLetter    = 'Z'
	setterLetter    = 'S'
	leavingLetter   = '1'
	// Those of queues (wait.go).
	stakeWaits      = 'Y'
	collateralWaits = '2'
	addressWaits    = '0'
	heldLetter      = '5'
	challengeLetter = '7'
)

// MetaKey holds [Meta].
func MetaKey() []byte { return []byte("m") }

// ValidatorsKey holds the [ValidatorSet].
func ValidatorsKey() []byte { return []byte("z") }

// SignedKey holds a [SignedRecord].
func SignedKey() []byte { return []byte("Q") }

// ConsensusKeyKey holds the uid of the seat that a consensus key is bound to,
// as canonical CBOR.
func ConsensusKeyKey(k protocol.PublicKey) []byte { return append(begin('x'), k[:]...) }

// AddressKey holds an [AddressRecord].
func AddressKey(a key.Address) []byte { return append(begin('V'), a[:]...) }

// KeptJailKey holds the [Jail] of a hotkey whose seat was pruned, by the name of
// its stake, until that has a seat again.
func KeptJailKey(name protocol.PublicKey) []byte { return append(begin('f'), name[:]...) }

// LeftAddressKey holds an address whose key signs no more from block h on.
func LeftAddressKey(h protocol.Height, a key.Address) []byte {
	return append(LeftAddressPrefix(h), a[:]...)
}

// LeftAddressPrefix begins the addresses whose keys sign no more from block h on.
func LeftAddressPrefix(h protocol.Height) []byte { return u64(begin('U'), uint64(h)) }

// TransportKeyKey holds the uid of the seat that a transport key is bound to, as
// canonical CBOR.
func TransportKeyKey(k [32]byte) []byte { return append(begin('t'), k[:]...) }

// IdentityKey holds the uid of the seat that a libp2p identity is bound to, as
// canonical CBOR.
func IdentityKey(k protocol.PublicKey) []byte { return append(begin('i'), k[:]...) }

// OwnerKey holds the [Owner] of a name.
func OwnerKey(name protocol.PublicKey) []byte { return append(begin('W'), name[:]...) }

// NameKey holds the name that a key signs for, or did or shall, if that is not the
// key.
func NameKey(k protocol.PublicKey) []byte { return append(begin('L'), k[:]...) }

// PoolNameKey holds the name of the stake on a hotkey that came, or shall come, in
// another's place: the first hotkey that had it.
func PoolNameKey(hotkey protocol.PublicKey) []byte { return append(begin('N'), hotkey[:]...) }

// HotkeyNowKey holds the newest hotkey of the seat with the stake of a name, if
// that is not the name.
func HotkeyNowKey(name protocol.PublicKey) []byte { return append(begin('C'), name[:]...) }

// AccountKey holds an [Account].
func AccountKey(k protocol.PublicKey) []byte { return append(begin('a'), k[:]...) }

// AccountPrefix begins every [AccountKey].
func AccountPrefix() []byte { return []byte("a") }

// PoolKey holds a [Pool], by the name of its stake: [Seat.PoolName].
func PoolKey(name protocol.PublicKey) []byte { return append(begin(poolLetter), name[:]...) }

// StakeKey holds a [Stake] in the pool of a name.
func StakeKey(name, coldkey protocol.PublicKey) []byte {
	return append(StakePrefix(name), coldkey[:]...)
}

// StakePrefix begins the stakes in the pool of a name.
func StakePrefix(name protocol.PublicKey) []byte {
	return append(begin('k'), name[:]...)
}

// UnbondingKey holds an [Unbonding]: what a coldkey took in block h from the stake
// of a name.
func UnbondingKey(name protocol.PublicKey, h protocol.Height, coldkey protocol.PublicKey) []byte {
	return append(u64(UnbondingPrefix(name), uint64(h)), coldkey[:]...)
}

// UnbondingPrefix begins what was taken from the stake of a name.
func UnbondingPrefix(name protocol.PublicKey) []byte {
	return append(begin(unbondingLetter), name[:]...)
}

// UnbondingWaitKey holds the time of block h, while what an [UnbondingKey] names
// waits.
func UnbondingWaitKey(h protocol.Height, name, coldkey protocol.PublicKey) []byte {
	return append(append(u64(begin(stakeWaits), uint64(h)), name[:]...), coldkey[:]...)
}

// UnbondingWaitPrefix begins every [UnbondingWaitKey], the oldest first.
func UnbondingWaitPrefix() []byte { return []byte{stakeWaits} }

// LeavingKey holds a [Leaving]: collateral of a seat that was taken back, or that
// the seat left.
func LeavingKey(id protocol.SeatID) []byte { return seatID(begin(leavingLetter), id) }

// leavingWaitKey holds the time of block h, in which the wait of a seat's [Leaving]
// began.
func leavingWaitKey(h protocol.Height, id protocol.SeatID) []byte {
	return seatID(u64(begin(collateralWaits), uint64(h)), id)
}

// PlanterKey holds a [Planter].
func PlanterKey(uid protocol.UID) []byte { return u16(begin('3'), uid) }

// PlantsKey holds a [PlantsRecord].
func PlantsKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(PlantsPrefix(e), uid) }

// PlantsPrefix begins what seats opened of their plants of an epoch.
func PlantsPrefix(e protocol.Epoch) []byte { return u64(begin('4'), uint64(e)) }

// HeldKey holds a [Held], of a judge, that is divided at height h.
func HeldKey(h protocol.Height, judge protocol.UID) []byte { return u16(HeldPrefix(h), judge) }

// HeldPrefix begins what is divided at height h.
func HeldPrefix(h protocol.Height) []byte { return u64(begin(heldLetter), uint64(h)) }

// LeakKey holds a [LeakSeal].
func LeakKey(signer protocol.PublicKey) []byte { return append(begin('@'), signer[:]...) }

// LazyKey holds the newest epoch in which a judge, by the name of the stake on it,
// found a plant right.
func LazyKey(name protocol.PublicKey) []byte { return append(begin('6'), name[:]...) }

// ChallengeKey holds a [ChallengeRecord].
func ChallengeKey(c wire.Case) []byte { return append(begin(challengeLetter), c.Bytes()...) }

// ChallengePrefix begins the challenges about answers of a round.
func ChallengePrefix(r protocol.Round) []byte { return u64(begin(challengeLetter), uint64(r)) }

// VoteKey holds a [VoteRecord].
func VoteKey(c wire.Case, elector protocol.UID) []byte { return u16(VotePrefix(c), elector) }

// VotePrefix begins the votes on a challenge.
func VotePrefix(c wire.Case) []byte { return append(begin('8'), c.Bytes()...) }

// VotesPrefix begins the votes on challenges about answers of a round.
func VotesPrefix(r protocol.Round) []byte { return u64(begin('8'), uint64(r)) }

// ChallengeDueKey holds the [wire.Case] of a challenge that goes on by itself in
// block h.
func ChallengeDueKey(h protocol.Height, c wire.Case) []byte {
	return append(ChallengeDuePrefix(h), c.Bytes()...)
}

// ChallengeDuePrefix begins the challenges that go on by themselves in block h.
func ChallengeDuePrefix(h protocol.Height) []byte { return u64(begin('9'), uint64(h)) }

// DocketKey holds a [Docket].
func DocketKey(e protocol.Epoch) []byte { return u64(begin('#'), uint64(e)) }

// TakenKey holds [Takings], by the name of the stake.
func TakenKey(name protocol.PublicKey) []byte { return append(begin('%'), name[:]...) }

// SlashedKey holds [Slashes], by the name of the stake.
func SlashedKey(name protocol.PublicKey) []byte { return append(begin('$'), name[:]...) }

// SeatKey holds a [Seat].
func SeatKey(uid protocol.UID) []byte { return u16(begin('s'), uid) }

// SeatPrefix begins every [SeatKey].
func SeatPrefix() []byte { return []byte("s") }

// PruneKey is there for a seat that can be pruned: one that is neither immune
// nor in a consensus set. The keys walk in the order of pruning. It holds the uid,
// as canonical CBOR.
func PruneKey(s *Seat) []byte {
	return u16(u64(u64(begin('E'), uint64(s.Average)), uint64(s.ID.Registered)), s.ID.UID)
}

// PrunePrefix begins every [PruneKey].
func PrunePrefix() []byte { return []byte("E") }

// ImmuneKey is there for a seat whose immunity ends before block h. It holds the
// seat's id.
func ImmuneKey(h protocol.Height, uid protocol.UID) []byte { return u16(ImmunePrefix(h), uid) }

// ImmunePrefix begins the seats whose immunity ends before block h.
func ImmunePrefix(h protocol.Height) []byte { return u64(begin('I'), uint64(h)) }

// OwnedKey holds how many seats a coldkey has, as canonical CBOR.
func OwnedKey(coldkey protocol.PublicKey) []byte { return append(begin('O'), coldkey[:]...) }

// HotkeyKey holds the uid of a hotkey's seat, as canonical CBOR.
func HotkeyKey(k protocol.PublicKey) []byte { return append(begin('h'), k[:]...) }

// BeaconKey holds a [BeaconRecord].
func BeaconKey(h protocol.Height) []byte { return u64(begin('b'), uint64(h)) }

// RoundKey holds a [RoundRecord].
func RoundKey(r protocol.Round) []byte { return u64(begin('r'), uint64(r)) }

// RosterSeatKey holds a [RosterSeat].
func RosterSeatKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(RosterSeatPrefix(e), uid) }

// RosterSeatPrefix begins the seats that are asked in an epoch.
func RosterSeatPrefix(e protocol.Epoch) []byte { return u64(begin('o'), uint64(e)) }

// RosterJudgeKey holds a [RosterJudge].
func RosterJudgeKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(RosterJudgePrefix(e), uid) }

// RosterJudgePrefix begins the judges of an epoch.
func RosterJudgePrefix(e protocol.Epoch) []byte { return u64(begin('j'), uint64(e)) }

// CommitKey holds a [CommitRecord].
func CommitKey(r protocol.Round, uid protocol.UID) []byte { return u16(CommitPrefix(r), uid) }

// CommitPrefix begins the commitments of a round.
func CommitPrefix(r protocol.Round) []byte { return u64(begin('c'), uint64(r)) }

// AttestKey holds an [AttestRecord].
func AttestKey(r protocol.Round, uid protocol.UID) []byte { return u16(AttestPrefix(r), uid) }

// AttestPrefix begins what judges attest of a round.
func AttestPrefix(r protocol.Round) []byte { return u64(begin('H'), uint64(r)) }

// GivenKey holds a [GivenRecord].
func GivenKey(r protocol.Round, uid protocol.UID) []byte { return u16(GivenPrefix(r), uid) }

// GivenPrefix begins the answers that were given in a round.
func GivenPrefix(r protocol.Round) []byte { return u64(begin('G'), uint64(r)) }

// ShownKey holds a [ShownRecord].
func ShownKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(ShownPrefix(e), uid) }

// ShownPrefix begins the counts of answers that were given in an epoch.
func ShownPrefix(e protocol.Epoch) []byte { return u64(begin('u'), uint64(e)) }

// DutyKey holds a [DutyRecord].
func DutyKey(r protocol.Round, uid protocol.UID) []byte { return u16(DutyPrefix(r), uid) }

// DutyPrefix begins the duties of a round.
func DutyPrefix(r protocol.Round) []byte { return u64(begin('d'), uint64(r)) }

// CoverKey holds a [CoverRecord].
func CoverKey(uid protocol.UID) []byte { return u16(begin('v'), uid) }

// DrawnKey holds a [DrawnRecord].
func DrawnKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(DrawnPrefix(e), uid) }

// DrawnPrefix begins what judges drew in an epoch.
func DrawnPrefix(e protocol.Epoch) []byte { return u64(begin('n'), uint64(e)) }

// SealKey holds [SealedWeights].
func SealKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(SealPrefix(e), uid) }

// SealPrefix begins the seals of an epoch.
func SealPrefix(e protocol.Epoch) []byte { return u64(begin('l'), uint64(e)) }

// WeightsKey holds [Weights].
func WeightsKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(WeightsPrefix(e), uid) }

// WeightsPrefix begins the weights sealed in an epoch.
func WeightsPrefix(e protocol.Epoch) []byte { return u64(begin('w'), uint64(e)) }

// BondsKey holds [Bonds].
func BondsKey(uid protocol.UID) []byte { return u16(BondsPrefix(), uid) }

// BondsPrefix begins the bonds of all validators.
func BondsPrefix() []byte { return begin('y') }

// CardsKey holds a [CardsRecord].
func CardsKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(CardsPrefix(e), uid) }

// CardsPrefix begins what judges found in an epoch.
func CardsPrefix(e protocol.Epoch) []byte { return u64(begin('g'), uint64(e)) }

// RequestKey holds a [Request].
func RequestKey(id protocol.Hash) []byte { return append(RequestPrefix(), id[:]...) }

// RequestPrefix begins every [RequestKey].
func RequestPrefix() []byte { return []byte("A") }

// RequestDueKey holds the request's id, for a height at which a block does
// something about it by itself.
func RequestDueKey(h protocol.Height, id protocol.Hash) []byte {
	return append(RequestDuePrefix(h), id[:]...)
}

// RequestDuePrefix begins what a block does about requests by itself.
func RequestDuePrefix(h protocol.Height) []byte { return u64(begin(dueLetter), uint64(h)) }

// SealedRecordKey holds a [SealedRecord]. The maker is in the key, so
// that who copies a seal keeps nobody from it.
func SealedRecordKey(request, seal protocol.Hash, maker protocol.PublicKey) []byte {
	return append(append(SealedRecordPrefix(request), seal[:]...), maker[:]...)
}

// RequestForgetKey holds the request's id, for a height from which on blocks forget
// it.
func RequestForgetKey(h protocol.Height, id protocol.Hash) []byte {
	return append(u64(begin(forgetLetter), uint64(h)), id[:]...)
}

// SealedRecordPrefix begins the sealed records of a request.
func SealedRecordPrefix(request protocol.Hash) []byte { return append(begin('B'), request[:]...) }

// MadeRecordKey holds a [MadeRecord].
func MadeRecordKey(request, seal protocol.Hash) []byte {
	return append(MadeRecordPrefix(request), seal[:]...)
}

// MadeRecordPrefix begins the opened records of a request, by seal.
func MadeRecordPrefix(request protocol.Hash) []byte { return append(begin('M'), request[:]...) }

// RequestFindingKey holds a [RequestFinding].
func RequestFindingKey(request protocol.Hash, uid protocol.UID) []byte {
	return u16(RequestFindingPrefix(request), uid)
}

// RequestFindingPrefix begins the findings of a request.
func RequestFindingPrefix(request protocol.Hash) []byte { return append(begin('F'), request[:]...) }

// FoundKey holds a [FoundRecord].
func FoundKey(request, found protocol.Hash) []byte { return append(FoundPrefix(request), found[:]...) }

// FoundPrefix begins what the findings of a request say.
func FoundPrefix(request protocol.Hash) []byte { return append(begin('J'), request[:]...) }

// PaidTextKey holds the request that a text was paid by.
func PaidTextKey(text protocol.Hash) []byte { return append(begin('X'), text[:]...) }

// EpochKey holds an [EpochRecord].
func EpochKey(e protocol.Epoch) []byte { return u64(begin('e'), uint64(e)) }

// PaymentKey holds a [Payment].
func PaymentKey(e protocol.Epoch, uid protocol.UID) []byte { return u16(PaymentPrefix(e), uid) }

// PaymentPrefix begins the payments of an epoch.
func PaymentPrefix(e protocol.Epoch) []byte { return u64(begin('p'), uint64(e)) }

// SetterKey holds a [SetterRecord].
func SetterKey(uid protocol.UID) []byte { return u16(begin(setterLetter), uid) }

// SetsKey holds the [SetsRecord] of the pairs that raters get in a round.
func SetsKey(n protocol.Round) []byte { return u64(begin('P'), uint64(n)) }

// RatersKey holds the [RatersRecord] of an epoch.
func RatersKey(e protocol.Epoch) []byte { return u64(begin('R'), uint64(e)) }

// RatingsKey holds a [RatingsRecord].
func RatingsKey(r protocol.Round, uid protocol.UID) []byte { return u16(RatingsPrefix(r), uid) }

// RatingsPrefix begins the ratings that fell due in a round.
func RatingsPrefix(r protocol.Round) []byte { return u64(begin('T'), uint64(r)) }
