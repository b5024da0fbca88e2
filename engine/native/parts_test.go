//go:build cgo

package native_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/native"
)

// TestAStepDoesNotWaitForItsLongestSequence: threads that take the parts of
// attention one after another, as the pool gives them, are done with all of them
// when an even share of all pages would be done, or an eighth later; whatever
// the lengths of the sequences are. Pages are counted, not time.
func TestAStepDoesNotWaitForItsLongestSequence(t *testing.T) {
	fill := func(n int, at func(i int) int32) []int32 {
		past := make([]int32, n)
		for i := range past {
			past[i] = at(i)
		}
		return past
	}
	steps := []struct {
		name string
		past []int32
	}{
		{"one of 32,768 first", fill(64, func(i int) int32 { return []int32{32767, 99}[min(i, 1)] })},
		{"one of 32,768 last", fill(64, func(i int) int32 { return []int32{32767, 99}[min(63-i, 1)] })},
		{"one of 8,192 in the middle", fill(64, func(i int) int32 { return map[int]int32{31: 8191}[i] + 300 })},
		{"two of 32,768", fill(64, func(i int) int32 { return []int32{32767, 99}[min(i%37, 1)] })},
		{"five of 4,096", fill(64, func(i int) int32 { return []int32{4095, 63}[min(i%13, 1)] })},
		{"from 64 to 32,768", fill(64, func(i int) int32 { return 64 << (i % 10) })},
		{"ascending", fill(64, func(i int) int32 { return int32(500 * (i + 1)) })},
		{"descending", fill(64, func(i int) int32 { return int32(500 * (64 - i)) })},
		{"all of 2,048", fill(64, func(int) int32 { return 2047 })},
		{"three of 16,384", fill(3, func(int) int32 { return 16383 })},
		{"one", []int32{32767}},
	}
	for _, step := range steps {
		for _, heads := range [][2]int{{8, 1}, {9, 3}, {32, 8}, {16, 16}} {
			for _, threads := range []int{1, 2, 3, 8, 16} {
				t.Run(fmt.Sprintf("%s/heads=%d,%d/threads=%d", step.name, heads[0], heads[1], threads), func(t *testing.T) {
					parts, err := native.TestParts(threads, heads[0], heads[1], 0, step.past)
					if err != nil {
						t.Fatal(err)
					}
					want := 0
					for _, past := range step.past {
						want += 2 * heads[1] * (int(past)/64 + 1)
					}
					first, second := make([]int, len(parts)), make([]int, len(parts))
					all := 0
					for i, p := range parts {
						first[i], second[i] = 2*p.Whole+p.Shared, p.Shared
						all += first[i] + second[i]
					}
					if all != want {
						t.Fatalf("parts read %d pages, want %d", all, want)
					}
					last := done(threads, first) + done(threads, second)
					if 8*threads*last > 9*all {
						t.Errorf("done after %d pages, %.2f of an even share of %d", last, float64(threads*last)/float64(all), all)
					}
				})
			}
		}
	}
}

// TestAWindowIsAllThatAStepSees: layers with a window share what is in it.
func TestAWindowIsAllThatAStepSees(t *testing.T) {
	for _, past := range [][]int32{{32767, 99, 99}, {99, 32767, 5}} {
		parts, err := native.TestParts(4, 4, 1, 512, past)
		if err != nil {
			t.Fatal(err)
		}
		var whole []int
		for _, p := range parts {
			if p.Shared != 0 {
				t.Errorf("%v: a part of %d pages that are shared", past, p.Shared)
			}
			whole = append(whole, p.Whole)
		}
		if want := []int{8, 2, 2}; past[0] > 99 && !slices.Equal(whole, want) {
			t.Errorf("%v: pages of the parts %d, want %d", past, whole, want)
		}
		if want := []int{8, 2, 1}; past[0] == 99 && !slices.Equal(whole, want) {
			t.Errorf("%v: pages of the parts %d, want %d", past, whole, want)
		}
	}
}

// TestWhatThreadsTellEachOtherIsBounded: seven sequences on five threads are
// shared, but not where that takes more than 16 MiB of each thread.
func TestWhatThreadsTellEachOtherIsBounded(t *testing.T) {
	for past, want := range map[int32]bool{32767: true, 65535: true, 131071: false} {
		parts, err := native.TestParts(5, 24, 1, 0, slices.Repeat([]int32{past}, 7))
		if err != nil {
			t.Fatal(err)
		}
		if shared := parts[0].Shared > 0; shared != want || !shared && len(parts) != 7 {
			t.Errorf("behind %d positions: %d parts, the first %+v", past, len(parts), parts[0])
		}
	}
}

// done tells when threads are done with parts, each of which goes to the thread
// that is free next.
func done(threads int, parts []int) int {
	busy := make([]int, threads)
	for _, pages := range parts {
		next := slices.Index(busy, slices.Min(busy))
		busy[next] += pages
	}
	return slices.Max(busy)
}
