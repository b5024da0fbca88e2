#!/usr/bin/env python3
"""ac1.py - runs of tiny llama models under AC1, the slow way.

Written from the text of the specification (engine/arith/SPEC.md) and from no
other program: one position at a time, no library of numbers, every fused step
in unbounded integers. It reads GGUF files by itself.

    ac1.py DIR > engine/testdata/variants.json

DIR holds NAME.gguf and NAME.json, a list of requests, for each model. What each
request gives is printed; engine/testdata/README.md says how DIR is made.
"""
import ctypes
import hashlib
import json
import math
import os
import struct
import sys

H, L = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
X = float.fromhex
NAN, INF = math.nan, math.inf


# --- scalars: Python floats that hold binary32 numbers -----------------------

def f32(x):
    """Round to binary32. One operation on two binary32 numbers may be done in
    binary64 first: 53 bits are more than twice 24 and two."""
    return ctypes.c_float(x).value


def div(x, y):
    if y == 0:
        return NAN if x == 0 or x != x else math.copysign(INF, x) * math.copysign(1, y)
    return f32(x / y)


def bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def from_bits(b):
    return struct.unpack("<f", struct.pack("<I", b & 0xffffffff))[0]


def round_even(n, shift):
    """n / 2**shift for n >= 0, to the nearest integer, ties to even."""
    if shift <= 0:
        return n << -shift
    q, rest = n >> shift, n & ((1 << shift) - 1)
    half = 1 << (shift - 1)
    return q + (rest > half or (rest == half and q & 1))


def fma(x, y, z):
    p = x * y  # exact in binary64
    if not (math.isfinite(p) and math.isfinite(z)):
        return f32(p + z)
    pn, pd = p.as_integer_ratio()
    zn, zd = z.as_integer_ratio()
    d = max(pd, zd)  # powers of two
    n = pn * (d // pd) + zn * (d // zd)
    if n == 0:
        return p + z
    k = d.bit_length() - 1
    a = abs(n)
    quantum = max(a.bit_length() - k - 24, -149)
    m = round_even(a, k + quantum)
    r = INF if m.bit_length() + quantum > 128 else math.ldexp(m, quantum)
    return -r if n < 0 else r


def rne(x):
    return round(x)  # ties to even


def half(x):
    """Round to binary16 and widen; beyond the range, infinity."""
    if not math.isfinite(x):
        return x
    try:
        return struct.unpack("<e", struct.pack("<e", x))[0]
    except OverflowError:
        return math.copysign(INF, x)


# --- sums ---------------------------------------------------------------------

def fold16(s):
    s = list(s)
    for w in (8, 4, 2, 1):
        for l in range(w):
            s[l] = f32(s[l] + s[l + w])
    return s[0]


def sum_squares(x):
    total = 0.0
    for at in range(0, len(x), 256):
        s = [0.0] * 16
        for k, v in enumerate(x[at:at + 256]):
            s[k % 16] = fma(v, v, s[k % 16])
        total = f32(total + fold16(s))
    return total


# --- functions ------------------------------------------------------------------

EXP = [X(c) for c in ("0x1.123a2p-7", "0x1.5558f2p-5", "0x1.555492p-3", "0x1.fffffcp-2", "0x1p0", "0x1p0")]


def exp(x):
    if x > 88:
        x = 88.0
    if x != x:
        return NAN
    if x < X("-0x1.5d51ecp+6"):
        return 0.0
    t = fma(x, X("0x1.715476p+0"), X("0x1.8p+23"))
    k = f32(t - X("0x1.8p+23"))
    r = fma(k, X("0x1.05c61p-29"), fma(k, X("-0x1.62e43p-1"), x))
    p = X("0x1.6a23cep-10")
    for c in EXP:
        p = fma(p, r, c)
    return f32(p * from_bits((bits(t) + 127) << 23))


def silu(x):
    return div(x, f32(1 + exp(-x)))


def log64(x):
    m, e = math.frexp(x)
    m, e = m * 2, e - 1
    if m > 1.4140625:
        m, e = m * 0.5, e + 1
    s = (m - 1) / (m + 1)
    z, a = s * s, 0.0
    for n in range(14, -1, -1):
        a = a * z + 1 / (2 * n + 1)
    return e * H + ((2 * s) * a + e * L)


def exp64(x):
    k = (x * X("0x1.71547652b82fep+0") + X("0x1.8p+52")) - X("0x1.8p+52")
    r = (x - k * H) - k * L
    e = 1.0
    for n in range(17, 0, -1):
        e = 1 + (e * r) / n
    return math.ldexp(e, int(k))


def cos_sin(angle):
    k = (angle * X("0x1.45f306dc9c883p-1") + X("0x1.8p+52")) - X("0x1.8p+52")
    r = (angle - k * X("0x1.921fb544p+0")) - k * X("0x1.0b4611a626331p-34")
    z = r * r
    s = c = 1.0
    for n in range(8, 0, -1):
        s = 1 - (s * z) / (2 * n * (2 * n + 1))
    s = r * s
    for n in range(9, 0, -1):
        c = 1 - (c * z) / (2 * n * (2 * n - 1))
    return ((c, s), (-s, c), (-c, -s), (s, -c))[int(k) % 4]


# --- files ----------------------------------------------------------------------

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 8: (32, 34), 30: (1, 2)}  # elements, bytes


