package door_test

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/assaynet/assay/protocol/door"
)

// TestSpareTellsThatFilesRunOut: a process that may open four more has four to
// spare, and not five; what was opened to see that is closed.
func TestSpareTellsThatFilesRunOut(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	first, err := os.Open(os.DevNull) // the lowest number that is free
	if err != nil {
		t.Fatal(err)
	}
	least := uint64(first.Fd())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	few := was
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}()
	for few.Cur = least + 4; ; few.Cur++ { // some numbers above may be taken
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			t.Fatal(err)
		}
		if door.Spare(4) == nil {
			break
		}
		if few.Cur > least+64 {
			t.Fatal("four are free of no 64")
		}
	}
	var together sync.WaitGroup
	for range 8 { // as many look at once
		together.Go(func() {
			for range 50 {
				if err := door.Spare(4); err != nil {
					t.Errorf("four of four, beside others that look: %v", err)
					return
				}
			}
		})
	}
	together.Wait()
	for range 3 {
		if err := door.Spare(5); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("five of four: got %v, want %v", err, syscall.EMFILE)
		}
		if err := door.Spare(4); err != nil {
			t.Errorf("four of four: %v", err)
		}
	}
}
