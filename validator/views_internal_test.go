package validator

import (
	"reflect"
	"testing"
	"testing/synctest"
)

// TestWhoCountsWaitsForWhoWrites: the move to another view returns when all that
// was begun under the one before is durable, and holds up nobody who comes after.
func TestWhoCountsWaitsForWhoWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s views
		if now, leave := s.enter(); now != nil {
			t.Error("there is a view before the first step")
		} else {
			leave()
		}
		s.move(view{head: 7, unsealed: 1})
		first, leaveFirst := s.enter()
		_, leaveSecond := s.enter()
		moved := false
		go func() {
			s.move(view{head: 8, unsealed: 2})
			moved = true
		}()
		synctest.Wait()
		late, leaveLate := s.enter()
		if first.head != 7 || late.head != 8 || late.unsealed != 2 {
			t.Errorf("entered at %d and %d, want 7 and 8", first.head, late.head)
		}
		leaveFirst()
		synctest.Wait()
		if moved {
			t.Error("somebody writes still, and it is counted already")
		}
		leaveSecond()
		synctest.Wait()
		if !moved {
			t.Error("all have written, and nobody counts")
		}
		leaveLate()
	})
}

func TestAClaimIsOneOwnersUntilItIsFree(t *testing.T) {
	var c claims
	if !c.take("a") || c.take("a") || !c.take("b") {
		t.Error("a claim is not one owner's")
	}
	c.free("a")
	if !c.take("a") {
		t.Error("what was freed cannot be claimed again")
	}
}

// TestCallsGoOneWay: a part holds only what stands below it, so that none can call
// back up; and only the validator holds them all.
func TestCallsGoOneWay(t *testing.T) {
	height := map[reflect.Type]int{reflect.TypeFor[base](): 0}
	for h, list := range [][]reflect.Type{
		1: {
			reflect.TypeFor[views](), reflect.TypeFor[claims](), reflect.TypeFor[queue](), reflect.TypeFor[early](), reflect.TypeFor[board](),
			reflect.TypeFor[draws](), reflect.TypeFor[repeats](), reflect.TypeFor[troubles](),
		},
		2: {
			reflect.TypeFor[inbox](), reflect.TypeFor[judging](), reflect.TypeFor[watch](), reflect.TypeFor[closing](),
			reflect.TypeFor[upkeep](), reflect.TypeFor[weighing](), reflect.TypeFor[sealing](),
		},
		3: {reflect.TypeFor[Validator]()},
	} {
		for _, part := range list {
			height[part] = h
		}
	}
	held := 0
	for part, h := range height {
		for field := range part.Fields() {
			of := field.Type
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			below, is := height[of]
			if is && below >= h {
				t.Errorf("%s holds %s, which does not stand below it", part.Name(), of.Name())
			}
			if is && h == 3 {
				held++
			}
		}
	}
	if want := len(height) - 2; held != want { // all but itself and claims, which their users hold
		t.Errorf("the validator holds %d parts, want %d", held, want)
	}
}
