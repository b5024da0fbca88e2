package consensus

import (
	"fmt"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"

	"github.com/assaynet/assay/protocol/ledger"
)

// Who may be a peer of consensus, by the id that its handshake has proven. Each
// peer costs every block's bytes, and identities cost nothing:
//
//	always     validators of the running set and of the one before, and the peers
//	           that the operator names
//	seated     transport keys that the ledger binds to a seat, which costs a fee: who
//	           wants to be a validator
//	strangers  anybody: who reads along, or is not on the ledger yet
//
// CometBFT asks for each peer, the ones that we dial included (FilterPeers).

const (
	maxSeated    = 64
	maxStrangers = 16
	// seatsFor is for how long the transport keys of all seats are remembered: to read
	// them takes a walk, which strangers should not be able to ask for.
	seatsFor = 10 * time.Second
)

// admission decides who may be a peer.
type admission struct {
	named   map[p2p.ID]bool // by the operator
	private bool            // nobody else
	own     p2p.ID
	state   func() ledger.Reader
	peers   func() []p2p.ID // that are connected

	mu    sync.Mutex
	seats map[p2p.ID]bool // guarded by mu: whose transport keys the ledger has
	read  time.Time       // guarded by mu: when
	away  uint64          // guarded by mu: how many were sent away
}

// allow returns nil if a peer may stay.
func (a *admission) allow(id p2p.ID, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.allowLocked(id, now)
	if err != nil {
		a.away++
	}
	return err
}

func (a *admission) allowLocked(id p2p.ID, now time.Time) error {
	if a.named[id] {
		return nil
	}
	if a.private {
		return fmt.Errorf("peer %s is none of those that the settings name", id)
	}
	members, err := a.membersLocked(now)
	if err != nil {
		return err
	}
	if members[id] {
		return nil
	}
	class, most := "strangers", maxStrangers
	if a.seats[id] {
		class, most = "seats", maxSeated
	}
	n := 0
	for _, p := range a.peers() {
		if p != id && !members[p] && !a.named[p] && a.seats[p] == a.seats[id] {
			n++
		}
	}
	if n >= most {
		return fmt.Errorf("peer %s: %d %s are connected already", id, n, class)
	}
	return nil
}

// knows reports whether an id is of a validator, of a seat, or of a peer that the
// operator names.
func (a *admission) knows(id p2p.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.named[id] {
		return true
	}
	members, err := a.membersLocked(time.Now())
	return err == nil && (members[id] || a.seats[id])
}

// membersLocked returns the validators, and reads the keys of seats where it is
// time.
func (a *admission) membersLocked(now time.Time) (map[p2p.ID]bool, error) {
	r := a.state()
	validators, err := validatorPeers(r, a.own)
	if err != nil {
		return nil, err
	}
	members := make(map[p2p.ID]bool, len(validators))
	for _, v := range validators {
		members[v.id] = true
	}
	if a.seats != nil && now.Before(a.read.Add(seatsFor)) {
		return members, nil
	}
	seats := map[p2p.ID]bool{}
	if err := ledger.Seats(r, func(s ledger.Seat) bool {
		if !s.Consensus.Key.IsZero() {
			seats[transportID(s)] = true
		}
		return true
	}); err != nil {
		return nil, err
	}
	a.seats, a.read = seats, now
	return members, nil
}

// sentAway is how many peers were refused.
func (a *admission) sentAway() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.away
}

// transportID is the id of a seat's transport.
func transportID(s ledger.Seat) p2p.ID {
	return p2p.PubKeyToID(ed25519.PubKey(s.Consensus.TransportKey[:]))
}

// filterByID begins the question that CometBFT puts for a peer; the other, for an
// address, is the front's.
const filterByID = "/p2p/filter/id/"

// refusal is the answer for a peer that may not stay.
func refusal(err error) *abci.ResponseQuery {
	return &abci.ResponseQuery{Code: 1, Log: err.Error()}
}
