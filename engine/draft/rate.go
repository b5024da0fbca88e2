package draft

// The longer the source, the likelier is what follows in it. Lengths are put
// together in bands; that of 0 is a source behind a token that was wrong.
const bands = 9

// starting is what is thought of each band before anything was counted; the
// first guesses of a sequence are tried or not by it.
var starting = [bands]float64{0.3, 0.35, 0.45, 0.55, 0.7, 0.8, 0.85, 0.9, 0.95}

func band(common int) int {
	switch {
	case common == 0:
		return 0
	case common <= 2:
		return 1
	case common <= 3:
		return 2
	case common <= 5:
		return 3
	case common <= 8:
		return 4
	case common <= 12:
		return 5
	case common <= 20:
		return 6
	case common < maxCommon:
		return 7
	}
	return 8
}

const (
	// startingWeight is how many guesses what is thought at the start counts for.
	startingWeight = 4
	// memory is how many guesses are remembered, about: a text changes.
	memory = 48
)

// rate is the share of guesses that were right.
type rate struct{ right, all float64 }

func startingRates() (rates [bands]rate) {
	for i, p := range starting {
		rates[i] = rate{startingWeight * p, startingWeight}
	}
	return rates
}

func (r *rate) count(right bool) {
	if r.all >= memory {
		r.right *= (memory - 1) / r.all
		r.all = memory - 1
	}
	r.all++
	if right {
		r.right++
	}
}

func (r *rate) likely() float64 { return r.right / r.all }
