package makers

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// price of a record, in base units: a token.
const price = 1_000_000_000

// ground is what all cases of a world have in common.
type ground struct {
	m *Model
	l *language

	named, unnamed []string
	set            *gramset.Set // of named
	templates      []string
	slots          [8][12][]int // numbers of words
	canned         [5]string

	beacon protocol.Hash
	honest [][]synthetic.Record // of each block, one of each maker, were all honest
	// memo is of the texts that come in many cases.
	memo *synthetic.Memo
}

func newGround(m *Model, r *rand.Rand) *ground {
	g := &ground{m: m, l: speak(r, m)}
	for range m.Public {
		g.named, g.unnamed = append(g.named, g.l.prose(r)), append(g.unnamed, g.l.prose(r))
	}
	g.set = setOf(g.named)
	for range 3 {
		g.templates = append(g.templates, g.l.prose(r))
	}
	for i := range g.slots {
		for k := range g.slots[i] {
			g.slots[i][k] = g.l.numbers(r, 9)
		}
	}
	for i := range g.canned {
		g.canned[i] = g.l.prose(r)
	}
	g.beacon = hash(r)
	var texts []string
	for n := range m.RecordsEach {
		block := make([]synthetic.Record, m.Makers)
		for seat := range block {
			block[seat] = record(seat, n+1, hash(r), g.l.prose(r))
			texts = append(texts, block[seat].Text)
		}
		g.honest = append(g.honest, block)
	}
	g.memo = synthetic.NewMemo(texts, g.named, g.unnamed)
	return g
}

func setOf(list []string) *gramset.Set {
	var grams []uint64
	for _, t := range list {
		grams = append(grams, text.Novel(text.Words(t))...)
	}
	return gramset.Of(text.NovelGram, grams)
}

// world is one request and who works for it.
type world struct {
	*ground
	c      *Case
	varied float64
	r      *rand.Rand

	own     []string     // of each seat that hands in one record again and again
	history keySet       // of a grinder against the gates: what it handed in
	beside  index.Memory // what another request has that runs at the same time
	// unopened counts seals that cheats do not open.
	unopened int

	records []synthetic.Record
	before  []string // of honest makers, in blocks before
	fresh   []string // of honest makers, in this block
}

func newWorld(g *ground, c *Case, varied float64, r *rand.Rand) *world {
	w := &world{ground: g, c: c, varied: varied, r: r}
	for range c.Seats {
		w.own = append(w.own, g.l.prose(r))
	}
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
	"grammar": func(w *world, _, _ int) string { return w.l.say(w.grammar(nil)) },
	"self":    func(w *world, seat, _ int) string { return w.own[seat] },
	"named":   func(w *world, seat, n int) string { return w.named[(seat*w.m.RecordsEach+n)%len(w.named)] },
	"unnamed": func(w *world, seat, n int) string { return w.unnamed[(seat*w.m.RecordsEach+n)%len(w.unnamed)] },
	"copy":    func(w *world, _, _ int) string { return pick(w.r, w.before) },
	"spin":    func(w *world, _, _ int) string { return pick(w.r, w.before) },
	"apart":   func(w *world, _, _ int) string { return pick(w.r, w.before) },
	"canned": func(w *world, _, _ int) string {
		return w.l.run(w.r, 8) + ". " + w.canned[w.r.IntN(len(w.canned))]
	},
	"gates": (*world).grind,
	"order": func(w *world, _, _ int) string { return pick(w.r, w.fresh) },
	"lots":  func(w *world, _, _ int) string { return pick(w.r, w.fresh) },
	"twice": func(w *world, _, _ int) string { return w.l.prose(w.r) },
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

// grammar fills the slots, with the numbers of words that it appends.
func (w *world) grammar(out []int) []int {
	for i := range w.slots {
		out = append(out, w.slots[i][w.r.IntN(len(w.slots[i]))]...)
	}
	return out
}

// grind makes a hundred texts and hands in the one with the most runs of five words
// that it has not handed in before: the gates are public.
func (w *world) grind(_, _ int) string {
	var best, words []int
	var most, runs []uint64
	fewest := -1
	for range 100 {
		words = w.grammar(words[:0])
		replace(w.r, words, w.varied, w.l.number)
		runs = w.l.fives(runs[:0], words)
		count := 0
		for _, k := range runs {
			if !w.history.has(k) {
				continue
			}
			if count++; fewest >= 0 && count >= fewest {
				break // it is not the best
			}
		}
		if fewest < 0 || count < fewest {
			best, words, fewest = words, best, count
			most, runs = runs, most
		}
	}
	for _, k := range most {
		w.history.add(k)
	}
	return w.l.say(best)
}

// hand hands in all records, block by block: one of each maker in a block. A
// league's makers hand in all of theirs in the first.
func (w *world) hand() {
	for n, block := range w.honest {
		w.fresh = w.fresh[:0]
		for _, k := range block[w.c.Seats:] {
			w.fresh, w.records = append(w.fresh, k.Text), append(w.records, k)
		}
		for seat := range w.c.Seats {
			w.cheat(seat, n)
		}
		w.before = append(w.before, w.fresh...)
	}
}

func (w *world) cheat(seat, n int) {
	handed, block, id := behaviours[w.c.Cheat](w, seat, n), n+1, hash(w.r)
	switch w.c.Cheat {
	case "gates": // varied what it chose from
	case "apart":
		handed = w.l.apart(w.r, handed, w.varied)
	case "league":
		block = 0
	case "order":
		id = w.early(id, block, hash(w.r), 1000)
	case "lots":
		if handed != "" {
			id = w.early(id, block, w.beacon, w.m.Seals-1)
			w.unopened += w.m.Seals - 1
		}
	case "twice":
		words := text.Words(handed)
		sign := gate.Sign(text.Novel(words))
		w.beside.Add(append(text.Novel(words), text.Skeleton(words)...), &sign)
		handed = w.l.vary(w.r, handed, w.varied)
	default:
		handed = w.l.vary(w.r, handed, w.varied)
	}
	if handed != "" {
		w.records = append(w.records, record(seat, block, id, handed))
	}
}

// early returns which of an id and so many more comes first if this is the beacon.
// Who guesses it seals one of them alone; who knows it has sealed them all.
func (w *world) early(id protocol.Hash, block int, beacon protocol.Hash, more int) protocol.Hash {
	spec := &synthetic.Specification{Beacon: beacon}
	first := synthetic.PlaceOf(spec, uint64(block), id)
	for range more {
		if p := synthetic.PlaceOf(spec, uint64(block), hash(w.r)); p.Compare(first) < 0 {
			first = p
		}
	}
	return first.ID
}

func record(seat, block int, id protocol.Hash, text string) synthetic.Record {
	return synthetic.Record{ID: id, Maker: uint32(seat), Block: uint64(block), Text: text}
}

// specification asks for as many records as honest makers alone would hand in, so
// that there is not room for everybody.
func (w *world) specification() *synthetic.Specification {
	count := uint32(w.m.Makers * w.m.RecordsEach)
	if w.c.Cheat == "league" {
		count = uint32(w.c.Seats * w.m.RecordsEach) // as many as its own makers have
	}
	return &synthetic.Specification{
		Count: count, Price: price, Maximum: uint64(count) * price, Beacon: w.beacon, Sets: []protocol.Hash{w.set.Name()},
	}
}
