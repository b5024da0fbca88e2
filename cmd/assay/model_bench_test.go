package main

import (
	"testing"
	"time"
)

// TestTheSpeedOfManyIsThatWhileAllAreOnTheirWay: three answers, of which the
// last begins after 2 s and the first ends after 5; between, seven tokens come.
func TestTheSpeedOfManyIsThatWhileAllAreOnTheirWay(t *testing.T) {
	at := func(seconds ...float64) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, time.Unix(1000, 0).Add(time.Duration(s*float64(time.Second))))
		}
		return times
	}
	got, err := fullSpeed([][]time.Time{at(0, 1, 2, 3, 4, 5), at(1, 2.5, 4.5, 9), at(2, 3.5, 4, 6)})
	if err != nil || got != 7.0/3 {
		t.Errorf("got %v, %v, want 7 tokens in 3 s", got, err)
	}
	if _, err := fullSpeed([][]time.Time{at(0, 1), at(2, 3)}); err == nil {
		t.Error("answers that are never on their way together have a speed")
	}
}
