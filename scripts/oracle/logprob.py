#!/usr/bin/env python3
"""logprob.py - AC1's log-probabilities, by numbers of any length.

Written from the text of the specification (engine/arith/SPEC.md, section 9) and
from no other program.

    logprob.py > engine/arith/testdata/logprob.json
    logprob.py --tables > engine/arith/logprob_tables.go

Each case has the bits of logits, a token, what the section says (bits, in 65536ths),
and the true logarithm by decimal numbers of 60 digits, from which that may differ
by less than two units: `error` is the largest difference of all cases.
"""
import decimal
import json
import random
import struct
import sys

D = decimal.Decimal
decimal.getcontext().prec = 60
LN2 = D(2).ln()


def nearest(x):
    return int(x.to_integral_value(decimal.ROUND_HALF_EVEN))


E = [nearest(D(2) ** (D(40) - D(k) / 256)) for k in range(257)]
L = [nearest((D(256 + k) / 256).ln() / LN2 * 2**32) for k in range(257)]
C = nearest(1 / LN2 * 2**30)


def f32(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def to_f32(x):
    """A binary64 number to binary32, nearest even; the sum of two binary32 numbers
    may be rounded to binary64 first."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def distance(top, x):
    """By how much 2 to the power of it is smaller: in 2^-24 of a bit."""
    d = to_f32(min(top - x, 512.0))
    n, q = d.as_integer_ratio()
    return ((n * 2**24 // q) * C) >> 30


def log2prob(logits, i):
    top = max(logits)
    total = 0
    for x in logits:
        e = distance(top, x)
        n, k, r = e >> 24, (e >> 16) & 255, e & 65535
        if n <= 40:
            total += (E[k] - ((E[k] - E[k + 1]) * r >> 16)) >> n
    p = total.bit_length() - 1
    m = (total << 63 - p) - 2**63  # the fraction, in 2^-63
    k, r = m >> 55, (m >> 31) & (2**24 - 1)
    log = ((p - 40) << 24) + ((L[k] + ((L[k + 1] - L[k]) * r >> 24)) >> 8)
    return -((distance(top, logits[i]) + log + 128) >> 8)


def truth(logits, i):
    top = max(logits)
    total = sum((D(x) - D(top)).exp() for x in logits)
    return (D(logits[i]) - D(top) - total.ln()) / LN2


def cases():
    rng = random.Random(1)
    fixed = [[0.0], [0.0, 0.0], [-0.0, 0.0, 1.0], [88.5, -300.0, 0.0], [1e-40, -1e-40], [3.4e38, -3.4e38], [30.0] * 300, [0.0, -27.7, -28.0], [5.0, -505.0, -507.0, -600.0]]
    for logits in fixed:
        for i in sorted({0, len(logits) - 1}):
            yield logits, i
    for n in (2, 3, 7, 40, 500):
        for spread in (0.01, 1, 8, 40):
            for _ in range(4):
                yield [rng.gauss(0, spread) for _ in range(n)], rng.randrange(n)


def table(name, what, values, width):
    rows = ""
    for at in range(0, len(values), 6):
        rows += "\t" + ", ".join("0x%0*x" % (width, v) for v in values[at:at + 6]) + ",\n"
    return "\n// %s\nvar %s = [257]uint64{\n%s}\n" % (what, name, rows)


def main():
    if "--tables" in sys.argv:
        print("package arith\n\n// Made by scripts/oracle/logprob.py --tables.\n" + table("exp2Table", "exp2Table[k] is 2^(40 − k/256), to the nearest.", E, 11)
              + table("log2Table", "log2Table[k] is 2^32·log2(1 + k/256), to the nearest.", L, 9), end="")
        return
    out, worst = [], D(0)
    for logits, i in cases():
        bits = [struct.unpack("<I", struct.pack("<f", x))[0] for x in logits]
        exact = [f32(b) for b in bits]
        got, true = log2prob(exact, i), truth(exact, i)
        if true > -738:
            worst = max(worst, abs(D(got) / 65536 - true))
        out.append({"logits": "".join("%08x" % b for b in bits), "token": i, "log2": got})
    print(json.dumps({"made_by": "scripts/oracle/logprob.py", "error": str(round(worst * 65536, 3)) + "/65536", "cases": out}, indent=1))


if __name__ == "__main__":
    main()
