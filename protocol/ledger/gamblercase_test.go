package ledger_test

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// accuser makes what is said of answers, true or false, beside what a gambler says.
type accuser struct {
	given map[protocol.Epoch][]wire.Evidence // that somebody may have committed to
	votes map[string]*wire.OpenVote          // by elector, case and ballot
	leaks []sealed[*wire.LeakedLink]         // that were sealed
}

// commits returns a commitment to answers in all slots that a seat is asked in a
// round.
func (x *modelled) commits(name string, n protocol.Round) wire.Body {
	body := &wire.Commit{Round: n, Root: protocol.Hash{byte(x.Intn(9))}}
	e := x.p.Schedule.EpochOfRound(n)
	s, sits, _ := ledger.ReadSeatByHotkey(x.tree, secret(name).Public())
	roster, asked, _ := ledger.ReadRosterSeat(x.tree, e, s.ID.UID)
	if !sits || !asked || roster.ID != s.ID {
		return body
	}
	tasks, err := ledger.ReadTasks(x.tree, x.chain, x.p, n, &roster)
	if err != nil {
		x.tb.Fatal(err)
	}
	leaves := make([]protocol.Hash, tasks.Slots())
	var list []wire.Evidence
	for slot := range tasks.Slots() {
		id, err := tasks.ID(slot)
		if err != nil || tasks.KindOf(slot) != "inference" {
			leaves[slot] = wire.EmptySlotLeaf(slot)
			continue
		}
		k := wire.Evidence{
			Case: wire.Case{Round: n, UID: s.ID.UID, Slot: slot, Accused: s.ID.UID}, Salt: [32]byte{1},
			Digest: wire.HashOf("digest", id[:]), Fingerprint: wire.HashOf("fingerprint", id[:]),
		}
		leaves[slot] = wire.SlotLeaf(x.chain, id, roster.Hotkey, k.Salt, wire.Sum{Digest: k.Digest, Fingerprint: k.Fingerprint})
		list = append(list, k)
	}
	for i := range list {
		list[i].Proof = wire.MerkleProof(leaves, int(list[i].Case.Slot))
	}
	x.given[e] = append(x.given[e], list...)
	if len(leaves) > 0 {
		body.Root = wire.MerkleRoot(leaves)
	}
	return body
}

// accuse says that an answer, or v3's card, of the epoch before is false: the two
// others that make blocks keep their seats. It returns nil where there is nothing.
func (x *modelled) accuse() (string, wire.Body) {
	e := x.p.Schedule.EpochOf(x.next())
	if e == 0 || x.next() < ledger.ChallengeFrom(x.p.Schedule, e-1) || len(x.given[e-1]) == 0 {
		return "", nil
	}
	k := x.given[e-1][x.Intn(len(x.given[e-1]))]
	if card, ok := x.card(e - 1); ok && x.Intn(2) == 0 {
		for i := range x.given[e-1] {
			if x.given[e-1][i].Case.Answer() == card.Key() {
				k = x.given[e-1][i]
				k.Case.Accused, k.Cards = card.Judge.UID, []wire.Card{card}
			}
		}
	}
	if x.Intn(3) == 0 {
		return x.pick(hotkeys[:3]), &wire.JudgeChallenge{Epoch: e, Evidence: k}
	}
	return x.pick(coldkeys), &wire.Challenge{Evidence: k}
}

// card returns one that v3 has shown, with its proof.
func (x *modelled) card(e protocol.Epoch) (c wire.Card, ok bool) {
	shown, ok := one(x.gambler, x.cards, func(b *wire.OpenCards) bool { return b.Epoch == e && len(b.Shown) > 0 })
	if !ok || shown.by != "v3" {
		return c, false
	}
	var leaves []protocol.Hash
	for i := range shown.body.Shown {
		leaves = append(leaves, shown.body.Shown[i].Leaf(secret("v3").Public()))
	}
	i := x.Intn(len(leaves))
	c = shown.body.Shown[i]
	c.Proof = wire.MerkleProof(leaves, i)
	return c, true
}

// ballots are what electors seal and open in the next block: mostly all say the
// same, and some of them nothing.
func (x *modelled) ballots() (list []sealed[wire.Body]) {
	for _, d := range x.m.disputed(voted) {
		rec, _, err := ledger.ReadChallenge(x.tree, d.k)
		if err != nil {
			x.tb.Fatal(err)
		}
		truth := wire.HashOf("truth", d.k.Bytes(), []byte{rec.Ballot})
		for _, name := range hotkeys[:3] {
			key := fmt.Sprint(name, d.k, rec.Ballot)
			if x.votes[key] == nil {
				v := &wire.OpenVote{Case: d.k, Ballot: rec.Ballot, Finding: wire.FoundFalse, Found: truth, Salt: [32]byte{7}}
				if truth[0]%2 == 0 != (x.Intn(5) == 0) {
					v.Finding, v.Found = d.finding, d.words
				}
				if x.Intn(20) == 0 || v.Found.IsZero() && d.k.OfCard() {
					v.Finding, v.Found = wire.FoundNothing, protocol.Hash{}
				}
				if v.Finding != wire.FoundNothing && v.Found.IsZero() {
					v.Found = truth
				}
				if v.Finding != wire.FoundNothing {
					v.Backends = wire.ByReference | wire.ByNative
					if truth[1]%4 == 0 { // all name the same
						v.Backends = 1 + wire.Backends(truth[2]%7)
					}
				}
				x.votes[key] = v
			}
			switch {
			case x.Intn(4) == 0:
			case x.next() <= rec.Seals(x.p.Verdicts.SealBlocks):
				list = append(list, sealed[wire.Body]{name, &wire.SealVote{Case: d.k, Ballot: rec.Ballot, Seal: x.votes[key].Seal(secret(name).Public())}})
			default:
				list = append(list, sealed[wire.Body]{name, x.votes[key]})
			}
		}
	}
	return list
}

