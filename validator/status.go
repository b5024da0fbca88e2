package validator

import (
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Status says what the validator does.
type Status struct {
	Height     protocol.Height `json:"height"`
	Since      protocol.Height `json:"since"` // the first height that this process saw
	Registered bool            `json:"registered"`
	Seat       protocol.SeatID `json:"seat"`
	Permit     bool            `json:"permit"`
	Judge      bool            `json:"judge"`   // on the roster of the running epoch
	Drawn      int             `json:"drawn"`   // own duties whose cards are still in time
	Judged     int             `json:"judged"`  // of them with a card
	Waiting    int             `json:"waiting"` // answers to judge or to ask for
	Held       int             `json:"held"`    // messages that came early
	// NotObserving says in words why answers may not arrive now, empty where they
	// do.
	NotObserving string `json:"not_observing"`
	// Twin is set for some epochs after a card of the own hotkey came by that
	// this process did not make.
	Twin bool `json:"twin"`
	// Why says in one sentence why the seat judges nothing, or that it judges.
	Why string `json:"why"`
	// Findings says in one sentence where what the seat found of the epoch before
	// stands on the ledger, empty where it had no duties in it.
	Findings string `json:"findings"`
	// Swaps tells, a sentence each, of other keys that are announced for the seat or
	// for its owner.
	Swaps []string `json:"swaps"`
	// Broken says on which answer engine and reference disagree; empty where they never
	// did.
	Broken string `json:"broken"`
	// Trials tells, a sentence each, of challenges of the newest epochs by the seat or
	// against it, and of its votes on others: what it could lose, lost, and why.
	Trials []string `json:"trials"`

	outlook ledger.Outlook     // of a seat without a permit
	place   ledger.Place       // of the hotkey
	owner   protocol.PublicKey // whose the seat is, where the hotkey works for another coldkey
}

// twinEpochs is for how many epochs, the running one included, a card of the own
// hotkey that was not made here is told.
const twinEpochs = 3

// board shows where things stand.
type board struct {
	schedule *protocol.Schedule
	observes bool

	mu     sync.Mutex // guards all below
	status Status
	// twinIn is the epoch, plus one, in which a card of the own hotkey was seen
	// that was not made here.
	twinIn protocol.Epoch
}

// show returns the status, but for what the queue and early messages say.
func (b *board) show() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Twin = b.twinIn > 0 && b.twinIn-1+twinEpochs > b.schedule.EpochOf(s.Height)
	s.Why = s.why()
	if b.observes && s.Height > 0 {
		s.Why = "observing: it follows the ledger and counts what is public of each seat, and judges nothing"
	}
	return s
}

// see notes what the ledger says. The outlook counts while there is no permit. It
// reports whether it is news that the seat is another owner's.
func (b *board) see(now *view, seat *ledger.Seat, judge bool, o ledger.Outlook, estranged bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.status
	if s.Since == 0 {
		s.Since = now.head
	}
	s.Height, s.Registered, s.Seat = now.head, now.registered, now.seat
	s.Permit, s.Judge, s.outlook = now.registered && seat.Permit, judge, o
	before := s.owner
	if s.owner = (protocol.PublicKey{}); estranged {
		s.owner = seat.Coldkey
	}
	return estranged && before != s.owner
}

// notePlace notes where the hotkey stands; o signs for the owner, if another key is
// to do that.
func (b *board) notePlace(p *ledger.Place, o *ledger.Owner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.place, b.status.Swaps = *p, nil
	if p.Seat.Swap.Waits() {
		b.status.Swaps = append(b.status.Swaps, p.Seat.Swap.Notice())
	}
	if o != nil {
		b.status.Swaps = append(b.status.Swaps, o.Notice())
	}
}

// noteBroken notes that the engine is broken, which a process can only say once.
func (b *board) noteBroken(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Broken = why
}

// noteTrials notes where challenges stand.
func (b *board) noteTrials(lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Trials = lines
}

// noteFindings notes where the findings of the epoch before stand.
func (b *board) noteFindings(sentence string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Findings = sentence
}

