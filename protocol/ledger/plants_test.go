package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// planting is a network in which half of all answers are planted, and in epoch 0
// one of m1's two; m2 answers, too, and opens no link.
type planting struct {
	*network
	maker  *plant.Maker
	link   protocol.Hash
	proofs []wire.PlantProof                  // of m1's plants in epoch 0
	other  wire.PlantProof                    // of its other answer
	kept   map[protocol.Round]wire.PlantProof // of all, by round
}

func plantingParams() params.Params {
	p := testParams()
	p.Schedule.OpenPlantsBlocks = 13
	p.Seats.Collateral = protocol.Unit
	p.Plants = params.Plants{Rate: params.One / 2, Slash: params.One / 2, Fine: params.One / 4, Appeal: 5}
	return p
}

// newPlanting tries chains until one plants one of two answers.
func newPlanting(t *testing.T) *planting {
	t.Helper()
	for try := range byte(64) {
		if x := tryPlanting(t, try); len(x.proofs) == 1 {
			return x
		}
	}
	t.Fatal("no chain plants one of two answers")
	return nil
}

func tryPlanting(t *testing.T, seed byte) *planting {
	t.Helper()
	return tryPlantingWith(t, seed, plantingParams())
}

func tryPlantingWith(t *testing.T, seed byte, p params.Params) *planting {
	t.Helper()
	g := testGenesis()
	g.Params = p
	x := &planting{maker: plant.NewMaker([32]byte{seed}, 0), kept: map[protocol.Round]wire.PlantProof{}}
	anchor := x.maker.Anchor()
	x.link, _ = x.maker.Link(0)
	for _, i := range []int{3, 4} {
		g.Seats[i].Collateral, g.Seats[i].Plants, g.Seats[i].Offers = 4*protocol.Unit, &anchor, offers(1)
	}
	x.network = newNetwork(t, g)
	for n := range protocol.Round(2) {
		x.answer(n)
	}
	return x
}

// answer has both miners commit to an answer of three tokens in a round.
func (x *planting) answer(n protocol.Round) {
	x.tb.Helper()
	for x.p.Schedule.RoundOf(x.next()) < n || x.round(n).TaskSeed.IsZero() {
		x.block()
	}
	seed := x.round(n).TaskSeed
	for _, name := range []string{"m1", "m2"} {
		id := x.seat(name).ID
		roster, _, err := ledger.ReadRosterSeat(x.tree, 0, id.UID)
		if err != nil {
			x.tb.Fatal(err)
		}
		asked, err := ledger.ReadTasks(x.tree, x.chain, x.p, n, &roster)
		if err != nil || asked.Slots() != 1 {
			x.tb.Fatalf("%d slots, %v", asked.Slots(), err)
		}
		task, err := asked.ID(0)
		if err != nil {
			x.tb.Fatal(err)
		}
		p, planted := x.run(name, task, n, plant.Of(x.link, seed, id))
		sum := wire.Sum{Digest: p.Digest, Fingerprint: p.Fingerprint}
		if err := x.do(name, &wire.Commit{Round: n, Root: wire.SlotLeaf(x.chain, task, secret(name).Public(), p.Salt, sum)}); err != nil {
			x.tb.Fatal(err)
		}
		if name != "m1" {
			continue
		}
		x.kept[n] = p
		if planted {
			x.proofs = append(x.proofs, p)
		} else {
			x.other = p
		}
	}
}

// run makes an answer up, and its proof.
func (x *planting) run(name string, task protocol.TaskID, n protocol.Round, plants plant.Round) (wire.PlantProof, bool) {
	b := fingerprint.Binding{Hotkey: secret(name).Public(), Task: task}
	var leaves []protocol.Hash
	var choices []plant.Choice
	for i := range 3 {
		c := plant.Choice{Position: 20 + i, Token: int32(7 * i), State: wire.HashOf("state", []byte{byte(i)}, task[:])}
		choices, leaves = append(choices, c), append(leaves, fingerprint.Leaf(b, c.Position, c.Token, c.State))
	}
	p := wire.PlantProof{Round: n, Salt: [32]byte{1}, Digest: wire.HashOf("digest", task[:]), Leaves: 3}
	place := plants.Place(0, 3)
	planted := plants.Has(0, x.p.Plants.Rate)
	if planted {
		plants.Alter(b, 0, leaves, choices)
	}
	p.Position, p.Token, p.State = uint32(choices[place].Position), choices[place].Token, choices[place].State
	p.Fingerprint, p.Path = wire.MerkleRoot(leaves), wire.MerkleProof(leaves, place)
	return p, planted
}