// disputed returns the disputes in a stage, by their cases.
func (m *model) disputed(s stage) (list []*dispute) {
	for _, d := range m.disputes {
		if d.stage == s {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *dispute) int { return bytes.Compare(a.k.Bytes(), b.k.Bytes()) })
	return list
}

// about says something of an answer, of a verdict, or of links that are known too
// early; nil where there is nothing to say.
func (x *modelled) about() (string, wire.Body) {
	switch x.Intn(4) {
	case 0:
		if list := x.m.disputed(held); len(list) > 0 {
			d := list[x.Intn(len(list))]
			by := x.names[d.owner]
			if by == "" || x.Intn(4) == 0 {
				by = x.pick(coldkeys)
			}
			return by, &wire.Appeal{Case: d.k}
		}
	case 1:
		return x.links()
	}
	return x.accuse()
}

// links registers the chain of a seat's plants, or shows a link of it.
func (x *modelled) links() (string, wire.Body) {
	now := x.p.Schedule.EpochOf(x.next())
	if len(x.leaks) > 0 && x.Intn(2) == 0 {
		k := x.leaks[x.Intn(len(x.leaks))]
		return k.by, k.body
	}
	name := x.now(x.pick(hotkeys[3:]))
	s, sits, _ := ledger.ReadSeatByHotkey(x.tree, secret(name).Public())
	planter, has, _ := ledger.ReadPlanter(x.tree, s.ID.UID)
	chain := planter.Of(now)
	if !sits || !has || x.Intn(3) == 0 {
		return name, &wire.ExtendPlants{Start: now + 1, Anchor: x.chainOf(now + 1).Anchor()}
	}
	e := max(now, chain.Start)
	link, _ := x.chainOf(chain.Start).Link(e)
	by, leak := x.pick(coldkeys), &wire.LeakedLink{Seat: s.ID, Epoch: e, Link: link}
	x.leaks = append(x.leaks[max(0, len(x.leaks)-3):], sealed[*wire.LeakedLink]{by, leak})
	_, o, _ := ledger.ReadOwner(x.tree, secret(by).Public())
	return by, &wire.SealLeak{Seal: leak.Seal(o.Signer(x.next()))}
}

// chainOf is every seat's chain of plants that begins with an epoch. Some are kept,
// for each is thousands of hashes.
func (x *modelled) chainOf(start protocol.Epoch) *plant.Maker {
	if x.chains[start] == nil {
		if len(x.chains) == 64 {
			clear(x.chains)
		}
		x.chains[start] = plant.NewMaker([32]byte{byte(start), byte(start >> 8), byte(start >> 16)}, start)
	}
	return x.chains[start]
}

// forget drops what is over.
func (x *modelled) forget() {
	e := x.p.Schedule.EpochOf(x.height)
	for old := range x.given {
		if old+2 < e {
			delete(x.given, old)
		}
	}
	for key, v := range x.votes {
		if d := x.m.disputes[v.Case]; d == nil || d.stage == over {
			delete(x.votes, key)
		}
	}
	for old := range x.m.guilts {
		if old+16 < uint64(e) {
			delete(x.m.guilts, old)
		}
	}
	for name := range x.m.fines {
		x.m.fines[name] = slices.DeleteFunc(x.m.fines[name], func(f fine) bool { return f.at+16*x.p.Schedule.Tempo < uint64(x.height) })
	}
	x.cards = slices.DeleteFunc(x.cards, func(k sealed[*wire.OpenCards]) bool { return k.body.Epoch+3 < e })
	x.ratings = slices.DeleteFunc(x.ratings, func(k sealed[*wire.OpenRatings]) bool { return x.p.Schedule.EpochOfRound(k.body.Round)+3 < e })
	gone := func(id protocol.Hash) bool { return x.m.requests[id] == nil }
	x.records = slices.DeleteFunc(x.records, func(k sealed[*wire.OpenRecord]) bool { return gone(k.body.Request) })
	x.findings = slices.DeleteFunc(x.findings, func(k sealed[*wire.OpenFinding]) bool { return gone(k.body.Request) })
}
