package inference

import (
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol/task"
)

// Prompts come from templates in five families. A place in braces is filled
// from the stream: a word of a list that the prompt does not hold yet, or a
// number of n digits ({n3} is 100 … 999). Every template has at least 2⁴⁰ forms,
// so that repeats do not happen, and common words and few digits, so that a
// prompt is some 15 to 35 tokens of any vocabulary: what is shared, and
// computed once, is the system prompt.
//
// What the model answers need not be right. It need only be the model's.
var families = [][]string{
	{ // arithmetic
		"What is {n5} + {n4} - {n5}?",
		"{name} packs {n3} {adj} {noun}s in {n2} boxes and {name} adds {n3}. How many now?",
		"A {noun} costs {n3} coins, a {adj} {noun} {n3}. What do {n2} of each cost?",
	},
	{ // extraction
		"{name} sold {n3} {adj} {noun}s to {name} in {city} for {n3} coins. Who paid?",
		"Note: {noun} {n4}, {adj} {noun}, {name}, {city}. Which city is named?",
		"List the numbers: {n3} {noun}s, {n2} {adj} {noun}s and {n3} {noun}s.",
	},
	{ // rewriting
		"Say politely: {name}, bring {n3} {adj} {noun}s and the {noun} to {city}!",
		"Put in the past tense: {name} gives {name} {n3} {adj} {noun}s for a {noun}.",
		"Shorten: the {adj} {noun} of {name} stood by the {adj} {noun} in {city} for {n3} days.",
	},
	{ // short reasoning
		"A {adj} {noun} goes to the oldest: {name} is {n2}, {name} {n2}, {name} {n2}. Who gets it?",
		"{name} left {city} with {n3} {noun}s, lost {n2} and found {n3} {adj} ones. More or fewer?",
		"Which is heavier: {n3} {adj} {noun}s of {n3} grams or {n2} {adj} {noun}s of {n3}?",
	},
	{ // code reading
		"What does it print? a = {n4}; b = {n3}; print((a - b) % {n2} + {n4})",
		"Python: x = [{n3}, {n3}, {n3}, {n3}]. What is max(x) - x[{d}]?",
		"s = '{noun} {adj} {noun}'; print(len(s) * {n4} + {n3}). What appears?",
	},
}

func words(s string) []string { return strings.Fields(s) }

// The lists: short, common words, so that most are one token; nouns take an s.
var lists = map[string][]string{
	"name": words(`Ada Adam Alan Alice Amy Anna Ben Bob Carl Carol Chris Clara Dan David Dora Ed
		Ella Emma Eric Eva Frank Fred George Grace Hana Harry Helen Henry Ian Ida Jack James
		Jane Jim Joan John Julia Karl Kate Ken Laura Leo Lily Lisa Lucy Mark Mary Max
		Mia Nina Noah Nora Oscar Paul Peter Rosa Ruth Sam Sara Simon Tim Tom Vera Will`),
	"noun": words(`apple arrow axe bag ball banana band barrel basket bed bell belt bike bird blanket boat
		book boot bottle bowl bracelet brick bridge bucket button cake camera candle car card carpet carrot
		cat chain chair chest clock cloud coat coin cookie cord cow crown cup curtain desk diamond
		dog doll door deck drum duck eagle egg engine feather fence flag flower flute fork frame
		garden gate ghost gift glove goat guitar hammer hat hook horse house jacket jar jewel key
		kite lake lamp lantern lemon letter lion map mask melon mirror motor mountain nail needle onion
		orange oven owl pan panel pencil piano picture pillow pipe plate parrot pump puzzle rabbit radio
		ring robot rocket rope rug ruler sail seat shell shirt shoe spoon table tent wheel window`),
	"adj": words(`big blue brave bright brown busy calm cheap clean clever cold cool crazy dark deep dirty
		dry dull empty fair fast fat fine flat free fresh full gentle glad golden good grand
		gray great green happy hard heavy high hollow hot huge kind large late light little long
		loud low mild new nice odd old open pale pink plain pure quick quiet rare red`),
	"city": words(`Athens Atlanta Berlin Boston Cairo Chicago Dallas Delhi Denver Dublin Florence Geneva Houston Istanbul Kyoto Lima
		Lisbon London Madrid Miami Milan Moscow Munich Oslo Paris Prague Rome Seattle Sydney Tokyo Vienna Warsaw`),
}

// drawPrompt draws a family, one of its templates, and what fills it.
func drawPrompt(s *task.Stream) string {
	family := families[s.Below(uint64(len(families)))]
	return fill(s, family[s.Below(uint64(len(family)))])
}

func fill(s *task.Stream, template string) string {
	var b strings.Builder
	used := map[string]bool{}
	for {
		text, rest, found := strings.Cut(template, "{")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		var place string
		place, template, _ = strings.Cut(rest, "}")
		b.WriteString(draw(s, place, used))
	}
}

// draw draws what fills one place; used holds the words of the prompt so far.
func draw(s *task.Stream, place string, used map[string]bool) string {
	switch {
	case place == "d": // an index into four elements
		return strconv.FormatUint(s.Below(4), 10)
	case place[0] == 'n' && len(place) == 2:
		low := uint64(1)
		for range place[1] - '1' {
			low *= 10
		}
		return strconv.FormatUint(low+s.Below(9*low), 10)
	}
	list := lists[place]
	i := s.Below(uint64(len(list)))
	for used[list[i]] { // lists are longer than any prompt
		i = (i + 1) % uint64(len(list))
	}
	used[list[i]] = true
	return list[i]
}
