package main

import (
	"math"
	"testing"
)

func TestTopPIsRoundedHalfToEven(t *testing.T) {
	for p, want := range map[float64]uint32{1: 65536, 0.5: 32768, 0.9: 58982, 1.5 / 65536: 2, 2.5 / 65536: 2, 1.0 / 65536: 1} {
		if got, err := parseTopP(p); err != nil || got != want {
			t.Errorf("%v: got %d, %v, want %d", p, got, err, want)
		}
	}
	for _, p := range []float64{0, 0.5 / 65536, -1, 1.0001, math.NaN(), math.Inf(1)} {
		if got, err := parseTopP(p); err == nil {
			t.Errorf("%v was taken as %d", p, got)
		}
	}
}

func TestTemperatureIsTheNearestBinary32(t *testing.T) {
	// Just above the middle of two binary32 numbers, where rounding to binary64
	// first would fall to the middle and then to even.
	const text = "1.00000005960464477540"
	if got, err := parseTemperature(text); err != nil || math.Float32bits(got) != 0x3f800001 {
		t.Errorf("got %x, %v", math.Float32bits(got), err)
	}
	for s, want := range map[string]uint32{"0": 0, "-0": 0, "0.0": 0, "1e-45": 1, "0.7": 0x3f333333, "3.4028235e38": 0x7f7fffff} {
		if got, err := parseTemperature(s); err != nil || math.Float32bits(got) != want {
			t.Errorf("%q: got %x, %v, want %x", s, math.Float32bits(got), err, want)
		}
	}
	for _, s := range []string{"", "x", "-0.1", "1e39", "inf", "nan", "1e-60"} {
		if got, err := parseTemperature(s); err == nil {
			t.Errorf("%q was taken as %v", s, got)
		}
	}
}

func TestSeedsAreHexOrLittleEndianNumbers(t *testing.T) {
	const digits = "1111111111111111111111111111111111111111111111111111111111111111"
	for s, want := range map[string][2]byte{"0": {0, 0}, "1": {1, 0}, "65535": {255, 255}, digits: {0x11, 0x11}} {
		if got, err := parseSeed(s); err != nil || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%q: got %x, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "+1", "-1", "0x1", "1.5", "115792089237316195423570985008687907853269984665640564039457584007913129639936000"} {
		if got, err := parseSeed(s); err == nil {
			t.Errorf("%q was taken as %x", s, got)
		}
	}
}
