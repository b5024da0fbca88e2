package inference

// Families and Lists are the tables that prompts are made from.
var (
	Families = families
	Lists    = lists
)

// Forms returns in how many ways a place can be filled.
func Forms(place string) int {
	if place == "d" {
		return 4
	}
	if l, ok := lists[place]; ok {
		return len(l)
	}
	n := 9
	for range place[1] - '1' {
		n *= 10
	}
	return n
}
