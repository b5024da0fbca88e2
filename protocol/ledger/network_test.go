package ledger_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// secrets keeps the keys of all tests: each is a multiplication on the curve.
var secrets sync.Map

// secret returns the key that a name stands for.
func secret(name string) key.Private {
	if k, ok := secrets.Load(name); ok {
		return k.(key.Private)
	}
	k := newSecret(name)
	secrets.Store(name, k)
	return k
}

func newSecret(name string) key.Private {
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromSeed(seed[:], "ledger-test")
	if err != nil {
		panic(err)
	}
	return k
}

// signer lends a key to wire.
type signer struct{ key.Private }

func (s signer) PublicKey() protocol.PublicKey { return s.Public() }

func (s signer) Sign(domain string, message []byte) (wire.Signature, error) {
	return s.Private.Sign(domain, message)
}

// chains keeps the beacon chains of all tests: each is a million hashes.
var chains = struct {
	sync.Mutex
	made map[string]*ledger.ChainMaker
}{made: make(map[string]*ledger.ChainMaker)}

func chainOf(name string, start protocol.Height) *ledger.ChainMaker {
	chains.Lock()
	defer chains.Unlock()
	id := fmt.Sprint(name, start)
	if chains.made[id] == nil {
		chains.made[id] = ledger.NewChainMaker(sha256.Sum256([]byte(id)), start)
	}
	return chains.made[id]
}

// testParams is a network whose epochs fit on a screen.
func testParams() params.Params {
	p := params.Local()
	p.Name = "assay-test"
	p.Schedule = protocol.Schedule{Tempo: 20, RoundLength: 10, CommitBlocks: 6, OpenBlocks: 7, AttestBlocks: 8, SealCardsBlocks: 5, OpenCardsBlocks: 10, WeightBlocks: 15}
	p.Seats.MinStake = 10 * protocol.Unit
	p.Seats.Max = 8
	p.Seats.MaxPerColdkey = 3
	p.Seats.Immunity = 30
	// But where they are what a test is about.
	p.Seats.Collateral, p.Seats.MinSelf, p.Plants, p.Verdicts = 0, 0, params.Plants{}, params.Verdicts{}
	p.Seats.Unbonding, p.Seats.UnbondingSeconds = 40, 60
	p.Tasks.Retention = 4
	p.Kinds = p.Kinds[:1]
	p.Kinds[0].Share = params.One
	return p
}

// network is a ledger with its actors. The hotkey of actor "a" is secret("a"),
// its coldkey secret("a cold"), and so on.
type network struct {
	tb    testing.TB
	g     *ledger.Genesis
	p     *params.Params
	chain string
	tree  *ledger.MemTree
	names map[protocol.PublicKey]string // of hotkeys and coldkeys
	// makers are the chains by hotkey name, in the order of their starts.
	makers   map[string][]*ledger.ChainMaker
	consKeys map[protocol.PublicKey]string
	height   protocol.Height
	proposer protocol.PublicKey // of the newest block, by its header
	last     *ledger.Result
	turn     int
	only     int             // so many of the set take turns, if not zero
	deaf     map[string]bool // judges that attest nothing; all others attest everything
	unsigned bool            // transactions have no signatures, and blocks say that they were looked at
	silent   map[string]bool // validators that neither vote nor propose
	stood    time.Duration   // for which no blocks came
	unheard  map[string]bool // those whose votes are left out of all blocks
	beside   func(work func()) (wait func())
}

// seat returns a genesis seat; validators have a stake, a consensus key and a
// chain.
func seat(name string, stake protocol.Amount, validator bool) ledger.GenesisSeat {
	s := ledger.GenesisSeat{
		Hotkey: secret(name).Public(), Coldkey: secret(name + " cold").Public(), Stake: stake,
		Identity: secret(name + " identity").Public(), Addresses: []string{"/ip4/127.0.0.1/tcp/4001"},
	}
	if validator {
		anchor := chainOf(name, 1).Anchor()
		s.Consensus = &ledger.Consensus{Key: secret(name + " consensus").Public(), Address: "127.0.0.1:26656"}
		s.Beacon = &anchor
		return s
	}
	s.Offers = offers(4)
	return s
}

