package main

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/assaynet/assay/engine/runfile"
)

// abridge keeps an error line short.
func abridge(s string) string {
	const most = 140
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// parseSeed reads 64 hex digits, or a decimal number that stands for its 32
// bytes, little-endian. Sixty-four digits are hex.
func parseSeed(s string) (seed [32]byte, err error) {
	if len(s) == 2*len(seed) {
		return seed, runfile.ParseHex("seed", seed[:], s)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 8*len(seed) || s[0] == '+' {
		return seed, fmt.Errorf("the seed must be 64 hex digits or a number from 0 to 2^256 - 1, not %q", abridge(s))
	}
	n.FillBytes(seed[:])
	for i, j := 0, len(seed)-1; i < j; i, j = i+1, j-1 {
		seed[i], seed[j] = seed[j], seed[i]
	}
	return seed, nil
}

// parseTemperature reads 0, which is greedy, or the nearest binary32, which
// must not be 0 then.
func parseTemperature(s string) (float32, error) {
	t, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(t) || math.IsInf(t, 0) || t < 0 {
		return 0, fmt.Errorf("the temperature must be 0 or a number above it, not %q", abridge(s))
	}
	if t == 0 {
		if d, err := strconv.ParseFloat(s, 64); err != nil || d != 0 {
			return 0, fmt.Errorf("the temperature %q is below all binary32 numbers; 0 is greedy", abridge(s))
		}
	}
	return float32(math.Abs(t)), nil // −0 is 0
}

// parseTopP reads a share of 1 and rounds it to 65536ths, half to even, in
// binary64.
func parseTopP(p float64) (uint32, error) {
	n := math.RoundToEven(p * 65536)
	if !(n >= 1 && n <= 65536) {
		return 0, fmt.Errorf("top-p must be above 0 and at most 1, not %v", p)
	}
	return uint32(n), nil
}

// errDiffers ends verify with exit status 1 after it has said what differs.
var errDiffers = errors.New("the run differs")
