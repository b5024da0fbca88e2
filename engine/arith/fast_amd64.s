#include "textflag.h"

// The loops of fast_lanes.go and fast_sums.go in AVX2 and FMA3. A lane is one
// token, or one element: none meets another, so a lane has the bits of the
// definition. All that rounds is a conversion of an integer, a product and a fused
// multiply-add, each to nearest even.

// One word of pairs of weights, of each of four rows, times the pairs of eight
// tokens.
#define PAIRS(at) \
	VMOVDQU      (8*(at))(R10), Y12   \
	VPBROADCASTD at(SI), Y13          \
	VPBROADCASTD at(SI)(R8*1), Y14    \
	VPMADDWD     Y12, Y13, Y13        \
	VPMADDWD     Y12, Y14, Y14        \
	VPADDD       Y13, Y8, Y8          \
	VPADDD       Y14, Y9, Y9          \
	VPBROADCASTD at(SI)(R8*2), Y13    \
	VPBROADCASTD at(SI)(R9*1), Y14    \
	VPMADDWD     Y12, Y13, Y13        \
	VPMADDWD     Y12, Y14, Y14        \
	VPADDD       Y13, Y10, Y10        \
	VPADDD       Y14, Y11, Y11

#define SIXTEEN(at) \
	PAIRS(at)    \
	PAIRS(at+4)  \
	PAIRS(at+8)  \
	PAIRS(at+12) \
	PAIRS(at+16) \
	PAIRS(at+20) \
	PAIRS(at+24) \
	PAIRS(at+28)

// The dots of a row, times scale times the tokens' scales, are added to its sums.
#define SCALED(dots, scale, sums) \
	VCVTDQ2PS    dots, dots      \
	VBROADCASTSS scale(DX), Y13  \
	VMULPS       Y12, Y13, Y13   \
	VFMADD231PS  Y13, dots, sums

#define NODOTS \
	VPXOR Y8, Y8, Y8    \
	VPXOR Y9, Y9, Y9    \
	VPXOR Y10, Y10, Y10 \
	VPXOR Y11, Y11, Y11

// A minimum times the tokens' sums is added to a row's sums.
#define MINIMUM(at, sums) \
	VBROADCASTSS at(DX), Y13    \
	VFMADD231PS  Y15, Y13, sums

// func rows4(y *[4][8]float32, w *words4, scales *[4][2]float32, x *[BlockLen / 2][8]uint32, dx, tx *[8]float32, blocks int, halves bool)
TEXT ·rows4(SB), NOSPLIT, $0-57
	MOVQ y+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ scales+16(FP), DX
	MOVQ x+24(FP), R10
	MOVQ dx+32(FP), R11
	MOVQ tx+40(FP), R12
	MOVQ blocks+48(FP), CX
	MOVBLZX halves+56(FP), R13
	MOVQ CX, R8
	SHLQ $6, R8             // bytes of a row
	LEAQ (R8)(R8*2), R9
	VXORPS Y0, Y0, Y0       // totals of the four rows
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3

chunk:
	MOVQ $8, BX             // blocks of a chunk
	CMPQ CX, BX
	CMOVQLT CX, BX
	SUBQ BX, CX
	VXORPS Y4, Y4, Y4       // sums of the chunk
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

block:
	NODOTS
	SIXTEEN(0)
	TESTL R13, R13
	JZ    whole
	VMOVUPS (R11), Y12      // each half has its own scale
	SCALED(Y8, 0, Y4)
	SCALED(Y9, 8, Y5)
	SCALED(Y10, 16, Y6)
	SCALED(Y11, 24, Y7)
	NODOTS
	SIXTEEN(32)
	VMOVUPS (R11), Y12
	SCALED(Y8, 4, Y4)
	SCALED(Y9, 12, Y5)
	SCALED(Y10, 20, Y6)
	SCALED(Y11, 28, Y7)
	JMP   next

whole:
	SIXTEEN(32)
	VMOVUPS (R11), Y12
	VMOVUPS (R12), Y15
	SCALED(Y8, 0, Y4)
	SCALED(Y9, 8, Y5)
	SCALED(Y10, 16, Y6)
	SCALED(Y11, 24, Y7)
	MINIMUM(4, Y4)
	MINIMUM(12, Y5)
	MINIMUM(20, Y6)
	MINIMUM(28, Y7)

next:
	ADDQ $64, SI
	ADDQ $32, DX
	ADDQ $512, R10
	ADDQ $32, R11
	ADDQ $32, R12
	DECQ BX
	JNZ  block
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VADDPS Y6, Y2, Y2
	VADDPS Y7, Y3, Y3
	TESTQ CX, CX
	JNZ  chunk

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VZEROUPPER
	RET

// func sums32(out *[32]float32, x, m *float32, n, stride int)
TEXT ·sums32(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ m+16(FP), DX
	MOVQ n+24(FP), CX
	MOVQ stride+32(FP), R8
	SHLQ $2, R8
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3

step:
	VBROADCASTSS (SI), Y4
	VFMADD231PS  (DX), Y4, Y0
	VFMADD231PS  32(DX), Y4, Y1
	VFMADD231PS  64(DX), Y4, Y2
	VFMADD231PS  96(DX), Y4, Y3
	ADDQ $4, SI
	ADDQ R8, DX
	DECQ CX
	JNZ  step

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VZEROUPPER
	RET
