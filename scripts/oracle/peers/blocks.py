"""blocks.py OUT - random blocks of each quantised type, and what the Python
package gguf makes of them: bytes in hexadecimal, floats as bits."""
import json
import sys

import gguf
import numpy as np
from gguf.quants import dequantize

rng = np.random.default_rng(2026)
Q = gguf.GGMLQuantizationType
# Where each type keeps its binary16 numbers, which must be finite; MXFP4 has a
# byte instead.
scales = {
    Q.Q8_0: [0], Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2],
    Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208], Q.IQ4_NL: [0], Q.MXFP4: [],
}
out = []
for kind, places in scales.items():
    _, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (24, size), dtype=np.uint8)
    for b in blocks:
        for at in places:
            h = np.float16(rng.normal() * 2.0 ** rng.integers(-12, 6))
            b[at : at + 2] = np.frombuffer(h.tobytes(), dtype=np.uint8)
        if kind == Q.MXFP4:
            b[0] = rng.integers(100, 140)
    floats = dequantize(blocks, kind).astype(np.float32).reshape(len(blocks), -1)
    for b, x in zip(blocks, floats):
        out.append({"type": int(kind), "name": kind.name, "block": b.tobytes().hex(), "floats": x.tobytes().hex()})
with open(sys.argv[1], "w") as f:
    json.dump({"source": "Python package gguf", "blocks": out}, f, indent=0)
    f.write("\n")