class File:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.b = f.read()
        self.at = 0
        magic, _, tensors, pairs = self.take("<4s"), self.take("<I"), self.take("<Q"), self.take("<Q")
        assert magic == b"GGUF"
        self.meta, self.raw = {}, {}
        for _ in range(pairs):
            key, kind = self.string(), self.take("<I")
            start = self.at
            self.meta[key] = self.value(kind)
            self.raw[key] = (kind, self.b[start:self.at])
        heads = []
        for _ in range(tensors):
            name = self.string()
            dims = [self.take("<Q") for _ in range(self.take("<I"))]
            heads.append((name, dims, self.take("<I"), self.take("<Q")))
        align = self.meta.get(b"general.alignment", 32)
        data = -(-self.at // align) * align
        self.tensors = {}
        for name, dims, kind, offset in heads:
            elements, size = BLOCKS[kind]
            n = math.prod(dims) // elements * size
            self.tensors[name] = (dims, kind, self.b[data + offset:data + offset + n])

    def take(self, form):
        v = struct.unpack_from(form, self.b, self.at)[0]
        self.at += struct.calcsize(form)
        return v

    def string(self):
        n = self.take("<Q")
        self.at += n
        return self.b[self.at - n:self.at]

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            inner, n = self.take("<I"), self.take("<Q")
            return [self.value(inner) for _ in range(n)]
        return self.take(SCALARS[kind])

    def model_id(self):
        arch = self.meta[b"general.architecture"]
        keys = [k for k in self.meta if k == b"general.architecture" or k.startswith((arch + b".", b"tokenizer."))]
        meta = [[k, sha(struct.pack("<I", self.raw[k][0]) + self.raw[k][1])] for k in sorted(keys)]
        tensors = [[n, self.tensors[n][0], self.tensors[n][1], sha(self.tensors[n][2])] for n in sorted(self.tensors)]
        return sha(cbor(["AC1", meta, tensors])).hex()


def sha(b):
    return hashlib.sha256(b).digest()


def cbor(v):
    def head(major, n):
        for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if n < 24:
                return bytes([major << 5 | n])
            if n < 1 << 8 * size:
                return bytes([major << 5 | code]) + n.to_bytes(size, "big")
        raise ValueError(n)
    if isinstance(v, int):
        return head(0, v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v)) + v.encode()
    return head(4, len(v)) + b"".join(map(cbor, v))


def floats(kind, data):
    if kind == 30:
        return [from_bits(b << 16) for (b,) in struct.iter_unpack("<H", data)]
    return [x for (x,) in struct.iter_unpack({0: "<f", 1: "<e"}[kind], data)]


