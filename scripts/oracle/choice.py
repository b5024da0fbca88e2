#!/usr/bin/env python3
"""choice.py - AC1's choices of tokens from shaped logits, with all settings.

By ac1.py, which was written from the text of the specification
(engine/arith/SPEC.md, section 6).

    choice.py > engine/arith/testdata/choice.json

Each case has the bits of the logits, the prompt, the answer so far, settings, the
bits of the shaped logits, and the token that is chosen of them.
"""
import json
import random
import struct
import sys

import ac1


def bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def near(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def case(r, n):
    logits = [near(round(r.gauss(0, 5), 1)) for _ in range(n)]
    if r.random() < 0.2:
        logits[r.randrange(n)] = ac1.from_bits(0x7F7FFFFF)
    some = lambda most: [r.randrange(n) for _ in range(r.randrange(most))]
    prompt, answer = some(8) + [0], some(20)
    s = {
        "repetition": near(r.choice([1, r.uniform(0.0625, 16), 1.1])),
        "frequency": near(r.choice([0, r.uniform(-2, 2)])),
        "presence": near(r.choice([0, r.uniform(-2, 2)])),
        "biases": [[i, near(r.uniform(-100, 100))] for i in sorted(set(some(5)))],
        "temperature_bits": r.choice([0, bits(r.uniform(0.1, 2))]),
        "top_k": r.randint(1, 256), "top_p": r.choice([65536, r.randint(1, 65536)]),
        "min_p": r.choice([0, r.randint(0, 65536), 65536]), "seed": r.randbytes(32).hex(),
    }
    shaped = ac1.shaped(logits, s, prompt, answer)
    pos = len(prompt) - 1 + len(answer)
    return {
        "logits": "".join(f"{bits(x):08x}" for x in logits), "prompt": prompt, "answer": answer,
        "settings": {**s, **{k + "_bits": bits(s[k]) for k in ("repetition", "frequency", "presence")},
                     "biases": [[i, bits(b)] for i, b in s["biases"]]},
        "shaped": "".join(f"{bits(x):08x}" for x in shaped), "chosen": ac1.choice(shaped, pos, s),
    }


def main():
    r = random.Random(6)
    json.dump([case(r, r.choice([3, 20, 60])) for _ in range(150)], sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
