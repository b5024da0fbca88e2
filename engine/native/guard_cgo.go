//go:build cgo

package native

// #include "engine.h"
import "C"

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/assaynet/assay/engine/backend"
)

// watch is a mapping whose missing pages are noted instead of ending the
// process. A nil watch watches nothing.
type watch struct {
	entry atomic.Int32 // C's number of it, or closedWatch
}

const closedWatch = -1

// newWatch watches data, a mapping of a file; nothing where there is none.
// Errors: ErrTooMany.
func newWatch(data []byte) (*watch, error) {
	if len(data) == 0 {
		return nil, nil
	}
	n := C.eng_watch((*C.uint8_t)(unsafe.SliceData(data)), C.int64_t(len(data)))
	if n < 0 {
		return nil, fmt.Errorf("%w: %d mapped files at most", ErrTooMany, C.ENG_WATCHES)
	}
	w := &watch{}
	w.entry.Store(int32(n))
	return w, nil
}

// errCut says that a page was missing.
var errCut = fmt.Errorf("%w: a part of it cannot be read", backend.ErrFile)

// number returns C's number of w, which none has where nothing is watched.
func (w *watch) number() C.int {
	if w == nil {
		return closedWatch
	}
	return C.int(w.entry.Load())
}

// err returns backend.ErrFile where a page was missing.
func (w *watch) err() error {
	if C.eng_cut(w.number()) != 0 {
		return errCut
	}
	return nil
}

// close ends the watch; a second one does nothing.
func (w *watch) close() {
	if w != nil {
		C.eng_unwatch(C.int(w.entry.Swap(closedWatch)))
	}
}

// readAll sums data up on threads of C.
func readAll(threads int, data []byte) (uint64, error) {
	var sum C.uint64_t
	err := status(C.eng_test_read(C.int(threads), (*C.uint8_t)(unsafe.SliceData(data)), C.int64_t(len(data)), &sum), "read")
	return uint64(sum), err
}
