#include "textflag.h"

// The loops of minhash.go and diversity.go in AVX2: integers, so that the bits are
// those of the loops.

// Four positions of one gram, whose factors are (at)(DI), their upper halves, and
// the summands: a in the register, the gram in Y8, its upper half in Y9. A product
// modulo 2⁶⁴ is low·low + 2³²·(low·high + high·low).
#define FOUR(a, least, at) \
	VPMULUDQ  Y9, a, Y10             \
	VPMULUDQ  (896+at)(DI), Y8, Y11  \
	VPADDQ    Y10, Y11, Y10          \
	VPSLLQ    $32, Y10, Y10          \
	VPMULUDQ  Y8, a, Y11             \
	VPADDQ    Y10, Y11, Y10          \
	VPADDQ    (1792+at)(DI), Y10, Y10 \
	VPCMPGTQ  Y10, least, Y11        \
	VBLENDVPD Y11, Y10, least, least

// func leasts(out *[Positions]uint64, grams *uint64, n int, f *columns)
TEXT ·leasts(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), DX
	MOVQ f+24(FP), DI
	MOVQ $7, BX       // times sixteen positions

sixteen:
	MOVQ      grams+8(FP), SI
	MOVQ      n+16(FP), CX
	VMOVDQU   (DI), Y0
	VMOVDQU   32(DI), Y1
	VMOVDQU   64(DI), Y2
	VMOVDQU   96(DI), Y3
	VPCMPEQQ  Y4, Y4, Y4
	VPSRLQ    $1, Y4, Y4 // the largest number with a sign
	VMOVDQA   Y4, Y5
	VMOVDQA   Y4, Y6
	VMOVDQA   Y4, Y7

gram:
	VPBROADCASTQ (SI), Y8
	VPSRLQ       $32, Y8, Y9
	FOUR(Y0, Y4, 0)
	FOUR(Y1, Y5, 32)
	FOUR(Y2, Y6, 64)
	FOUR(Y3, Y7, 96)
	ADDQ         $8, SI
	DECQ         CX
	JNZ          gram

	VMOVDQU Y4, (DX)
	VMOVDQU Y5, 32(DX)
	VMOVDQU Y6, 64(DX)
	VMOVDQU Y7, 96(DX)
	ADDQ    $128, DX
	ADDQ    $128, DI
	DECQ    BX
	JNZ     sixteen
	VZEROUPPER
	RET

// func sharing(list *lanes, n int, m *lanes) int
TEXT ·sharing(SB), NOSPLIT, $0-32
	MOVQ    list+0(FP), SI
	MOVQ    n+8(FP), CX
	MOVQ    m+16(FP), DI
	XORQ    AX, AX
	VMOVDQU (DI), Y0
	VMOVDQU 32(DI), Y1
	VMOVDQU 64(DI), Y2
	VMOVDQU 96(DI), Y3
	VMOVDQU 128(DI), Y4
	VMOVDQU 160(DI), Y5
	VMOVDQU 192(DI), Y6

next:
	CMPQ     AX, CX
	JGE      found
	VPCMPEQW (SI), Y0, Y8
	VPCMPEQW 32(SI), Y1, Y9
	VPCMPEQW 64(SI), Y2, Y10
	VPCMPEQW 96(SI), Y3, Y11
	VPCMPEQW 128(SI), Y4, Y12
	VPCMPEQW 160(SI), Y5, Y13
	VPCMPEQW 192(SI), Y6, Y14
	VPOR     Y8, Y9, Y8
	VPOR     Y10, Y11, Y10
	VPOR     Y12, Y13, Y12
	VPOR     Y8, Y10, Y8
	VPOR     Y12, Y14, Y12
	VPOR     Y8, Y12, Y8
	VPTEST   Y8, Y8
	JNZ      found
	ADDQ     $224, SI
	INCQ     AX
	JMP      next

found:
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET
