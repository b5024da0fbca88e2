// early.cuh - kernels that begin while those before them are at work, from compute capability 9.0 on, where they are launched so.
//
// Such a kernel begins when all blocks of the one before it have said others_may_begin, which here is the first that they do. It
// may read nothing that any kernel writes, and write nothing, before wait_for_others: behind that all kernels before have ended,
// for each of them has waited before it ended. So every thread waits, and reads only weights before, which no kernel writes.
// Launched otherwise, it waits for nothing.
//
// What there is to do before is to have weights brought to the second cache: no value of them is read, no register holds any.
#pragma once
#include "ac1.cuh"

constexpr u32 LINE = 128;                  // bytes that are brought at once
constexpr u32 MOST_BROUGHT = 128 * 1024; // bytes of a block of threads: with one on each multiprocessor a third of an H200's cache

#if __CUDA_ARCH__ >= 900
constexpr bool EARLY = true;
DEVICE void others_may_begin() { asm volatile("griddepcontrol.launch_dependents;"); }
DEVICE void wait_for_others() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

// bring asks for the first bytes of memory, up to most.
DEVICE void bring(const void *from, u32 bytes, u32 most) {
	const __attribute__((address_space(1))) u8 *p = (const __attribute__((address_space(1))) u8 *)from;
	u32 to = bytes < most ? bytes : most;
#pragma unroll 1
	for (u32 at = thread() * LINE; at < to; at += threads() * LINE)
		asm volatile("prefetch.global.L2 [%0];" ::"l"(p + at));
}
#else
constexpr bool EARLY = false;
DEVICE void others_may_begin() {}
DEVICE void wait_for_others() {}
DEVICE void bring(const void *, u32, u32) {}
#endif
