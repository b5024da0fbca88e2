package pair

import (
	"github.com/assaynet/assay/protocol/task"
)

// pick draws one of a list.
func pick[T any](s *task.Stream, list []T) T { return list[s.Below(uint64(len(list)))] }

// between draws a number in low … high.
func between(s *task.Stream, low, high int) int { return low + int(s.Below(uint64(high-low+1))) }

// distinct draws three different ones of a list.
func distinct(s *task.Stream, list []string) []string {
	left := append([]string(nil), list...)
	for i := range 3 {
		j := i + int(s.Below(uint64(len(left)-i)))
		left[i], left[j] = left[j], left[i]
	}
	return left[:3]
}

// permutation draws an order of 0 … n−1.
func permutation(s *task.Stream, n int) []int {
	out := make([]int, n)
	for i := range out {
		j := int(s.Below(uint64(i + 1)))
		out[i], out[j] = out[j], i
	}
	return out
}

// What questions and responses are made of. A list is never changed: pairs follow
// from it.
var (
	names = []string{
		"Ada", "Alan", "Anna", "Ben", "Carl", "Clara", "Dan", "David", "Dora", "Ella", "Emma", "Eric", "Frank", "Fred", "George", "Grace",
		"Helen", "Henry", "Ian", "Jack", "James", "Jane", "Joan", "John", "Julia", "Karl", "Kate", "Laura", "Leo", "Lily", "Lisa", "Lucy",
		"Mark", "Mary", "Nina", "Nora", "Oscar", "Paul", "Peter", "Rosa", "Ruth", "Sam", "Sara", "Simon", "Tom", "Vera",
	}
	cities = []string{
		"Athens", "Berlin", "Boston", "Cairo", "Chicago", "Dallas", "Delhi", "Denver", "Dublin", "Florence", "Geneva", "Houston", "Lima",
		"Lisbon", "London", "Madrid", "Miami", "Milan", "Moscow", "Munich", "Oslo", "Paris", "Prague", "Rome", "Seattle", "Sydney", "Tokyo", "Vienna",
	}
	goods = []string{
		"apples", "baskets", "bells", "belts", "books", "boots", "bottles", "bricks", "buckets", "buttons", "cameras", "candles", "carpets", "chairs",
		"clocks", "coats", "coins", "cups", "flags", "flowers", "gloves", "hammers", "hats", "keys", "lamps", "lemons", "letters", "maps", "mirrors",
		"pencils", "pillows", "plates", "ropes", "rugs", "shells", "shirts", "spoons", "tables", "tents",
	}
	// openers and closers are the manners of a response, from helpful to tiresome.
	openers = []string{
		"", "", "Sure. ", "Let us see. ", "Gladly! ", "Good question. ", "Here is the answer. ", "Well, you know, it is like this. ",
		"Why do you ask me that? ", "Hm. ", "Everybody can see it. ", "I read it twice. ", "It is simple. ", "Listen. ",
	}
	closers = []string{
		"", "", " I hope that helps.", " You can check it in the text.", " Anything else?", " Do not ask again.", " That is all there is to it.",
		" Ask me if a step is not clear.", " Or so I think, or so it seems.", " I am always glad to help.", " Next time, read it yourself.",
		" I checked it once more to be sure.", " As I said, that is how it is, as I said.",
	}
)