func (x *planting) round(n protocol.Round) ledger.RoundRecord {
	x.tb.Helper()
	r, _, err := ledger.ReadRound(x.tree, n)
	if err != nil {
		x.tb.Fatal(err)
	}
	return r
}

// judge has each judge seal and open findings about epoch 0: the finding given for
// it about all plants, and passed about all else.
func (x *planting) judge(found map[string]byte) {
	x.tb.Helper()
	x.until(x.p.Schedule.EpochEnd(0) + 2)
	open := map[string]*wire.OpenCards{}
	names := []string{"v1", "v2", "v3"}
	for _, name := range names {
		drawn, _, err := ledger.ReadDrawn(x.tree, 0, x.seat(name).ID.UID)
		if err != nil {
			x.tb.Fatal(err)
		}
		keys := drawn.Flat()
		said := make([]byte, keys.Len())
		for i := range said {
			said[i] = wire.FoundPassed
			for _, p := range x.proofs {
				if keys.At(i) == (wire.AnswerKey{Round: p.Round, UID: x.seat("m1").ID.UID}) {
					said[i] = found[name]
				}
			}
		}
		open[name] = x.opens(name, 0, said, 9)
		if err := x.do(name, &wire.SealCards{Epoch: 0, Seal: open[name].Seal(secret(name).Public())}); err != nil {
			x.tb.Fatal(err)
		}
	}
	x.until(x.p.Schedule.SealCardsDeadline(0))
	for _, name := range names {
		if err := x.do(name, open[name]); err != nil {
			x.tb.Fatal(err)
		}
	}
}

func (x *planting) stake(name string) protocol.Amount {
	x.tb.Helper()
	p, _, err := ledger.ReadPool(x.tree, secret(name).Public())
	if err != nil {
		x.tb.Fatal(err)
	}
	return p.Amount
}

// v1 signs "exact" unseen, v2 looked, v3 left it out: only v1 loses, half of its
// stake and all duties, and m1's owner gets a quarter of that once no appeal can
// come.
func TestWhoFindsAPlantRightLosesStake(t *testing.T) {
	x := newPlanting(t)
	x.judge(map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundNothing})
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	if err := x.do("m1", &wire.OpenPlants{Epoch: 0, Link: x.link, Proofs: x.proofs}); err != nil {
		t.Fatal(err)
	}
	settled := x.p.Schedule.OpenPlantsDeadline(0)
	x.until(settled - 1)
	before := map[string]protocol.Amount{}
	for _, name := range []string{"v1", "v2", "v3"} {
		before[name] = x.stake(name)
	}
	held := x.supply().Collateral
	x.until(settled)
	for name, lost := range map[string]protocol.Amount{"v1": before["v1"] / 2, "v2": 0, "v3": 0} {
		if got := x.stake(name); got != before[name]-lost {
			t.Errorf("%s has %s of %s, and should have lost %s", name, got, before[name], lost)
		}
		rec, _, err := ledger.ReadCards(x.tree, 0, x.seat(name).ID.UID)
		if err != nil || rec.Lazy != (lost > 0) {
			t.Errorf("%s did not look: %t, %v", name, rec.Lazy, err)
		}
	}
	if got := x.supply().Collateral; got != held+before["v1"]/2 {
		t.Errorf("%s is held, want %s more than %s", got, before["v1"]/2, held)
	}
	owner := x.account("m1 cold").Balance
	x.until(settled + 5)
	if got, want := x.account("m1 cold").Balance, owner+before["v1"]/8; got != want {
		t.Errorf("m1's owner has %s, want %s", got, want)
	}
	if got := x.supply().Collateral; got != held {
		t.Errorf("%s is held after the appeal, want %s", got, held)
	}
	x.until(x.p.Schedule.EpochEnd(1))
	if p := x.payment(1, 0); p.Fulfilled != 0 || p.Drawn == 0 {
		t.Errorf("v1 fulfilled %d of %d duties", p.Fulfilled, p.Drawn)
	}
	if p := x.payment(1, 1); p.Fulfilled != p.Drawn || p.Drawn == 0 {
		t.Errorf("v2 fulfilled %d of %d duties", p.Fulfilled, p.Drawn)
	}
}