// offers is an offer of the one kind and model.
func offers(capacity uint16) []wire.Offer {
	return []wire.Offer{{Kind: "inference", Capacity: capacity, Models: []protocol.ModelID{params.SmolLM2().ID}}}
}

// testGenesis has the validators v1 … v3 and the miners m1, m2.
func testGenesis() *ledger.Genesis {
	// The time decides the chain id, and so all seeds: at this one each validator
	// draws a duty in the epoch that the scenarios tell of.
	g := &ledger.Genesis{Params: testParams(), Time: 1_700_000_021}
	for i, stake := range []protocol.Amount{100, 60, 50} {
		g.Seats = append(g.Seats, seat(fmt.Sprintf("v%d", i+1), stake*protocol.Unit, true))
	}
	g.Seats = append(g.Seats, seat("m1", 0, false), seat("m2", 0, false))
	for _, name := range []string{"v1", "v2", "v3", "m1", "m2", "rich"} {
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: secret(name + " cold").Public(), Balance: 100 * protocol.Unit})
	}
	return g
}

func newNetwork(tb testing.TB, g *ledger.Genesis) *network {
	tb.Helper()
	return begin(tb, g, ledger.Init)
}

func begin(tb testing.TB, g *ledger.Genesis, begin func(ledger.Tree, *ledger.Genesis) ([]ledger.Power, error)) *network {
	tb.Helper()
	n := &network{
		tb: tb, g: g, p: &g.Params, chain: g.ChainID(), tree: &ledger.MemTree{},
		names: make(map[protocol.PublicKey]string), makers: make(map[string][]*ledger.ChainMaker), consKeys: make(map[protocol.PublicKey]string),
	}
	if _, err := begin(n.tree, g); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"v1", "v2", "v3", "v4", "m1", "m2", "m3", "m4", "rich"} {
		n.names[secret(name).Public()] = name
		n.names[secret(name+" cold").Public()] = name + " cold"
		n.consKeys[secret(name+" consensus").Public()] = name
		n.makers[name] = []*ledger.ChainMaker{chainOf(name, 1)}
	}
	n.checkSupply()
	return n
}

