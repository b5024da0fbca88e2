package pair

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol/task"
)

// scene is a question about something small: what is asked, the right value and
// some that are wrong.
type scene struct {
	question string
	right    string
	wrong    []string // plausible, at least one, none right; the first is the nearest
	says     []string // forms of a response, each with one %s for the value
	number   bool     // the value is a number, and any other number is wrong
}

// scenes are the sorts of questions, drawn alike. A small model is right about
// each of them at times: that is where golds of both halves come from.
var scenes = []func(*task.Stream) scene{more, fewer, each, buyer, place, taller, weekday}

func more(s *task.Stream) scene {
	who, what, a, b := pick(s, names), pick(s, goods), between(s, 11, 89), between(s, 3, 29)
	return number(s, fmt.Sprintf("%s has %d %s and gets %d more. How many %s does %s have now?", who, a, what, b, what, who), a+b,
		who+" now has %s "+what+".", "There are %s "+what+" now.", "The number of "+what+" is %s.")
}

func fewer(s *task.Stream) scene {
	who, what, a, b := pick(s, names), pick(s, goods), between(s, 31, 98), between(s, 3, 29)
	return number(s, fmt.Sprintf("%s has %d %s and gives away %d. How many %s are left?", who, a, what, b, what), a-b,
		"%s "+what+" are left.", who+" has %s "+what+" left.", "What remains is %s "+what+".")
}

func each(s *task.Stream) scene {
	what, a, b := pick(s, goods), between(s, 3, 12), between(s, 4, 15)
	return number(s, fmt.Sprintf("There are %d boxes with %d %s in each. How many %s are there in all?", a, b, what, what), a*b,
		"There are %s "+what+" in all.", "In all, the boxes hold %s "+what+".", "Together that makes %s "+what+".")
}

func buyer(s *task.Stream) scene {
	two, what, city := distinct(s, names, 3), pick(s, goods), pick(s, cities)
	question := fmt.Sprintf("In %s, %s sold %d %s to %s. Who bought the %s?", city, two[0], between(s, 3, 90), what, two[1], what)
	return scene{
		question: question, right: two[1], wrong: []string{two[0], two[2]},
		says: []string{"%s bought the " + what + ".", "It was %s who bought the " + what + ".", "The buyer of the " + what + " was %s."},
	}
}

func place(s *task.Stream) scene {
	who, two, what := distinct(s, names, 2), distinct(s, cities, 3), pick(s, goods)
	question := fmt.Sprintf("%s lives in %s, and %s lives in %s. Where would you send %s for %s?", who[0], two[0], who[1], two[1], what, who[1])
	return scene{
		question: question, right: two[1], wrong: []string{two[0], two[2]},
		says: []string{"The " + what + " should go to %s.", "I would send the " + what + " to %s.", "Send the " + what + " to %s."},
	}
}

func taller(s *task.Stream) scene {
	three := distinct(s, names, 3)
	question := fmt.Sprintf("%s is taller than %s, and %s is taller than %s. Who is the shortest of the three?", three[0], three[1], three[1], three[2])
	return scene{
		question: question, right: three[2], wrong: []string{three[1], three[0]},
		says: []string{"The shortest of the three is %s.", "%s is the shortest.", "Of the three, %s is the shortest."},
	}
}

func weekday(s *task.Stream) scene {
	today, n := between(s, 0, 6), between(s, 2, 5)
	right := (today + n) % 7
	return scene{
		question: fmt.Sprintf("Today is %s. Which day of the week is it in %d days?", days[today], n),
		right:    days[right], wrong: []string{days[(right+1)%7], days[(right+6)%7], days[today]},
		says: []string{"In " + strconv.Itoa(n) + " days it is %s.", "It will be %s.", "The day will be a %s."},
	}
}

// number is a scene whose value is a number; it draws the wrong ones.
func number(s *task.Stream, question string, right int, says ...string) scene {
	off := []int{1, 2, 10, 11, 9, 20}
	var wrong []string
	for _, i := range []int{between(s, 0, 1), between(s, 2, 5)} {
		n := right + off[i]
		if s.Below(2) == 1 && right > off[i]+9 {
			n = right - off[i]
		}
		wrong = append(wrong, strconv.Itoa(n))
	}
	return scene{question: question, right: strconv.Itoa(right), wrong: wrong, says: says, number: true}
}

// example returns a question of the same sort and a response to it, so that a
// model knows what form is asked for.
func (c scene) example() string {
	return fmt.Sprintf("%s\n%s", c.question, fmt.Sprintf(c.says[0], c.right))
}

// value returns the value that a model's answer states, "" where it states none
// or several.
func (c scene) value(answer string) string {
	answer, _, _ = strings.Cut(strings.TrimSpace(answer), "\n")
	words := strings.FieldsFunc(answer, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	found := ""
	for _, w := range words {
		if !c.states(w) || w == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = w
	}
	return found
}

// states reports whether a word is a value.
func (c scene) states(word string) bool {
	if c.number {
		n, err := strconv.Atoi(word)
		return err == nil && n > 0 && n < 1000 && strconv.Itoa(n) == word
	}
	for _, v := range append(slices.Clip(c.wrong), c.right) {
		if v == word {
			return true
		}
	}
	return false
}
