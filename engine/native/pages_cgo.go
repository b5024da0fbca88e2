//go:build cgo

package native

// #include "engine.h"
import "C"

import "unsafe"

// allocate returns n zeros outside Go's heap, or nil.
func allocate(n int) []uint16 {
	p := C.eng_slab_new(C.int64_t(n))
	if p == nil {
		return nil
	}
	return unsafe.Slice((*uint16)(p), n)
}

// release frees what allocate returned.
func release(data []uint16) {
	C.eng_slab_free((*C.uint16_t)(unsafe.SliceData(data)), C.int64_t(len(data)))
}

// refuse makes allocations in C fail after n more, and none where n is
// negative; for tests.
func refuse(n int) { C.eng_test_refuse(C.int64_t(n)) }