// v1 takes most of its stake back in the epoch in which it does not look. What is
// on its way answers for that like what is left.
func TestWhoFindsAPlantRightLosesOfWhatItTookBackMeanwhile(t *testing.T) {
	x := newPlanting(t)
	const taken = 80 * protocol.Unit
	if err := x.do("v1 cold", &wire.RemoveStake{Hotkey: secret("v1").Public(), Amount: taken}); err != nil {
		t.Fatal(err)
	}
	began := x.height
	if x.p.Schedule.EpochOf(began) != 0 {
		t.Fatalf("taken in block %d", began)
	}
	x.judge(map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	if err := x.do("m1", &wire.OpenPlants{Epoch: 0, Link: x.link, Proofs: x.proofs}); err != nil {
		t.Fatal(err)
	}
	owner := x.account("v1 cold").Balance
	for x.waiting() > 0 {
		x.block()
	}
	if got, want := x.account("v1 cold").Balance, owner+taken-part(taken, x.p.Plants.Slash); got != want {
		t.Errorf("v1's owner has %s, want %s", got, want)
	}
}

// m2 opens nothing: its answers count as not given. m1, which does, is none the
// worse for planting.
func TestWhoOpensNoLinkGaveNothing(t *testing.T) {
	x := newPlanting(t)
	x.judge(map[string]byte{"v1": wire.FoundFalse, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	if err := x.do("m1", &wire.OpenPlants{Epoch: 0, Link: x.link, Proofs: x.proofs}); err != nil {
		t.Fatal(err)
	}
	x.until(x.p.Schedule.OpenPlantsDeadline(0))
	for name, void := range map[string]bool{"m1": false, "m2": true} {
		s := x.seat(name)
		rec, ok, err := ledger.ReadPlants(x.tree, 0, s.ID.UID)
		if err != nil || !ok || rec.Void() != void || s.Collateral != 4*protocol.Unit {
			t.Errorf("of %s the ledger has %+v, %v, and %s of collateral", name, rec, err, s.Collateral)
		}
	}
	for _, name := range []string{"v1", "v2", "v3"} {
		if x.stake(name) < 50*protocol.Unit {
			t.Errorf("%s has lost stake", name)
		}
	}
	for _, name := range []string{"m1", "m2"} {
		if err := x.do(name, x.serveAs(name, 4)); err != nil {
			t.Fatal(err)
		}
	}
	x.until(x.p.Schedule.EpochEnd(1)) // epoch 2 asks twice what epoch 0 gave
	if one, two := x.seat("m1").Slots, x.seat("m2").Slots; one != 2 || two != 1 {
		t.Errorf("m1 is asked %d slots, m2 %d; want 2 and 1", one, two)
	}
}

// A seat that opens its link and proves nothing has skipped planting, or hides
// whom it whispered to.
func TestWhoDoesNotProveAPlantLosesCollateral(t *testing.T) {
	x := newPlanting(t)
	x.judge(map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	burned := x.supply().Burned
	if err := x.do("m1", &wire.OpenPlants{Epoch: 0, Link: x.link}); err != nil {
		t.Fatal(err)
	}
	x.until(x.p.Schedule.OpenPlantsDeadline(0))
	rec, _, err := ledger.ReadPlants(x.tree, 0, x.seat("m1").ID.UID)
	if err != nil || !rec.Short || !rec.Void() {
		t.Errorf("the ledger has %+v, %v", rec, err)
	}
	if got := x.seat("m1").Collateral; got != 3*protocol.Unit {
		t.Errorf("m1 has %s of collateral, want 3 of 4", got)
	}
	if got := x.supply().Burned - burned; got != protocol.Unit {
		t.Errorf("%s is burned, want 1", got)
	}
	if x.stake("v1") < 100*protocol.Unit {
		t.Error("v1 lost stake by a plant that was not proven")
	}
}

func TestPlantsThatProveNothingAreRefused(t *testing.T) {
	x := newPlanting(t)
	x.judge(map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
	good := func() *wire.OpenPlants {
		return &wire.OpenPlants{Epoch: 0, Link: x.link, Proofs: append([]wire.PlantProof{}, x.proofs...)}
	}
	x.until(x.p.Schedule.OpenCardsDeadline(0) - 1)
	if err := x.do("m1", good()); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("while judges open: %v", err)
	}
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	next, _ := x.maker.Link(1)
	for name, c := range map[string]struct {
		change func(b *wire.OpenPlants)
		want   ledger.Reason
	}{
		"another link":             {func(b *wire.OpenPlants) { b.Link = next }, ledger.ErrMismatch},
		"no link":                  {func(b *wire.OpenPlants) { b.Link = protocol.Hash{} }, ledger.ErrMismatch},
		"another epoch":            {func(b *wire.OpenPlants) { b.Epoch = 1 }, ledger.ErrDeadline},
		"another state":            {func(b *wire.OpenPlants) { b.Proofs[0].State[0]++ }, ledger.ErrMismatch},
		"another token":            {func(b *wire.OpenPlants) { b.Proofs[0].Token++ }, ledger.ErrMismatch},
		"another position":         {func(b *wire.OpenPlants) { b.Proofs[0].Position++ }, ledger.ErrMismatch},
		"more leaves":              {func(b *wire.OpenPlants) { b.Proofs[0].Leaves = 5 }, ledger.ErrMismatch},
		"no path":                  {func(b *wire.OpenPlants) { b.Proofs[0].Path = []protocol.Hash{} }, ledger.ErrMismatch},
		"another salt":             {func(b *wire.OpenPlants) { b.Proofs[0].Salt[0]++ }, ledger.ErrMismatch},
		"another digest":           {func(b *wire.OpenPlants) { b.Proofs[0].Digest[0]++ }, ledger.ErrMismatch},
		"a slot that is not there": {func(b *wire.OpenPlants) { b.Proofs[0].Slot = 1 }, ledger.ErrUnknown},
		"a slot without a plant":   {func(b *wire.OpenPlants) { b.Proofs[0] = x.other }, ledger.ErrMismatch},
		"a round of later":         {func(b *wire.OpenPlants) { b.Proofs[0].Round = 2 }, ledger.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			n := *x.network
			n.tb = t
			b := good()
			c.change(b)
			n.refused(n.tx("m1", b), c.want)
		})
	}
	x.refused(x.tx("v1", good()), ledger.ErrNotPermitted)
	if err := x.do("m1", good()); err != nil {
		t.Errorf("as it is: %v", err)
	}
	x.refused(x.tx("m1", good()), ledger.ErrDuplicate)
}

// TestWhoShowsALinkTooEarlyGetsAQuarterOfWhatItsSeatLoses, if it sealed before that
// it knows it: who takes it from another's transaction, or shows what it sealed in
// the same block, gets nothing, and costs the seat nothing.
func TestWhoShowsALinkTooEarlyGetsAQuarterOfWhatItsSeatLoses(t *testing.T) {
	x := newPlanting(t)
	id := x.seat("m1").ID
	later, _ := x.maker.Link(9)
	seal := func(who string, leak *wire.LeakedLink) {
		t.Helper()
		if err := x.do(who, &wire.SealLeak{Seal: leak.Seal(secret(who).Public())}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		body wire.LeakedLink
		want ledger.Reason
	}{
		"another's link":  {wire.LeakedLink{Seat: id, Epoch: 0, Link: later}, ledger.ErrMismatch},
		"of another seat": {wire.LeakedLink{Seat: protocol.SeatID{UID: id.UID, Registered: 5}, Epoch: 0, Link: x.link}, ledger.ErrNoSeat},
	} {
		seal("rich cold", &c.body)
		if err := x.do("rich cold", &c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	leak := &wire.LeakedLink{Seat: id, Epoch: 9, Link: later} // a link gives all before it
	if err := x.do("rich cold", &wire.SealLeak{}); !errors.Is(err, ledger.ErrBadKey) {
		t.Errorf("a seal of zeros: %v", err)
	}
	if err := x.do("m2 cold", leak); !errors.Is(err, ledger.ErrNotPermitted) {
		t.Errorf("without a seal: %v", err)
	}
	seal("rich cold", leak)
	x.block(x.tx("m2 cold", &wire.SealLeak{Seal: leak.Seal(secret("m2 cold").Public())}), x.txAt("m2 cold", x.nonce(secret("m2 cold").Public())+1, leak))
	if err := x.last.Txs[1].Err; !errors.Is(err, ledger.ErrNotPermitted) {
		t.Errorf("sealed in the block in which it is shown: %v", err)
	}
	if got := x.seat("m1").Collateral; got != 4*protocol.Unit {
		t.Errorf("m1 has %s of collateral, want all 4", got)
	}
	before, burned := x.account("rich cold").Balance, x.supply().Burned
	if err := x.do("rich cold", leak); err != nil {
		t.Fatal(err)
	}
	fee := ledger.LeastFee(&x.p.Fees, x.chain, leak)
	if got, want := x.account("rich cold").Balance, before+protocol.Unit/4-fee; got != want {
		t.Errorf("who showed it has %s, want %s", got, want)
	}
	if got, want := x.supply().Burned-burned, 3*protocol.Unit/4+fee; got != want {
		t.Errorf("%s is burned, want %s", got, want)
	}
	if got := x.seat("m1").Collateral; got != 3*protocol.Unit {
		t.Errorf("m1 has %s of collateral, want 3 of 4", got)
	}
	seal("rich cold", leak)
	if err := x.do("rich cold", leak); !errors.Is(err, ledger.ErrMismatch) {
		t.Errorf("a second time: %v", err)
	}
	x.until(x.p.Schedule.OpenCardsDeadline(0) - 1)
	late := &wire.LeakedLink{Seat: x.seat("m2").ID, Epoch: 0, Link: x.link}
	seal("rich cold", late)
	if err := x.do("rich cold", late); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("when judges have opened: %v", err)
	}
	x.until(x.p.Schedule.EpochEnd(1))
	if x.seat("m1").Asked || !x.seat("m2").Asked {
		t.Error("a seat whose chain is known is asked, or one whose is not is not")
	}
}

// A chain is fixed before the epoch that it serves, and is not replaced at will.
func TestASeatIsAskedFromTheEpochThatItsChainServes(t *testing.T) {
	g := testGenesis()
	g.Params = plantingParams()
	g.Seats[3].Collateral, g.Seats[4].Collateral = 4*protocol.Unit, 4*protocol.Unit
	n := newNetwork(t, g)
	extend := func(start protocol.Epoch, seed byte) error {
		return n.do("m1", &wire.ExtendPlants{Start: start, Anchor: plant.NewMaker([32]byte{seed}, start).Anchor()})
	}
	if n.seat("m1").Asked {
		t.Error("a seat without a chain is asked")
	}
	for start, want := range map[protocol.Epoch]error{0: ledger.ErrDeadline, 2: ledger.ErrDeadline} {
		if err := extend(start, 1); !errors.Is(err, want) {
			t.Errorf("from epoch %d: %v, want %v", start, err, want)
		}
	}
	if err := n.do("m1", &wire.ExtendPlants{Start: 1}); !errors.Is(err, ledger.ErrBadKey) {
		t.Errorf("an anchor of zeros: %v", err)
	}
	if err := extend(1, 1); err != nil {
		t.Fatal(err)
	}
	if err := extend(1, 2); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("another in its place: %v", err)
	}
	n.until(20)
	if !n.seat("m1").Asked || n.seat("m2").Asked {
		t.Error("in epoch 1 m1 is not asked, or m2 is")
	}
	if err := extend(2, 2); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("another while the first link is to be opened: %v", err)
	}
	n.until(40)
	if err := extend(3, 2); err != nil {
		t.Errorf("a chain for later: %v", err)
	}
}

// Who judged an epoch cannot take stake away before it is settled.
func TestStakeOfAJudgeStaysUntilPlantsAreSettled(t *testing.T) {
	x := newPlanting(t)
	remove := &wire.RemoveStake{Hotkey: secret("v3").Public(), Amount: protocol.Unit}
	if err := x.do("v3 cold", remove); err != nil {
		t.Errorf("in the epoch itself: %v", err)
	}
	for _, h := range []protocol.Height{x.p.Schedule.EpochEnd(0), x.p.Schedule.OpenPlantsDeadline(0) - 1} {
		x.until(h)
		if err := x.do("v3 cold", remove); !errors.Is(err, ledger.ErrDeadline) {
			t.Errorf("in block %d: %v", h+1, err)
		}
	}
	if err := x.do("v3 cold", remove); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestAProofOfAPlantIsSmall(t *testing.T) {
	hashes := func(n int) []protocol.Hash { return make([]protocol.Hash, n) }
	p := wire.PlantProof{Round: 1 << 40, Slot: 1023, Proof: hashes(10), Leaves: 4096, Position: 1 << 17, Token: 1 << 20, Path: hashes(12)}
	one := len(wire.Encode(&wire.OpenPlants{Proofs: []wire.PlantProof{p}}))
	if none := len(wire.Encode(&wire.OpenPlants{Proofs: []wire.PlantProof{}})); one-none > 1536 {
		t.Errorf("a proof of the largest answer has %d bytes, at most 1536", one-none)
	}
	full := &wire.OpenPlants{}
	for i := range wire.MaxPlantProofs {
		p.Slot = uint16(i + 900)
		full.Proofs = append(full.Proofs, p)
	}
	if size := len(wire.Encode(full)) + 300; full.Check() != nil || size > wire.MaxTxBytes {
		t.Errorf("a transaction of all proofs has %d bytes, %v", size, full.Check())
	}
	full.Proofs = append(full.Proofs, p)
	if err := full.Check(); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("one proof more: %v", err)
	}
}

func TestParamsRefuseRatesAtWhichLazinessPays(t *testing.T) {
	p := plantingParams()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*params.Params){
		"plants are rare":          func(p *params.Params) { p.Plants.Rate = params.One / 64 },
		"little is lost":           func(p *params.Params) { p.Plants.Slash = params.One / 64 },
		"nobody has stake":         func(p *params.Params) { p.Seats.MinStake = 0 },
		"much is earned":           func(p *params.Params) { p.Emission.PerBlock = 10 * protocol.Unit },
		"nothing is put up":        func(p *params.Params) { p.Seats.Collateral = 0 },
		"no time to open":          func(p *params.Params) { p.Schedule.OpenPlantsBlocks = 12 },
		"opened after the weights": func(p *params.Params) { p.Schedule.OpenPlantsBlocks = 15 },
		"four earn more than six":  func(p *params.Params) { p.Plants.Slash = params.One * 5 / 16 },
		"no rate":                  func(p *params.Params) { p.Plants.Rate = 0 },
	} {
		p := plantingParams()
		change(&p)
		if err := p.Check(); !errors.Is(err, params.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, want := fmt.Sprint(p.Caught(1), p.Caught(2), p.Caught(20)), "24576 39936 65529"; got != want {
		t.Errorf("a judge that never looks is caught with %s, want %s", got, want)
	}
}

// TestEveryoneCanOpenWhereAThirdOfThePowerOpensNone: a genesis of so many seats
// that what they open does not fit into the blocks that are left is refused.
func TestEveryoneCanOpenWhereAThirdOfThePowerOpensNone(t *testing.T) {
	for seats, fits := range map[uint32]bool{64: true, 4096: false} {
		g := testGenesis()
		g.Params = plantingParams()
		g.Params.Seats.Max = seats
		err := g.Check()
		if fits && err != nil || !fits && (!errors.Is(err, ledger.ErrGenesis) || !strings.Contains(err.Error(), "to open the plants of 4096 seats")) {
			t.Errorf("%d seats: %v", seats, err)
		}
	}
}
