/* levels.c - which instructions this machine and its operating system allow. */
#define _GNU_SOURCE
#include "internal.h"

#ifdef __x86_64__
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xe6, XCR0_TILES = 0x60000 };

/* Linux keeps the tiles of a process only after it asked: ARCH_REQ_XCOMP_PERM for XFEATURE_XTILEDATA. */
static int tiles_permitted(void)
{
#ifdef __linux__
	return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
	return 0;
#endif
}

static uint32_t xcr0(void)
{
	uint32_t a, d;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

uint32_t eng_levels(void)
{
	uint32_t a, b, c, d, found = 1u << ENG_SCALAR, a7, b7, c7, d7, a71 = 0, t;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || (xcr0() & XCR0_YMM) != XCR0_YMM)
		return found;
	if (!(c & bit_FMA) || !(c & bit_F16C) || !__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7) || !(b7 & bit_AVX2))
		return found;
	found |= 1u << ENG_AVX2;
	if (a7 >= 1 && __get_cpuid_count(7, 1, &a71, &t, &t, &t) && (a71 & 1u << 4))
		found |= 1u << ENG_AVXVNNI;
	const uint32_t f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
	if ((xcr0() & XCR0_ZMM) == XCR0_ZMM && (b7 & f_dq_bw_vl) == f_dq_bw_vl && (c7 & 1u << 11))
		found |= 1u << ENG_AVX512 | 1u << ENG_AMX_EMULATED;
	const uint32_t tile_int8 = 1u << 24 | 1u << 25;
	if ((found >> ENG_AVX512 & 1) && (xcr0() & XCR0_TILES) == XCR0_TILES && (d7 & tile_int8) == tile_int8 && tiles_permitted())
		found |= 1u << ENG_AMX;
	return found;
}

/* On Zen 4 prefetches into the first cache take a tenth more time than none at all, on Intel's they are the quickest (SPEED.md). */
bool eng_prefetches_far(void)
{
	uint32_t max, b, c, d;
	return (eng_levels() >> ENG_AVX512 & 1) && __get_cpuid(0, &max, &b, &c, &d) && b == signature_AMD_ebx;
}

const struct eng_kernels *eng_kernels_of(int level)
{
	switch (level) {
	case ENG_SCALAR: return &eng_kernels_scalar;
	case ENG_AVX2: return &eng_kernels_avx2;
	case ENG_AVXVNNI: return &eng_kernels_avxvnni;
	case ENG_AVX512: return &eng_kernels_avx512;
	case ENG_AMX: return &eng_kernels_amx;
	case ENG_AMX_EMULATED: return &eng_kernels_amx_emulated;
	default: return NULL;
	}
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

/* <asm/hwcap.h>: HWCAP_ASIMDDP, HWCAP2_I8MM */
enum { HAS_DOT = 1 << 20, HAS_I8MM = 1 << 13 };

uint32_t eng_levels(void)
{
	uint32_t found = 1u << ENG_SCALAR;
	if (getauxval(AT_HWCAP) & HAS_DOT) {
		found |= 1u << ENG_NEON;
		if (getauxval(AT_HWCAP2) & HAS_I8MM)
			found |= 1u << ENG_I8MM;
	}
	return found;
}

const struct eng_kernels *eng_kernels_of(int level)
{
	switch (level) {
	case ENG_SCALAR: return &eng_kernels_scalar;
	case ENG_NEON: return &eng_kernels_neon;
	case ENG_I8MM: return &eng_kernels_i8mm;
	default: return NULL;
	}
}

#else

uint32_t eng_levels(void) { return 1u << ENG_SCALAR; }

const struct eng_kernels *eng_kernels_of(int level) { return level == ENG_SCALAR ? &eng_kernels_scalar : NULL; }

#endif

#ifndef __x86_64__
bool eng_prefetches_far(void) { return false; }
#endif