def to_q80(x):
    """A block of 32 floats as Q8_0: the scale and the integers."""
    d = f32(max(map(abs, x)) / 127)
    inverse = div(1.0, d) if d else 0.0
    kept = half(d)
    if kept == 0:
        return 0.0, [0] * 32
    return kept, [int(math.copysign(math.floor(abs(f32(v * inverse)) + 0.5), v)) for v in x]


class Matrix:
    """rows[r] is a list of blocks (dw, mw or None, 32 integers)."""

    def __init__(self, dims, kind, data):
        cols, rows = dims
        if kind in (0, 1, 30):
            x = floats(kind, data)
            blocks = []
            for at in range(0, len(x), 32):
                d, w = to_q80(x[at:at + 32])
                blocks.append((d, None, w))
        else:
            size = BLOCKS[kind][1]
            blocks = [self.block(kind, data[at:at + size]) for at in range(0, len(data), size)]
        n = cols // 32
        self.rows = [blocks[r * n:(r + 1) * n] for r in range(rows)]

    @staticmethod
    def block(kind, b):
        d = struct.unpack_from("<e", b)[0]
        if kind == 8:
            return d, None, list(struct.unpack_from("<32b", b, 2))
        if kind == 2:
            return d, None, [(v & 15) - 8 for v in b[2:]] + [(v >> 4) - 8 for v in b[2:]]
        m = struct.unpack_from("<e", b, 2)[0]
        return d, m, [v & 15 for v in b[4:]] + [v >> 4 for v in b[4:]]

    def embed(self, r):
        out = []
        for d, m, w in self.rows[r]:
            out += [f32(v * d) if m is None else f32(f32(v * d) + m) for v in w]
        return out

    def apply(self, x, bias=None):
        q = [quantize(x[at:at + 32]) for at in range(0, len(x), 32)]
        out = []
        for row in self.rows:
            total = 0.0
            for at in range(0, len(row), 8):
                a = 0.0
                for (d, m, w), (dx, tx, v) in zip(row[at:at + 8], q[at:at + 8]):
                    a = fma(float(sum(map(int.__mul__, w, v))), f32(d * dx), a)
                    if m is not None:
                        a = fma(m, tx, a)
                total = f32(total + a)
            out.append(total)
        return out if bias is None else [f32(y + b) for y, b in zip(out, bias)]


def quantize(x):
    a = from_bits(max(bits(v) & 0x7fffffff for v in x))
    if not math.isfinite(a):
        return NAN, NAN, [0] * 32
    if a < X("0x1p-100"):
        return 0.0, 0.0, [0] * 32
    inverse = f32(127 / a)
    q = [rne(f32(v * inverse)) for v in x]
    dx = f32(a * X("0x1.020408p-7"))
    return dx, f32(sum(q) * dx), q


# --- the model --------------------------------------------------------------------

class Failed(Exception):
    pass


