package ledger_test

import (
	"fmt"
	"math/rand"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// gambler makes transactions of every type, mostly sensible ones.
type gambler struct {
	*rand.Rand
	n     *network
	ahead map[string]uint64
	// What was sealed, with who opens it.
	records  []sealed[*wire.OpenRecord]
	findings []sealed[*wire.OpenFinding]
	ratings  []sealed[*wire.OpenRatings]
	cards    []sealed[*wire.OpenCards]
	// Keys that came in others' places, by what they are called, and how many.
	called map[protocol.PublicKey]string
	made   int
}

// sealed is what somebody sealed.
type sealed[T wire.Body] struct {
	by   string
	body T
}

func newGambler(n *network, seed int64) *gambler {
	g := &gambler{Rand: rand.New(rand.NewSource(seed)), n: n, called: map[protocol.PublicKey]string{}}
	for _, name := range pairSetters { // a chain that begins later serves no pairs of these few blocks
		if err := n.do(name, &wire.ExtendSetter{Start: 2, Anchor: sets(name).Anchor()}); err != nil {
			n.tb.Fatal(err)
		}
	}
	return g
}

var (
	coldkeys    = []string{"rich cold", "v1 cold", "m1 cold", "m3 cold"}
	pairSetters = []string{"v1", "v2"}
)

var hotkeys = []string{"v1", "v2", "v3", "m1", "m2", "m3", "m4"}

func (g *gambler) pick(list []string) string { return list[g.Intn(len(list))] }

func (g *gambler) amount() protocol.Amount {
	return protocol.Amount(g.Int63n(int64(3 * protocol.Unit)))
}

func (g *gambler) tx() []byte {
	name, body := g.wish()
	if body.Type().Lane() {
		return g.n.txAt(name, 0, body)
	}
	nonce := g.n.nonce(secret(name).Public()) + g.ahead[name]
	g.ahead[name]++
	if g.Intn(20) == 0 {
		nonce += uint64(g.Intn(3)) // a gap
	}
	return g.n.txAt(name, nonce, body)
}

func (g *gambler) wish() (string, wire.Body) {
	switch g.Intn(6) {
	case 0:
		return g.coldkey()
	case 1:
		return g.hotkey()
	case 2:
		if name, body := g.lane(); body != nil {
			return name, body
		}
	}
	return g.requests()
}

func (g *gambler) coldkey() (string, wire.Body) {
	name := g.pick(coldkeys)
	of := g.pick(hotkeys)
	hotkey := secret(of).Public()
	switch g.Intn(4) {
	case 0:
		return name, &wire.Transfer{To: secret(g.pick(hotkeys) + " cold").Public(), Amount: g.amount() + 1}
	case 1:
		return name, g.n.register(name, of, g.amount())
	case 2:
		return name, &wire.AddStake{Hotkey: hotkey, Amount: 4*g.amount() + 1}
	}
	return name, &wire.RemoveStake{Hotkey: hotkey, Amount: 8*g.amount() + 1}
}

// keys returns what somebody says about who signs, and who is paid. Validators keep
// their hotkeys, for their chains are made of them here.
func (g *gambler) keys() (string, wire.Body) {
	cold, hot := g.pick(coldkeys), g.now(g.pick(hotkeys[3:]))
	if g.Intn(6) > 0 { // mostly the seat's own coldkey
		if s, ok, _ := ledger.ReadSeatByHotkey(g.n.tree, secret(hot).Public()); ok {
			for _, name := range coldkeys {
				if secret(name).Public() == s.Coldkey {
					cold = name
				}
			}
		}
	}
	seat, _, _ := ledger.ReadSeatByHotkey(g.n.tree, secret(hot).Public())
	switch g.Intn(12) {
	case 10:
		v := g.pick(hotkeys[:3])
		return v + " cold", &wire.SetCommission{Hotkey: secret(v).Public(), Rate: uint32(g.Intn(1<<16 + 1))}
	case 8:
		return cold, &wire.AddCollateral{Hotkey: secret(hot).Public(), Amount: g.amount()/4 + 1}
	case 9:
		return cold, &wire.TakeCollateral{Hotkey: secret(hot).Public(), Amount: g.amount() / 16}
	case 0:
		return cold, &wire.SetPayout{Hotkey: secret(hot).Public(), To: secret(g.pick(coldkeys)).Public()}
	case 1:
		return cold, g.n.swap(cold, g.successor(cold))
	case 2:
		_, o, _ := ledger.ReadOwner(g.n.tree, secret(cold).Public())
		return cold, &wire.StopSwap{To: o.Next}
	case 3, 4:
		return cold, g.n.swapHotkey(cold, hot, g.successor(hot))
	case 5:
		return cold, &wire.StopHotkeySwap{Hotkey: secret(hot).Public(), To: seat.Swap.To}
	case 6:
		return hot, &wire.KeepHotkey{From: seat.Swap.From, To: seat.Swap.To}
	case 7:
		return hot, g.n.consensusAs(hot, fmt.Sprint(" consensus ", g.Intn(3)), "h:1")
	}
	return cold, g.n.register(cold, hot, 20*protocol.Unit)
}

// successor names a key for another's place: mostly a new one.
func (g *gambler) successor(name string) string {
	if g.Intn(5) == 0 {
		return g.pick(append(hotkeys, coldkeys...))
	}
	g.made++
	next := fmt.Sprint(name[:2], " successor ", g.made)
	g.called[secret(next).Public()] = next
	return next
}

// signs returns who signs for a body in the place of who first did.
func (g *gambler) signs(name string, body wire.Body) string {
	if !body.Type().ByColdkey() {
		return g.now(name)
	}
	_, o, _ := ledger.ReadOwner(g.n.tree, secret(name).Public())
	if next, ok := g.called[o.Signer(g.n.next())]; ok {
		return next
	}
	return name
}

// now returns the hotkey in whose place another is by now.
func (g *gambler) now(name string) string {
	_, now, _ := ledger.ReadHotkey(g.n.tree, secret(name).Public())
	if next, ok := g.called[now]; ok {
		return next
	}
	return name
}

func (g *gambler) hotkey() (string, wire.Body) {
	name := g.pick(hotkeys)
	sched := g.n.p.Schedule
	e := sched.EpochOf(g.n.next())
	row := func(e protocol.Epoch) *wire.RevealWeights {
		return &wire.RevealWeights{Epoch: e, UIDs: []protocol.UID{3, 4, 5}, Values: []uint16{uint16(len(name)), 7 + uint16(e), 9}}
	}
	switch g.Intn(7) {
	case 0:
		s := g.n.serveAs(name, uint16(g.Intn(5)))
		if g.Intn(4) > 0 {
			s.Offers = append(s.Offers, wire.Offer{Kind: preference.Kind, Capacity: 1})
		}
		return name, s
	case 1:
		start := sched.EpochStart(e + 2)
		return name, &wire.ExtendBeacon{Start: start + protocol.Height(g.Intn(2)), Anchor: protocol.Hash{1}}
	case 2, 3:
		return name, &wire.Commit{Round: sched.RoundOf(g.n.next()), Root: protocol.Hash{byte(g.Intn(9))}}
	case 4:
		return name, &wire.CommitWeights{Epoch: e, Hash: row(e).Seal(secret(name).Public())}
	case 5:
		for _, sealer := range hotkeys { // if there is one
			if k, sits, _ := ledger.ReadSeatByHotkey(g.n.tree, secret(sealer).Public()); sits {
				if _, sealed, _ := ledger.ReadSeal(g.n.tree, e-1, k.ID.UID); sealed {
					name = sealer
				}
			}
		}
		return name, row(e - 1)
	}
	if k, ok := one(g, g.cards, func(b *wire.OpenCards) bool { return b.Epoch == e-1 }); ok && g.n.next() > sched.SealCardsDeadline(e-1) {
		return k.by, k.body
	}
	found := g.n.opens(name, e-1, nil, 1+g.Intn(9))
	g.cards = append(g.cards, sealed[*wire.OpenCards]{name, found})
	return name, &wire.SealCards{Epoch: e - 1, Seal: found.Seal(secret(name).Public())}
}

// lane returns what a setter or a rater says, or nothing where it has nothing to
// say now.
func (g *gambler) lane() (string, wire.Body) {
	sched, next := g.n.p.Schedule, g.n.next()
	now := sched.RoundOf(next)
	if by, doubt := g.doubt(now &^ 1); doubt != nil && g.Intn(3) == 0 {
		return by, doubt
	}
	rater, setter := g.pick([]string{"m1", "m2"}), g.pick(pairSetters)
	say := g.Intn(5)
	switch due := g.Intn(8) > 0; {
	case due && next > sched.OpenDeadline(now):
		say = 4
	case due && next > sched.CommitDeadline(now):
		say = 1
	}
	switch say {
	case 0:
		return setter, &wire.SetPairs{Round: now + 1, Root: protocol.Hash{byte(g.Intn(9)) + 1}}
	case 1:
		set := now &^ 1 // pairs are given to raters in every other round
		link, _ := sets(setter).Link(protocol.Height(set))
		return setter, &wire.OpenPairs{Round: set, Link: link, Origins: []byte{0, byte(g.Intn(27)), 26}}
	case 2:
		return setter, &wire.ExtendSetter{Start: now + protocol.Round(g.Intn(4)), Anchor: protocol.Hash{1}}
	case 3:
		if _, sits, _ := ledger.ReadSeatByHotkey(g.n.tree, secret(rater).Public()); !sits {
			return "", nil
		}
		root, open, ok := g.n.ratings(rater, now, byte(g.Intn(6)))
		if !ok {
			return "", nil
		}
		g.ratings = append(g.ratings, sealed[*wire.OpenRatings]{rater, open})
		return rater, &wire.Commit{Round: now, Root: root}
	}
	if k, ok := one(g, g.ratings, func(b *wire.OpenRatings) bool { return b.Round == now }); ok {
		return k.by, k.body
	}
	return "", nil
}

// doubt returns what a checker says of the pairs that were given to raters two
// rounds before, nil where none is left to say it of.
func (g *gambler) doubt(given protocol.Round) (string, wire.Body) {
	sets, err := ledger.ReadSets(g.n.tree, given-min(given, 2))
	if err != nil {
		g.n.tb.Fatal(err)
	}
	drawn, is, err := ledger.ReadCheckers(g.n.tree, g.n.p, given-1, sets)
	if err != nil {
		g.n.tb.Fatal(err)
	}
	for i := range sets {
		if !is || !sets[i].Opened() || sets[i].Doubted {
			continue
		}
		for _, name := range []string{"v1", "v2", "v3"} {
			seat, sits, _ := ledger.ReadSeatByHotkey(g.n.tree, secret(name).Public())
			if sits && slices.Contains(drawn[i], seat.ID) {
				return name, &wire.DoubtPairs{Round: given - 2, Setter: sets[i].Setter}
			}
		}
	}
	return "", nil
}

// one picks one of those that are wanted, if there is one.
func one[T wire.Body](g *gambler, list []sealed[T], want func(T) bool) (k sealed[T], ok bool) {
	var among []sealed[T]
	for _, k := range list {
		if want(k.body) {
			among = append(among, k)
		}
	}
	if len(among) == 0 {
		return k, false
	}
	return among[g.Intn(len(among))], true
}

// requests returns what somebody says about requests: mostly what is due of one
// that there is, or else a new one.
func (g *gambler) requests() (string, wire.Body) {
	var ids []protocol.Hash
	var all []ledger.Request
	err := ledger.Requests(g.n.tree, func(id protocol.Hash, r ledger.Request) bool {
		ids, all = append(ids, id), append(all, r)
		return true
	})
	if err != nil {
		g.n.tb.Fatal(err)
	}
	if len(ids) == 0 || g.Intn(30) == 0 {
		price := g.amount()/4 + 1
		return g.pick(coldkeys), &wire.Request{
			Specification: "{}", Count: uint32(g.Intn(3)) + 1, Price: price, Maximum: price + g.amount(), Deadline: g.n.next() + protocol.Height(g.Intn(12)),
		}
	}
	i := g.Intn(len(ids))
	r, h := &all[i], g.n.next()
	stage := g.Intn(8)
	switch due := g.Intn(8) > 0; {
	case due && h <= r.Asked.Deadline:
		stage = 0
	case due && h <= r.OpenDeadline(g.n.p):
		stage = 1
	case due && h <= r.JudgeDeadline(g.n.p):
		stage = 2
	case due:
		stage = 3
	}
	return g.stage(stage, ids[i], r)
}

// stage returns what somebody says of a request in one of its four stages.
func (g *gambler) stage(stage int, id protocol.Hash, r *ledger.Request) (string, wire.Body) {
	switch stage {
	case 1:
		if k, ok := one(g, g.records, func(b *wire.OpenRecord) bool { return b.Request == id }); ok {
			return k.by, k.body
		}
	case 3:
		if k, ok := one(g, g.findings, func(b *wire.OpenFinding) bool { return b.Request == id }); ok {
			return k.by, k.body
		}
	case 2:
		f := &wire.OpenFinding{Request: id}
		for number := range min(r.Opened, r.Asked.Count, uint32(g.Intn(8))) { // mostly all of them
			f.Pays = append(f.Pays, wire.RecordPay{Number: number, Amount: r.Asked.Maximum/protocol.Amount(r.Asked.Count)/2 + 1})
		}
		judge := g.pick(hotkeys[:3])
		g.findings = append(g.findings, sealed[*wire.OpenFinding]{judge, f})
		return judge, &wire.SealFinding{Request: id, Seal: f.Seal(secret(judge).Public())}
	}
	maker := g.pick(coldkeys)
	k := &wire.OpenRecord{Request: id, Text: fmt.Sprint("text ", g.Intn(20))} // a few are said twice
	g.records = append(g.records, sealed[*wire.OpenRecord]{maker, k})
	return maker, &wire.SealRecords{Request: id, Seals: []protocol.Hash{k.Seal(secret(maker).Public())}}
}
