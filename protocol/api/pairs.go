package api

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// Pair is an item of /v1/pairs: a pair of the people's lane whose setter opened
// what it was made from, with its ratings.
type Pair struct {
	Epoch protocol.Epoch `json:"epoch"` // in which its ratings fell due
	Round protocol.Round `json:"round"` // in which it was given to raters
	Due   protocol.Round `json:"due"`   // in which its ratings fell due
	// Setter is the uid of the validator that set it, Place where the pair stands
	// among the setter's of the round, Root what the ledger has of all of them.
	Setter     protocol.UID       `json:"setter_uid"`
	Registered protocol.Height    `json:"registered"`
	Hotkey     protocol.PublicKey `json:"setter"`
	Place      uint16             `json:"place"`
	Root       protocol.Hash      `json:"root"`
	Prompt     string             `json:"prompt"`
	A          string             `json:"a"`
	B          string             `json:"b"`
	// Longer, Engine and Gold are sides, −1 for A and 1 for B.
	Longer  int8     `json:"longer"`
	Engine  int8     `json:"engine"`
	Gold    int8     `json:"gold"`
	Ratings []Rating `json:"ratings"`
}

// Rating is what one rater said of a pair.
type Rating struct {
	Rater protocol.PublicKey `json:"rater"`
	Key   uint8              `json:"key"`  // 1 to 5, as the rater saw the pair
	Side  int8               `json:"side"` // −1 for A, 1 for B
}

// pairs shows the pairs of the people's lane with their ratings, by the round in
// which these fell due, setter and place. Pairs whose texts this node does not
// have, or that it found not to be what their setter opened, are not shown.
func (h *Handler) pairs(r *request) (any, error) {
	p, err := newPager[Pair](r)
	if err != nil {
		return nil, err
	}
	if h.src.Work == nil {
		return nil, notKept("pairs", "ask a validator")
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	err = h.eachRound(r, p, v, "pairs", func(due protocol.Round) error { return h.addPairs(r, v, p, due) })
	if err != nil {
		return nil, err
	}
	return p.page(), nil
}

// addPairs adds the pairs whose ratings fell due in a round.
func (h *Handler) addPairs(r *request, v *view, p *pager[Pair], due protocol.Round) error {
	l, ok, err := ledger.ReadLane(v, h.params, due)
	if err != nil || !ok || len(l.Sets) == 0 {
		return err
	}
	x := pairList{h: h, v: v, p: p, lane: &l, table: l.Deal(h.params)}
	if err := x.readRatings(); err != nil {
		return err
	}
	for i := range l.Sets {
		if set := &l.Sets[i]; set.Opened() {
			if err := x.add(r, i, set); err != nil || p.more {
				return err
			}
		}
	}
	return nil
}

// pairList adds the pairs of one round of the lane to a page.
type pairList struct {
	h       *Handler
	v       *view
	p       *pager[Pair]
	lane    *ledger.Lane
	table   *preference.Table
	ratings [][]uint8            // by rater; nil of one that opened none
	hotkeys []protocol.PublicKey // of the raters
}

func (x *pairList) readRatings() error {
	e := x.h.params.Schedule.EpochOfRound(x.lane.Set)
	for i := range x.lane.Raters {
		id := x.lane.Raters[i].ID
		rec, ok, err := ledger.ReadRatings(x.v, x.lane.Due, id.UID)
		if err != nil {
			return err
		}
		var said []uint8
		if ok && rec.Seat == id {
			said, _ = preference.Unpack(rec.Ratings, len(x.table.Seats[i]))
		}
		hotkey, err := hotkeyOf(x.v, e, id)
		if err != nil {
			return err
		}
		x.ratings, x.hotkeys = append(x.ratings, said), append(x.hotkeys, hotkey)
	}
	return nil
}

// hotkeyOf returns whose a seat was in an epoch; the zero key where the ledger does
// not remember.
func hotkeyOf(v *view, e protocol.Epoch, id protocol.SeatID) (protocol.PublicKey, error) {
	if s, ok, err := ledger.ReadRosterSeat(v, e, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	s, ok, err := ledger.ReadSeat(v, id.UID)
	if err != nil || !ok || s.ID != id {
		return protocol.PublicKey{}, err
	}
	return s.Hotkey, nil
}

// add adds the pairs of the i-th set.
func (x *pairList) add(r *request, i int, set *preference.Set) error {
	texts, lie, err := x.h.src.Work.Texts(r.ctx(), x.lane.Set, set.Setter)
	if err != nil || texts == nil || lie {
		return err
	}
	hotkey, err := hotkeyOf(x.v, x.h.params.Schedule.EpochOfRound(x.lane.Set), set.Setter)
	if err != nil {
		return err
	}
	for k := range min(len(texts), len(set.Origins), len(x.table.Pairs[i])) {
		pos := position{epoch: protocol.Epoch(x.lane.Due), a: set.Setter.UID, b: protocol.UID(k)}
		if !x.p.wants(pos) {
			continue
		}
		if x.p.full() {
			return nil
		}
		o, err := pair.ParseOrigin(set.Origins[k])
		if err != nil {
			return fmt.Errorf("pair %d of seat %d: %w", k, set.Setter.UID, err)
		}
		item := Pair{
			Epoch: x.h.params.Schedule.EpochOfRound(x.lane.Due), Round: x.lane.Set, Due: x.lane.Due,
			Setter: set.Setter.UID, Registered: set.Setter.Registered, Hotkey: hotkey, Place: uint16(k), Root: set.Root,
			Prompt: texts[k][0], A: texts[k][1], B: texts[k][2], Longer: o.Sign, Engine: o.Z, Gold: o.Gold, Ratings: []Rating{},
		}
		for _, d := range x.table.Pairs[i][k] {
			if x.ratings[d.Rater] == nil {
				continue
			}
			key := x.ratings[d.Rater][d.Place]
			if side, said := preference.Side(key, d.Swapped); said {
				item.Ratings = append(item.Ratings, Rating{Rater: x.hotkeys[d.Rater], Key: key, Side: side})
			}
		}
		x.p.add(pos, item)
	}
	return nil
}