func (n *network) checkSupply() {
	n.tb.Helper()
	s, err := ledger.CountSupply(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	if sums, err := ledger.ReadSupply(n.tree); err != nil || !s.Conserved() || sums != s {
		n.tb.Fatalf("height %d: money is lost or made: counted %+v, the sums say %+v, %v", n.height, s, sums, err)
	}
}

// next is the height of the next block.
func (n *network) next() protocol.Height { return n.height + 1 }

// members returns the consensus keys that may propose the next block.
func (n *network) members() []protocol.PublicKey {
	set, _, err := ledger.ReadValidators(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	m, _, err := ledger.ReadMeta(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	list := set.Set
	if n.next() <= m.LastStep+1 {
		list = set.Prev
	}
	var out []protocol.PublicKey
	for _, v := range list {
		out = append(out, v.Key)
	}
	return out
}

// head returns the block head that the holder of a consensus key makes at h.
func (n *network) head(k protocol.PublicKey, h protocol.Height) []byte {
	name := n.consKeys[k]
	seat, _, _ := ledger.ReadSeatByHotkey(n.tree, secret(name).Public())
	for _, c := range n.makers[name] {
		if c.Start() == seat.Beacon.Start {
			link, _ := c.Link(h)
			return wire.Encode(&wire.BlockHead{Link: link})
		}
	}
	return wire.Encode(&wire.BlockHead{})
}

// draft returns the next block of the member whose turn it is.
func (n *network) draft(txs ...[]byte) *ledger.Block {
	members := n.members()
	if n.only > 0 {
		members = members[:n.only]
	}
	k := members[n.turn%len(members)]
	for i := 1; n.silent[n.consKeys[k]] && i < len(members); i++ {
		k = members[(n.turn+i)%len(members)]
	}
	b := &ledger.Block{Height: n.next(), Time: n.timeAt(n.next()), Proposer: k, Votes: n.votes(), Txs: slices.Concat([][]byte{n.head(k, n.next())}, txs, n.attests()), Beside: n.beside}
	if n.height > 0 {
		b.PrevEligible = []protocol.PublicKey{n.proposer}
	}
	for _, raw := range b.Txs[1:] {
		if !n.unsigned {
			break
		}
		tx, body, err := wire.ReadTx(raw, n.chain)
		if err != nil {
			n.tb.Fatal(err)
		}
		b.Read = append(b.Read, ledger.ReadTx{Tx: tx, Body: body, Right: true})
	}
	return b
}

// timeAt returns the time of block h: one and three quarters of a second to a
// block, more or less, and what the chain stood still.
func (n *network) timeAt(h protocol.Height) int64 {
	return n.g.Time*1e9 + int64(n.stood) + 1_750_000_000*int64(h) + 600_000_000*int64(h*h%3)
}

// votes returns those on the newest block.
func (n *network) votes() (out []ledger.BlockVote) {
	n.tb.Helper()
	if n.height == 0 {
		return nil
	}
	set, _, err := ledger.ReadValidators(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	m, _, err := ledger.ReadMeta(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	list := set.Set
	if n.height <= m.LastStep+1 {
		list = set.Prev
	}
	for _, v := range list {
		flag := ledger.VoteCommit
		if name := n.consKeys[v.Key]; n.silent[name] || n.unheard[name] {
			flag = ledger.VoteAbsent
		}
		out = append(out, ledger.BlockVote{Address: ledger.ConsensusAddress(key.AddressOf(v.Key)), Power: v.Power, Flag: flag})
	}
	return out
}

// attests returns what the judges attest in the next block, where it is the first
// in which they may and anything was committed.
func (n *network) attests() (txs [][]byte) {
	n.tb.Helper()
	r := n.p.Schedule.RoundOf(n.next())
	if n.next() != n.p.Schedule.OpenDeadline(r)+1 {
		return nil
	}
	published, err := ledger.ReadPublished(n.tree, n.chain, n.p, r)
	if err != nil || len(published) == 0 {
		return nil
	}
	last := &published[len(published)-1]
	judges, err := ledger.ReadRosterJudges(n.tree, n.p.Schedule.EpochOfRound(r))
	if err != nil {
		n.tb.Fatal(err)
	}
	for _, j := range judges {
		if name := n.names[j.Hotkey]; name != "" && !n.deaf[name] {
			var bits wire.Bits
			for i := range last.First + len(last.Slots) {
				bits.Set(i)
			}
			txs = append(txs, n.tx(name, &wire.Attest{Round: r, Bits: bits}))
		}
	}
	return txs
}

// apply checks and carries out a block, and looks at the invariants.
func (n *network) apply(b *ledger.Block) *ledger.Result {
	n.tb.Helper()
	checked, err := ledger.TryBlock(n.tree, n.chain, n.p, b)
	if err != nil {
		n.tb.Fatalf("height %d: check: %v", b.Height, err)
	}
	if b.Height%2 == 0 { // every other block is carried out twice
		b.Checked = checked
	}
	res, err := ledger.Apply(n.tree, n.chain, n.p, b)
	if err != nil {
		n.tb.Fatalf("height %d: apply: %v", b.Height, err)
	}
	n.height, n.proposer, n.last = b.Height, b.Proposer, res
	n.turn++
	n.checkSupply()
	n.checkCosts(b, res)
	return res
}

// checkCosts: no transaction costs more than its weight says, whatever a test does,
// and no block by itself.
func (n *network) checkCosts(b *ledger.Block, res *ledger.Result) {
	n.tb.Helper()
	for i := range res.Txs {
		raw := b.Txs[1+i]
		_, body, err := wire.ReadTx(raw, n.chain)
		if err != nil {
			n.tb.Fatal(err)
		}
		if most := ledger.TxCost(body, len(raw)); !res.Txs[i].Used.Within(most) {
			n.tb.Errorf("height %d: %s costs %+v, its row says %+v", n.height, res.Txs[i].Type, res.Txs[i].Used, most)
		}
	}
	most, end := ledger.OwnCost(n.p)
	if n.p.Schedule.IsEpochEnd(b.Height) {
		most = end
	}
	if !res.Own.Within(most) {
		n.tb.Errorf("height %d: the block by itself costs %+v, its row says %+v", n.height, res.Own, most)
	}
}

// selected returns what a proposer takes of candidates, in so many bytes.
func (n *network) selected(candidates [][]byte, most int) [][]byte {
	return ledger.SelectTxs(n.tree, n.chain, n.p, &ledger.Selection{Candidates: candidates, MaxBytes: most})
}

// block makes the next block out of txs.
func (n *network) block(txs ...[]byte) *ledger.Result {
	n.tb.Helper()
	return n.apply(n.draft(txs...))
}

// until makes empty blocks up to height h.
func (n *network) until(h protocol.Height) {
	n.tb.Helper()
	for n.height < h {
		n.block()
	}
}

// nonce returns the next nonce of a key.
func (n *network) nonce(k protocol.PublicKey) uint64 {
	a, _, err := ledger.ReadAccount(n.tree, k)
	if err != nil {
		n.tb.Fatal(err)
	}
	return a.Nonce
}

// tx signs a transaction with secret(name).
func (n *network) tx(name string, body wire.Body) []byte {
	n.tb.Helper()
	return n.txAt(name, n.nonce(secret(name).Public()), body)
}

func (n *network) txAt(name string, nonce uint64, body wire.Body) []byte {
	n.tb.Helper()
	if n.unsigned {
		tx := &wire.Tx{Type: body.Type(), ChainID: n.chain, Signer: secret(name).Public(), Body: wire.Encode(body)}
		if !body.Type().Lane() {
			tx.Nonce, tx.Fee = nonce, n.fee(body)
		}
		return wire.Encode(tx)
	}
	tx, err := ledger.NewTx(signer{secret(name)}, n.chain, &n.p.Fees, nonce, body)
	if err != nil {
		n.tb.Fatal(err)
	}
	return wire.Encode(tx)
}

// fee returns what a transaction costs at least, which all that are signed here
// pay.
func (n *network) fee(body wire.Body) protocol.Amount {
	return ledger.LeastFee(&n.p.Fees, n.chain, body)
}

// do puts one transaction into a block and returns its outcome. One of a lane that
// does not count stays outside of it.
func (n *network) do(name string, body wire.Body) error {
	n.tb.Helper()
	raw := n.tx(name, body)
	if body.Type().Lane() {
		err := ledger.CheckBlock(n.tree, n.chain, n.p, n.draft(raw))
		if ledger.ReasonOf(err) != "" {
			n.block()
			return err
		}
	}
	return n.block(raw).Txs[0].Err
}

// refused checks that a block with raw is refused for the rule.
func (n *network) refused(raw []byte, want error) {
	n.tb.Helper()
	b := n.draft(raw)
	err := ledger.CheckBlock(n.tree, n.chain, n.p, b)
	if !errors.Is(err, ledger.ErrBlock) || !errors.Is(err, want) {
		n.tb.Errorf("check: got %v, want %v and %v", err, ledger.ErrBlock, want)
	}
	before := n.tree.Hash()
	if _, err := ledger.Apply(n.tree, n.chain, n.p, b); !errors.Is(err, want) {
		n.tb.Errorf("apply: got %v, want %v", err, want)
	}
	if n.tree.Hash() != before {
		n.tb.Error("a refused block changed the state")
	}
	if _, err := ledger.CheckTx(n.tree, n.chain, n.p, raw); !errors.Is(err, want) && !errors.Is(want, ledger.ErrBadNonce) {
		n.tb.Errorf("pool: got %v, want %v", err, want)
	}
}

func (n *network) account(name string) ledger.Account {
	a, _, err := ledger.ReadAccount(n.tree, secret(name).Public())
	if err != nil {
		n.tb.Fatal(err)
	}
	return a
}

func (n *network) seat(name string) ledger.Seat {
	n.tb.Helper()
	s, ok, err := ledger.ReadSeatByHotkey(n.tree, secret(name).Public())
	if err != nil || !ok {
		n.tb.Fatalf("seat of %s: %v, %v", name, ok, err)
	}
	return s
}

// bound returns the signature of secret(name + suffix) over the hotkey of name.
func (n *network) bound(name, suffix string) wire.Signature {
	sig, err := signer{secret(name + suffix)}.Sign(string(wire.DomainBind), wire.BindMessage(n.chain, secret(name).Public()))
	if err != nil {
		n.tb.Fatal(err)
	}
	return sig
}

// serveAs returns a Serve of one model.
func (n *network) serveAs(name string, capacity uint16) *wire.Serve {
	owner := secret(name + " cold").Public()
	if s, ok, err := ledger.ReadSeatByHotkey(n.tree, secret(name).Public()); err == nil && ok {
		owner = s.Coldkey
	}
	return &wire.Serve{
		Coldkey: owner, Offers: offers(capacity),
		Identity: secret(name + " identity").Public(), IdentitySig: n.bound(name, " identity"),
	}
}

// register returns a Register that the hotkey consents to.
func (n *network) register(cold, hot string, most protocol.Amount) *wire.Register {
	n.tb.Helper()
	c, err := wire.NewConsent(signer{secret(hot)}, wire.DomainConsent, n.chain, secret(cold).Public(), wire.MaxConsent)
	if err != nil {
		n.tb.Fatal(err)
	}
	return &wire.Register{Hotkey: secret(hot).Public(), MaxPrice: most, Consent: c}
}

// consensusAs binds secret(name + suffix) as the consensus key of name, and a
// transport key that follows from it.
func (n *network) consensusAs(name, suffix, address string) *wire.SetConsensusKey {
	n.tb.Helper()
	b := &wire.SetConsensusKey{Key: secret(name + suffix).Public(), KeySig: n.bound(name, suffix), Address: address}
	b.TransportKey, b.TransportSig = n.transport(name, name+suffix)
	return b
}

// transport returns the transport key that follows from secret(of), and its
// statement that it is of the hotkey of name.
func (n *network) transport(name, of string) ([32]byte, wire.Signature) {
	n.tb.Helper()
	seed, err := secret(of).DeriveTransport("test", 0)
	if err != nil {
		n.tb.Fatal(err)
	}
	sig, err := key.SignTransport(seed, string(wire.DomainBind), wire.BindMessage(n.chain, secret(name).Public()))
	if err != nil {
		n.tb.Fatal(err)
	}
	return key.TransportPublic(seed), sig
}

// events returns the names of the last block's events.
func (n *network) events() []ledger.EventName {
	var out []ledger.EventName
	for _, e := range n.last.Events {
		out = append(out, e.Name)
	}
	return out
}

func TestBlocksMoveBeaconDrawTasksAndDuties(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(2)
	if r, _, _ := ledger.ReadRound(n.tree, 0); !r.TaskSeed.IsZero() {
		t.Fatal("tasks drawn after one link")
	}
	// Heights 1 and 2 are final in 2 and 3; round 0 starts at 0, so links of
	// two proposers have followed at height 2, which block 3 makes final.
	n.block()
	if !slices.Contains(n.events(), ledger.EventTaskSeed) {
		t.Fatalf("height 3: got %v, want a task seed", n.events())
	}
	if err := n.do("m1", &wire.Commit{Round: 0, Root: protocol.Hash{1}}); err != nil {
		t.Fatal(err)
	}
	n.until(11)
	r, _, _ := ledger.ReadRound(n.tree, 0)
	if r.DutySeed.IsZero() {
		t.Fatal("no duties")
	}
	d, ok, err := ledger.ReadDuties(n.tree, 0, 3)
	if err != nil || !ok || len(d.Duties) < 2 {
		t.Fatalf("duties of m1: %+v, %v, %v", d, ok, err)
	}
}