class Model:
    def __init__(self, path):
        f = self.file = File(path)
        arch = f.meta[b"general.architecture"]
        assert arch == b"llama"

        def number(key, default=None):
            return f.meta.get(arch + b"." + key, default)
        self.heads = number(b"attention.head_count")
        self.kv = number(b"attention.head_count_kv", self.heads)
        self.width = number(b"embedding_length")
        self.d = number(b"attention.key_length", self.width // self.heads)
        self.eps = number(b"attention.layer_norm_rms_epsilon")
        self.layers = number(b"block_count")
        self.rot = number(b"rope.dimension_count", self.d)
        self.base = number(b"rope.freq_base", 10000.0)
        linear = number(b"rope.scaling.type") == b"linear"
        self.scale = number(b"rope.scaling.factor") if linear else None
        self.factors = self.vector("rope_freqs.weight")
        self.stop = {f.meta[k] for k in (b"tokenizer.ggml.eos_token_id", b"tokenizer.ggml.eot_token_id",
                                         b"tokenizer.ggml.eom_token_id") if k in f.meta}
        self.cached = {}
        self.vocab = len(self.matrix("token_embd").rows)
        self.qscale = div(1.0, f32(math.sqrt(self.d)))

    def vector(self, name):
        t = self.file.tensors.get(name.encode())
        return None if t is None else floats(t[1], t[2])

    def matrix(self, name):
        if name not in self.cached:
            t = self.file.tensors.get(name.encode() + b".weight")
            self.cached[name] = None if t is None else Matrix(*t)
        return self.cached[name]

    def linear(self, name, x):
        return self.matrix(name).apply(x, self.vector(name + ".bias"))

    def norm(self, name, x):
        w = self.vector(name)
        r = div(1.0, f32(math.sqrt(f32(f32(sum_squares(x) / len(x)) + self.eps))))
        return [f32(f32(v * r) * g) for v, g in zip(x, w)]

    def turn(self, head, pos):
        for i in range(self.rot // 2):
            fr = exp64(-(log64(self.base) * (2 * i)) / self.rot)
            if self.factors is not None:
                fr = fr / self.factors[i]
            if self.scale is not None:
                fr = fr / self.scale
            c, s = map(f32, cos_sin(pos * fr))
            a, b = head[2 * i], head[2 * i + 1]
            head[2 * i] = fma(a, c, -f32(b * s))
            head[2 * i + 1] = fma(a, s, f32(b * c))

    def attend(self, q, keys, values):
        top, l, o = -INF, 0.0, [0.0] * len(q)
        for at in range(0, len(keys), 64):
            page = range(at, min(at + 64, len(keys)))
            s = []
            for j in page:
                a = 0.0
                for x, y in zip(q, keys[j]):
                    a = fma(x, y, a)
                s.append(a)
            m = top
            for v in s:
                m = m if m > v else v
            alpha, p = exp(f32(top - m)), [exp(f32(v - m)) for v in s]
            partial = [0.0] * 16
            for j, v in enumerate(p):
                partial[j % 16] = f32(partial[j % 16] + v)
            l = fma(l, alpha, fold16(partial))
            for e in range(len(o)):
                a = 0.0
                for j, v in zip(page, p):
                    a = fma(v, values[j][e], a)
                o[e] = fma(o[e], alpha, a)
            top = m
        inverse = div(1.0, l)
        return [f32(v * inverse) for v in o]

    def step(self, cache, token, pos):
        """The residual stream's end at pos; cache[layer] = (keys, values), lists by position of lists by head."""
        x, d = self.matrix("token_embd").embed(token), self.d
        for i in range(self.layers):
            at = "blk.%d." % i
            y = self.norm(at + "attn_norm.weight", x)
            q, k, v = (self.linear(at + n, y) for n in ("attn_q", "attn_k", "attn_v"))
            cut = lambda z: [z[h:h + d] for h in range(0, len(z), d)]
            q, k, v = cut(q), cut(k), cut(v)
            for head in q + k:
                self.turn(head, pos)
            q = [[f32(e * self.qscale) for e in head] for head in q]
            k, v = ([[half(e) for e in head] for head in z] for z in (k, v))
            if not all(math.isfinite(e) for head in k + v for e in head):
                raise Failed(pos)
            cache[i][0].append(k)
            cache[i][1].append(v)
            out = []
            for h, head in enumerate(q):
                g = h // (self.heads // self.kv)
                out += self.attend(head, [z[g] for z in cache[i][0]], [z[g] for z in cache[i][1]])
            x = [f32(a + b) for a, b in zip(x, self.linear(at + "attn_output", out))]
            y = self.norm(at + "ffn_norm.weight", x)
            g, u = self.linear(at + "ffn_gate", y), self.linear(at + "ffn_up", y)
            down = self.linear(at + "ffn_down", [f32(silu(a) * b) for a, b in zip(g, u)])
            x = [f32(a + b) for a, b in zip(x, down)]
        return x

    def choose(self, x, pos, settings):
        """The final-normed state's hash and the token chosen."""
        state = self.norm("output_norm.weight", x)
        logits = self.linear("output" if self.matrix("output") else "token_embd", state)
        if not all(map(math.isfinite, state + logits)):
            raise Failed(pos)
        h = sha(b"assay/ac1/state\0" + b"".join(struct.pack("<f", e) for e in state))
        return h, choice(logits, pos, settings)


def finite(x):
    most = from_bits(0x7F7FFFFF)
    return max(-most, min(x, most))


def shaped(logits, s, prompt, answer):
    """The logits as settings change them (section 6)."""
    out = list(logits)
    r, f, p = s["repetition"], s["frequency"], s["presence"]
    for i, l in enumerate(logits):
        n = answer.count(i)
        if r != 1 and (n or i in prompt):
            l = finite(div(l, r) if l > 0 else f32(l * r))
        if n:
            l = finite(f32(l - f32(n * f)))
            l = finite(f32(l - p))
        out[i] = l
    for i, b in s["biases"]:
        out[i] = finite(f32(out[i] + b))
    return out


def choice(logits, pos, s):
    order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    if s["temperature_bits"] == 0:
        return order[0]
    temperature = from_bits(s["temperature_bits"])
    order = order[:s["top_k"]]
    w = [rne(exp(div(f32(logits[i] - logits[order[0]]), temperature)) * 2.0 ** 24) for i in order]
    total, c, kept = sum(w), 0, 0
    while 65536 * c < s["top_p"] * total:
        if kept and 65536 * w[kept] < s.get("min_p", 0) * w[0]:
            break
        c += w[kept]
        kept += 1
    u = int.from_bytes(sha(b"assay/ac1/draw\0" + bytes.fromhex(s["seed"]) + struct.pack("<Q", pos))[:4], "little")
    x, run = (u * c) >> 32, 0
    for i, weight in zip(order[:kept], w):
        run += weight
        if run > x:
            return i
    raise AssertionError("no candidate")


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1" + root(leaves[:k]) + root(leaves[k:]))


def answer(m, r):
    """What a request gives. With an "answer" its tokens are the context, else the choices themselves."""
    prompt, given, most = r["prompt"], r.get("answer"), r["max_tokens"]
    binding = bytes.fromhex(r["hotkey"]) + bytes.fromhex(r["task"])
    cache = [([], []) for _ in range(m.layers)]
    output, states, leaves = [], [], []
    tokens = prompt + (given[:-1] if given else [])
    pos = 0
    try:
        while pos < len(tokens):
            x = m.step(cache, tokens[pos], pos)
            if pos >= len(prompt) - 1:
                h, token = m.choose(x, pos, r)
                states.append(h.hex()[:16])
                output.append(token)
                leaves.append(sha(b"\0assay/ac1/leaf\0" + binding + struct.pack("<QI", pos, token) + h))
                if not given and token not in m.stop and len(output) < most:
                    tokens = tokens + [token]
            pos += 1
    except Failed as f:
        t = f.args[0]
        return {"output": output, "states": states, "failed_at": t,
                "root": sha(b"assay/ac1/fail\0" + binding + struct.pack("<Q", t)).hex()}
    return {"output": output, "states": states, "failed_at": -1, "root": root(leaves).hex()}


def main():
    where, out = sys.argv[1], []
    for name in sorted(n[:-5] for n in os.listdir(where) if n.endswith(".gguf")):
        m = Model(os.path.join(where, name + ".gguf"))
        with open(os.path.join(where, name + ".json")) as f:
            runs = [dict(r, **answer(m, r)) for r in json.load(f)]
        out.append({"name": name, "model_id": m.file.model_id(), "runs": runs})
        print("%s: %d runs" % (name, len(runs)), file=sys.stderr)
    print("[" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in out) + "]")


if __name__ == "__main__":
    main()
