package makers

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
)

// price of a record, in base units.
const price = 1_000_000

// world is one request and who works for it.
type world struct {
	m      *Model
	c      *Case
	varied float64
	r      *rand.Rand
	l      *language

	named, unnamed []string
	templates      []string
	slots          [8][12]string
	own            []string // of each seat that hands in one record again and again
	canned         [5]string
	history        map[uint64]bool // grams of a grinder against the gates

	beacon  protocol.Hash
	records []synthetic.Record
	honest  []string // handed in so far, in blocks before
	fresh   []string // handed in, in this block
}

func newWorld(m *Model, c *Case, varied float64, r *rand.Rand) *world {
	w := &world{m: m, c: c, varied: varied, r: r, l: speak(r, m), history: map[uint64]bool{}}
	for range m.Public {
		w.named, w.unnamed = append(w.named, w.l.prose(r)), append(w.unnamed, w.l.prose(r))
	}
	for range 3 {
		w.templates = append(w.templates, w.l.prose(r))
	}
	for i := range w.slots {
		for k := range w.slots[i] {
			w.slots[i][k] = w.l.run(r, 9)
		}
	}
	for range c.Seats {
		w.own = append(w.own, w.l.prose(r))
	}
	for i := range w.canned {
		w.canned[i] = w.l.prose(r)
	}
	w.beacon = hash(r)
	return w
}

func hash(r *rand.Rand) (h protocol.Hash) {
	for i := 0; i < len(h); i += 8 {
		binary.BigEndian.PutUint64(h[i:], r.Uint64())
	}
	return h
}

// behaviours are what a cheat hands in as its n-th record; "" is nothing.
var behaviours = map[string]func(w *world, seat, n int) string{
	"filler": func(w *world, _, n int) string {
		words := strings.Fields(w.templates[w.r.IntN(len(w.templates))])
		for i := 3; i < len(words); i += 9 { // a name and a number in every line
			words[i] = "Al" + syllables(w.r, 2)
			words[i-1] = fmt.Sprint(n*97 + i)
		}
		return strings.Join(words, " ")
	},
	"grammar": func(w *world, _, _ int) string { return w.grammar() },
	"self":    func(w *world, seat, _ int) string { return w.own[seat] },
	"named":   func(w *world, seat, n int) string { return w.named[(seat*w.m.RecordsEach+n)%len(w.named)] },
	"unnamed": func(w *world, seat, n int) string { return w.unnamed[(seat*w.m.RecordsEach+n)%len(w.unnamed)] },
	"copy":    func(w *world, _, _ int) string { return pick(w.r, w.honest) },
	"spin":    func(w *world, _, _ int) string { return pick(w.r, w.honest) },
	"canned": func(w *world, _, _ int) string {
		return w.l.run(w.r, 8) + ". " + w.canned[w.r.IntN(len(w.canned))]
	},
	"gates": (*world).grind,
	"order": func(w *world, _, _ int) string { return pick(w.r, w.fresh) },
	"league": func(w *world, _, _ int) string {
		return w.l.prose(w.r) // the work is done before the request is made
	},
}

func pick(r *rand.Rand, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[r.IntN(len(list))]
}

func (w *world) grammar() string {
	var out []string
	for i := range w.slots {
		out = append(out, w.slots[i][w.r.IntN(len(w.slots[i]))])
	}
	return strings.Join(out, " ") + "."
}

// grind makes a hundred texts and hands in the one with the most grams that it has
// not handed in before: the gates are public.
func (w *world) grind(_, _ int) string {
	best, most := "", -1
	var grams []uint64
	for range 100 {
		text, count := w.l.vary(w.r, w.grammar(), w.varied), 0
		of := novel(text)
		for _, g := range of {
			if !w.history[g] {
				count++
			}
		}
		if count > most {
			best, most, grams = text, count, of
		}
	}
	for _, g := range grams {
		w.history[g] = true
	}
	return best
}

func novel(s string) []uint64 { return text.Novel(text.Words(s)) }

// hand hands in all records, block by block: one of each maker in a block. A
// league's makers hand in all of theirs in the first.
func (w *world) hand() {
	for n := range w.m.RecordsEach {
		w.fresh = w.fresh[:0]
		for seat := w.c.Seats; seat < w.m.Makers; seat++ {
			text := w.l.prose(w.r)
			w.fresh = append(w.fresh, text)
			w.add(seat, n+1, hash(w.r), text)
		}
		for seat := range w.c.Seats {
			w.cheat(seat, n)
		}
		w.honest = append(w.honest, w.fresh...)
	}
}

func (w *world) cheat(seat, n int) {
	text, block, id := behaviours[w.c.Cheat](w, seat, n), n+1, hash(w.r)
	switch w.c.Cheat {
	case "gates": // varied what it chose from
	case "league":
		block = 0
	case "order":
		id = w.early(id, block)
	default:
		text = w.l.vary(w.r, text, w.varied)
	}
	if text != "" {
		w.add(seat, block, id, text)
	}
}

// early returns the id, of a thousand, that comes first if the beacon is what the
// cheat guesses: it is drawn when all have committed.
func (w *world) early(id protocol.Hash, block int) protocol.Hash {
	guess := &synthetic.Specification{Beacon: hash(w.r)}
	first := synthetic.PlaceOf(guess, uint64(block), id)
	for range 1000 {
		if p := synthetic.PlaceOf(guess, uint64(block), hash(w.r)); p.Compare(first) < 0 {
			first = p
		}
	}
	return first.ID
}

func (w *world) add(seat, block int, id protocol.Hash, text string) {
	w.records = append(w.records, synthetic.Record{ID: id, Maker: uint32(seat), Block: uint64(block), Text: text})
}

// specification asks for as many records as honest makers alone would hand in, so
// that there is not room for everybody.
func (w *world) specification(set *gramset.Set) *synthetic.Specification {
	count := uint32(w.m.Makers * w.m.RecordsEach)
	if w.c.Cheat == "league" {
		count = uint32(w.c.Seats * w.m.RecordsEach) // as many as its own makers have
	}
	return &synthetic.Specification{
		Count: count, Price: price, Maximum: uint64(count) * price, Beacon: w.beacon, Sets: []protocol.Hash{set.Name()},
	}
}
