//go:build cgo

package native_test

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/native"
)

const (
	filePage  = 4096 // what a cut leaves is counted in these; a multiple of every machine's page but for those of 16 and 64 KiB
	filePages = 64
)

// mapped is a file of ones, mapped, of pages that are whole on machines of
// pages of up to 64 KiB.
func mapped(t *testing.T) (path string, data []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ones")
	if err := os.WriteFile(path, slices.Repeat([]byte{1}, filePage*filePages), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	data, err = syscall.Mmap(int(f.Fd()), 0, filePage*filePages, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(data); err != nil {
			t.Error(err)
		}
	})
	return path, data
}

func watched(t *testing.T, data []byte) *native.Watched {
	t.Helper()
	w, err := native.NewWatch(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func sum(t *testing.T, threads int, data []byte) uint64 {
	t.Helper()
	n, err := native.ReadAll(threads, data)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestThreadsThatReadWhereAFileWasCutOffReadZeros(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		path, data := mapped(t)
		other, whole := mapped(t)
		w, v := watched(t, data), watched(t, whole)
		if n := sum(t, threads, data); n != uint64(len(data)) || w.Err() != nil {
			t.Errorf("%d threads: got %d, %v of a whole file", threads, n, w.Err())
		}
		keep := 65536 // bytes, whole pages everywhere
		truncate(t, path, int64(keep))
		for range 2 {
			if n := sum(t, threads, data); n != uint64(keep) || !errors.Is(w.Err(), backend.ErrFile) {
				t.Errorf("%d threads: got %d, %v, want %d", threads, n, w.Err(), keep)
			}
		}
		if n := sum(t, threads, whole); n != uint64(len(whole)) || v.Err() != nil {
			t.Errorf("%d threads: another file: got %d, %v", threads, n, v.Err())
		}
		truncate(t, other, 0)
		if n := sum(t, threads, whole); n != 0 || v.Err() == nil {
			t.Errorf("%d threads: a file of nothing: got %d, %v", threads, n, v.Err())
		}
	}
}

// TestFaultsThatNobodyWatchesStayGos reads, in Go, where a file was cut off:
// that is a panic as before.
func TestFaultsThatNobodyWatchesStayGos(t *testing.T) {
	_, data := mapped(t)
	w := watched(t, data)
	path, unwatched := mapped(t)
	truncate(t, path, 0)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if _, ok := recover().(interface{ Addr() uintptr }); !ok || w.Err() != nil {
			t.Errorf("no fault, or another's: %v", w.Err())
		}
	}()
	t.Errorf("read %d", unwatched[filePage])
}

// TestASignalThatSomebodySendsIsNoFault sends what a fault would be to this
// process, which os/signal gets as ever.
func TestASignalThatSomebodySendsIsNoFault(t *testing.T) {
	_, data := mapped(t)
	w := watched(t, data)
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGBUS)
	defer signal.Stop(got)
	if err := syscall.Kill(os.Getpid(), syscall.SIGBUS); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != syscall.SIGBUS || w.Err() != nil {
		t.Errorf("got %v, %v", s, w.Err())
	}
}

func TestWatchesAreCountedAndGivenBack(t *testing.T) {
	_, data := mapped(t)
	var all []*native.Watched
	defer func() {
		for _, w := range all {
			w.Close()
			w.Close()
		}
		watched(t, data) // there is room again
	}()
	for {
		w, err := native.NewWatch(data)
		if err != nil {
			if len(all) < 200 || !errors.Is(err, native.ErrTooMany) {
				t.Errorf("after %d: %v", len(all), err)
			}
			return
		}
		if all = append(all, w); len(all) > 1000 {
			t.Fatal("there is no end of watches")
		}
	}
}

func TestAWatchBeginsAnewInAnothersPlace(t *testing.T) {
	path, data := mapped(t)
	first, err := native.NewWatch(data)
	if err != nil {
		t.Fatal(err)
	}
	truncate(t, path, 0)
	if n := sum(t, 1, data); n != 0 || first.Err() == nil {
		t.Errorf("got %d, %v", n, first.Err())
	}
	first.Close()
	_, whole := mapped(t)
	if second := watched(t, whole); second.Err() != nil || first.Err() != nil {
		t.Errorf("got %v, and %v after the end", second.Err(), first.Err())
	}
}

// TestCutsOfManyFilesAtOnce lets files come and go on many threads while others
// are cut off.
func TestCutsOfManyFilesAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		paths, data := make([]string, 5), make([][]byte, 5)
		for i := range data {
			paths[i], data[i] = mapped(t)
		}
		wg.Go(func() {
			for i := range data {
				w, err := native.NewWatch(data[i])
				if err == nil {
					err = os.Truncate(paths[i], int64(i)*65536%(filePage*filePages))
				}
				if err != nil {
					t.Error(err)
					return
				}
				want := uint64(i) * 65536 % (filePage * filePages)
				if n, err := native.ReadAll(3, data[i]); err != nil || n != want || w.Err() == nil {
					t.Errorf("got %d, %v, %v, want %d", n, err, w.Err(), want)
				}
				w.Close()
			}
		})
	}
	wg.Wait()
}
