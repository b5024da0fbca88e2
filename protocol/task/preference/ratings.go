package preference

import "github.com/assaynet/assay/protocol/wire"

// Pack returns the answer that holds ratings, each 0 … 5 for a pair that a seat
// was asked, in their order.
func Pack(ratings []uint8) []byte {
	out := make([]byte, (len(ratings)+1)/2)
	for i, r := range ratings {
		out[i/2] |= r << (4 * (1 - i%2))
	}
	return out
}

// Unpack returns the ratings of an answer to so many pairs, and whether it is one:
// it has as many bytes as they take, and nothing in the bits that are left.
func Unpack(answer []byte, pairs int) ([]uint8, bool) {
	if len(answer) != (pairs+1)/2 || wire.CheckRatings(answer) != nil {
		return nil, false
	}
	out := make([]uint8, 2*len(answer))
	for i, two := range answer {
		out[2*i], out[2*i+1] = two>>4, two&15
	}
	if pairs < len(out) && out[pairs] != wire.RatingNone {
		return nil, false
	}
	return out[:pairs], true
}

// Side returns what a rating says of a pair as it was set: −1 for its first
// response, 1 for its second, 0 for neither, and whether it says anything.
func Side(rating uint8, swapped bool) (side int8, said bool) {
	switch {
	case rating == wire.RatingNone || rating > wire.RatingMost:
		return 0, false
	case rating < wire.RatingEqual:
		side = -1
	case rating > wire.RatingEqual:
		side = 1
	}
	if swapped {
		side = -side
	}
	return side, true
}