// findingsOf says where what a seat found of the epoch before that of head stands
// on the ledger: only what was sealed and then opened in time counts as fulfilled.
func findingsOf(r ledger.Reader, sched *protocol.Schedule, seat protocol.SeatID, sits bool, head protocol.Height) (string, error) {
	e := sched.EpochOf(head)
	if e == 0 || !sits {
		return "", nil
	}
	e--
	drawn, ok, err := ledger.ReadDrawn(r, e, seat.UID)
	if err != nil || !ok || drawn.Judge != seat {
		return "", err
	}
	said, ok, err := ledger.ReadCards(r, e, seat.UID)
	if err != nil {
		return "", err
	}
	seal, open := sched.SealCardsDeadline(e), sched.OpenCardsDeadline(e)
	switch sealed := ok && said.Seat == seat; {
	case sealed && said.Opened():
		return fmt.Sprintf("findings of epoch %d: sealed and opened", e), nil
	case sealed && head < open:
		return fmt.Sprintf("findings of epoch %d: sealed, to be opened in blocks %d to %d", e, seal+1, open), nil
	case sealed:
		return fmt.Sprintf("findings of epoch %d: sealed and never opened, so that its duties count as not fulfilled", e), nil
	case head < seal:
		return fmt.Sprintf("findings of epoch %d: to be sealed by block %d", e, seal), nil
	}
	return fmt.Sprintf("findings of epoch %d: not sealed by block %d, so that its duties count as not fulfilled", e, seal), nil
}

// notObserving notes why answers may not arrive, empty where they do.
func (b *board) notObserving(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.NotObserving = why
}

// judged notes how many duties are own, and how many of them have a card.
func (b *board) judged(own, done int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Drawn, b.status.Judged = own, done
}

// twin notes that a card of the own hotkey was seen in epoch e that was not made
// here, and reports whether it is the first.
func (b *board) twin(e protocol.Epoch) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.twinIn == 0
	b.twinIn = e + 1
	return first
}

func (s *Status) why() string {
	switch {
	case s.Height == 0:
		return "no block of the ledger yet"
	case !s.owner.IsZero():
		return fmt.Sprintf("the seat of this hotkey is the coldkey's %s, which is not its owner: nothing is done for it; if you own that key, name it in keys.coldkey (--coldkey), else take a new hotkey", s.owner)
	case !s.Registered:
		return s.place.Why()
	case !s.Permit && !s.Judge:
		return noPermit(&s.outlook)
	case !s.Judge:
		return "permitted, and judges from the next epoch on"
	}
	return "judging"
}

// noPermit says when the permit comes, or what it takes.
func noPermit(o *ledger.Outlook) string {
	switch o.Lacks {
	case "":
		return fmt.Sprintf("no permit yet: with a stake of %s, it comes with epoch %d", o.Stake, o.From)
	case ledger.LackStake:
		return fmt.Sprintf("no permit: %s is staked on the hotkey, and it takes %s (assay tx stake)", o.Stake, o.Needs)
	case ledger.LackSelf:
		return fmt.Sprintf("no permit: of the %s on the hotkey less than %s is its owner's, and it takes that (assay tx stake, by the seat's coldkey)", o.Stake, o.Needs)
	case ledger.LackKey:
		return "no permit: the consensus key is not on the ledger yet; this program sends it"
	case ledger.LackJail:
		return jailed(&o.Jail)
	case ledger.LackTurn:
		return "no permit yet: others come and go first, for an epoch changes a fifth of the power of all validators at most; it comes by itself"
	case ledger.LackChain:
		return "no permit: no beacon chain of the seat is on the ledger yet; this program sends one, which serves from the epoch after the next"
	}
	return fmt.Sprintf("no permit: %s is staked on the hotkey, all places are taken, and the least of them has %s (assay tx stake)", o.Stake, o.Needs)
}

// jailed says why the seat is jailed, and when and how it is free.
func jailed(j *ledger.Jail) string {
	why := "nothing was heard of it for too long: see that it runs, and that others reach it (validator doctor)"
	if j.Lied {
		why = "its key signed twice what it may sign once, or it found planted answers right in two of sixteen epochs: find out who else has the key " +
			"before anything else, and rotate it (keys.generation); and see that its judges run what they find right (plants in the node's log)"
	}
	if j.ForGood() {
		return fmt.Sprintf("jailed since epoch %d, for good: its key signed two blocks of one height, and a share of its stake is burned; find out who else has the key, take the stake back (assay tx unstake), and begin with another hotkey", j.From)
	}
	if j.Asks {
		return fmt.Sprintf("jailed since epoch %d, and free with the next one", j.From)
	}
	return fmt.Sprintf("jailed since epoch %d, for %s; it can be free with epoch %d, if that is asked for in an epoch from %d on (assay tx unjail)", j.From, why, j.Free(), j.Free()-1)
}
