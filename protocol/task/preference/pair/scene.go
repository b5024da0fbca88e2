package pair

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol/task"
)

// scene is a question about something small: what is asked, the right value and
// some that are wrong.
type scene struct {
	question string
	right    string
	wrong    [2]string // named in the question as well, so that they are plausible
	// says are forms of a response, each with one %s for the value; the first does
	// not begin with it.
	says []string
}

// scenes are the sorts of questions. Each names three things, of which one is
// right, and a small model mistakes them at times: that is where golds of both
// halves come from.
var scenes = []func(*task.Stream) scene{sale, home, height, most, train, price, holder}

func sale(s *task.Stream) scene {
	three, what, n := distinct(s, names), pick(s, goods), between(s, 3, 90)
	story := fmt.Sprintf("%s sold %d %s to %s, and %s carried them home.", three[0], n, what, three[1], three[2])
	if s.Below(2) == 1 {
		story = fmt.Sprintf("%s bought %d %s from %s, and %s carried them home.", three[1], n, what, three[0], three[2])
	}
	i := between(s, 0, 1)
	did := []string{"sold", "bought"}[i]
	return choose(three, i, fmt.Sprintf("%s Who %s the %s?", story, did, what),
		"The one who "+did+" the "+what+" was %s.", "It was %s who "+did+" the "+what+".", "%s "+did+" the "+what+".")
}

func home(s *task.Stream) scene {
	who, where, i := distinct(s, names), distinct(s, cities), between(s, 0, 2)
	return choose(where, i, fmt.Sprintf("%s lives in %s, %s lives in %s, and %s lives in %s. Where would you send a letter for %s?",
		who[0], where[0], who[1], where[1], who[2], where[2], who[i]),
		"The letter should go to %s.", "I would send the letter to %s.", "Send the letter to %s.")
}

func height(s *task.Stream) scene {
	three, i := distinct(s, names), 2*between(s, 0, 1)
	is := []string{"tallest", "", "shortest"}[i]
	story := fmt.Sprintf("%s is taller than %s, and %s is taller than %s.", three[0], three[1], three[1], three[2])
	if s.Below(2) == 1 {
		story = fmt.Sprintf("%s is shorter than %s, and %s is shorter than %s.", three[2], three[1], three[1], three[0])
	}
	return choose(three, i, fmt.Sprintf("%s Who is the %s?", story, is),
		"The "+is+" of the three is %s.", "%s is the "+is+".", "Of the three, %s is the "+is+".")
}

func most(s *task.Stream) scene {
	three, what, has := distinct(s, names), pick(s, goods), threeNumbers(s)
	i, is := extreme(s, has, "fewest", "most")
	return choose(three, i, fmt.Sprintf("%s has %d %s, %s has %d, and %s has %d. Who has the %s?", three[0], has[0], what, three[1], has[1], three[2], has[2], is),
		"The one with the "+is+" "+what+" is %s.", "%s has the "+is+" "+what+".", "Of the three, %s has the "+is+".")
}

func train(s *task.Stream) scene {
	where, at := distinct(s, cities), threeNumbers(s)
	i, is := extreme(s, at, "first", "last")
	clock := func(k int) string { return fmt.Sprintf("%d:%02d", 6+at[k]/6, at[k]%6*10) }
	return choose(where, i, fmt.Sprintf("The train to %s leaves at %s, the one to %s at %s, and the one to %s at %s. Which train leaves %s?",
		where[0], clock(0), where[1], clock(1), where[2], clock(2), is),
		"The train that leaves "+is+" is the one to %s.", "The train to %s leaves "+is+".", "It is the train to %s that leaves "+is+".")
}

func price(s *task.Stream) scene {
	three, costs := distinct(s, goods), threeNumbers(s)
	i, is := extreme(s, costs, "cheapest", "dearest")
	return choose(three, i, fmt.Sprintf("A shop sells %s at %d coins each, %s at %d, and %s at %d. Which are the %s?",
		three[0], costs[0], three[1], costs[1], three[2], costs[2], is),
		"The "+is+" are the %s.", "Of the three, the %s are the "+is+".", "In that shop, the %s are the "+is+".")
}

func holder(s *task.Stream) scene {
	who, what, i := distinct(s, names), distinct(s, goods), between(s, 0, 2)
	return choose(who, i, fmt.Sprintf("%s took the %s, %s took the %s, and %s took the %s. Who has the %s?",
		who[0], what[0], who[1], what[1], who[2], what[2], what[i]),
		"The one who has the "+what[i]+" is %s.", "%s has the "+what[i]+".", "It is %s who has the "+what[i]+".")
}

// choose is the scene whose value is one of three.
func choose(three []string, right int, question string, says ...string) scene {
	return scene{question: question, right: three[right], wrong: [2]string{three[(right+1)%3], three[(right+2)%3]}, says: says}
}

// threeNumbers draws numbers of two digits that differ.
func threeNumbers(s *task.Stream) []int {
	a, b, c := between(s, 10, 97), between(s, 10, 98), between(s, 10, 99)
	if b >= a {
		b++
	}
	for c == a || c == b {
		c = 10 + (c-9)%90
	}
	return []int{a, b, c}
}

// extreme draws whether the least or the greatest is asked for, and returns its
// place and the word for it.
func extreme(s *task.Stream, of []int, least, greatest string) (int, string) {
	if s.Below(2) == 1 {
		return slices.Index(of, slices.Min(of)), least
	}
	return slices.Index(of, slices.Max(of)), greatest
}

// begun is how a response in the first form begins.
func (c scene) begun() string {
	begun, _, _ := strings.Cut(c.says[0], " %s")
	return begun
}

// value returns the value that an answer states first; "" where it states none.
func (c scene) value(answer string) string {
	answer, _, _ = strings.Cut(answer, "\n")
	for _, w := range strings.FieldsFunc(answer, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }) {
		if w == c.right || w == c.wrong[0] || w == c.wrong[1] {
			return w
		}
	}
	return ""
}
