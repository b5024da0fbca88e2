"""Form: CBOR, hashes, trees, keys and signatures (protocol/SPEC.md, sections 1 and 2)."""

import base64
import hashlib
import hmac


class Wrong(Exception):
    """What does not agree with the specification."""


def must(ok, what):
    if not ok:
        raise Wrong(what)


# --- CBOR -------------------------------------------------------------------

NESTING, ELEMENTS = 8, 8192


def head(major, n):
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if size == 1 and n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise Wrong("an integer beyond 64 bits")


def encode(v):
    if v is None or isinstance(v, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[v]
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, (list, tuple)):
        return head(4, len(v)) + b"".join(map(encode, v))
    pairs = sorted((encode(k), encode(x)) for k, x in v.items())
    return head(5, len(pairs)) + b"".join(k + x for k, x in pairs)


def decode(b, limit=1 << 30):
    """The value of canonical bytes; Wrong for anything else."""
    must(len(b) <= limit, "over its limit")
    v, rest = item(b, NESTING)
    must(not rest, "something follows the item")
    must(encode(v) == b, "not canonical")
    return v


def item(b, depth):
    must(b, "ends too early")
    major, low = b[0] >> 5, b[0] & 31
    b = b[1:]
    if major == 7:
        must(low in (20, 21, 22), "a float or a simple value")
        return {20: False, 21: True, 22: None}[low], b
    must(low < 28, "an indefinite length")
    if low >= 24:
        size = 1 << low - 24
        must(len(b) >= size, "ends too early")
        low, b = int.from_bytes(b[:size], "big"), b[size:]
    if major < 2:
        return (low, -1 - low)[major], b
    must(major != 6, "a tag")
    if major < 4:
        must(low <= len(b), "ends too early")
        try:
            return (b[:low] if major == 2 else b[:low].decode("utf-8")), b[low:]
        except UnicodeDecodeError as e:
            raise Wrong("text that is no UTF-8") from e
    must(depth and low <= ELEMENTS, "too deep or too long")
    if major == 4:
        out = []
        for _ in range(low):
            v, b = item(b, depth - 1)
            out.append(v)
        return out, b
    pairs = {}
    for _ in range(low):
        k, b = item(b, depth - 1)
        must(isinstance(k, (int, str)) and k not in pairs, "a key twice, or of another type")
        pairs[k], b = item(b, depth - 1)
    return pairs, b


def shape(v, form, what):
    """Checks a decoded value against a form: "u16", "b32", ["u16"] for a list, ("u16", …) for fields, "seat"."""
    if isinstance(form, tuple):
        must(isinstance(v, list) and len(v) == len(form), what + ": fields")
        for x, f in zip(v, form):
            shape(x, f, what)
    elif isinstance(form, list):
        must(isinstance(v, list), what + ": a list")
        for x in v:
            shape(x, form[0], what)
    elif form == "seat":
        must(isinstance(v, dict) and list(v) == [1, 2], what + ": a seat id")
        shape(v[1], "u16", what)
        shape(v[2], "u64", what)
    elif form[0] in "ui":
        bits = int(form[1:])
        low, high = (0, 1 << bits) if form[0] == "u" else (-1 << bits - 1, 1 << bits - 1)
        must(type(v) is int and low <= v < high, what + ": " + form)
    elif form[0] == "b":
        must(isinstance(v, bytes) and form[1:] in ("", str(len(v))), what + ": " + form)
    else:
        must(isinstance(v, str), what + ": text")
    return v


# --- hashes and trees -------------------------------------------------------

def address(key):
    """CometBFT's name of a consensus key."""
    return hashlib.new("ripemd160", sha(key)).digest()


def base32(b):
    """RFC 4648, lower case, without padding."""
    return base64.b32encode(b).decode().lower().rstrip("=")


def u16(n): return n.to_bytes(2, "big")
def u32(n): return n.to_bytes(4, "big")
def u64(n): return n.to_bytes(8, "big")
def sha(b): return hashlib.sha256(b).digest()
def H(domain, b): return sha(domain.encode() + b"\0" + b)
def leaf(d): return sha(b"\0" + d)
def node(l, r): return sha(b"\1" + l + r)


ZERO = bytes(32)
NO_KEY = bytes(33)


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha(b"")
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def proof(leaves, i):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if i < k:
        return proof(leaves[:k], i) + [root(leaves[k:])]
    return proof(leaves[k:], i - k) + [root(leaves[:k])]


def climb(x, i, n, path):
    """The root of a tree of n leaves of which x is number i."""
    must(0 <= i < n, "no leaf of the tree")
    if n == 1:
        must(not path, "a proof that is too long")
        return x
    must(path, "a proof that is too short")
    k = split(n)
    if i < k:
        return node(climb(x, i, k, path[:-1]), path[-1])
    return node(path[-1], climb(x, i - k, n - k, path[:-1]))


# --- secp256k1 (SEC 2), a point being (x, y) or None ------------------------

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def double(a):
    """Of a point in Jacobian coordinates: x = X/Z², y = Y/Z³, Z = 0 for none."""
    x, y, z = a
    s, m = 4 * x * y * y % P, 3 * x * x % P
    t = (m * m - 2 * s) % P
    return t, (m * (s - t) - 8 * y * y * y * y) % P, 2 * y * z % P


def add(a, b):
    if not a[2]:
        return b
    if not b[2]:
        return a
    z1, z2 = a[2] * a[2] % P, b[2] * b[2] % P
    u1, u2 = a[0] * z2 % P, b[0] * z1 % P
    s1, s2 = a[1] * z2 * b[2] % P, b[1] * z1 * a[2] % P
    if u1 == u2:
        return double(a) if s1 == s2 else (0, 1, 0)
    h, r = u2 - u1, s2 - s1
    h2 = h * h % P
    x = (r * r - h * h2 - 2 * u1 * h2) % P
    return x, (r * (u1 * h2 - x) - s1 * h * h2) % P, h * a[2] * b[2] % P


def times(k, a):
    out, a = (0, 1, 0), (a[0], a[1], 1)
    while k:
        if k & 1:
            out = add(out, a)
        a, k = double(a), k >> 1
    return out


def affine(a):
    inv = pow(a[2], -1, P)
    return a[0] * inv * inv % P, a[1] * inv * inv * inv % P


def point(key):
    must(len(key) == 33 and key[0] in (2, 3), "no compressed key")
    x = int.from_bytes(key[1:], "big")
    y = pow((x**3 + 7) % P, (P + 1) // 4, P)
    must(x < P and y * y % P == (x**3 + 7) % P, "a key off the curve")
    return x, (y if y % 2 == key[0] % 2 else P - y)


def public(d):
    x, y = affine(times(d, G))
    return bytes([2 + y % 2]) + x.to_bytes(32, "big")


def verify(key, domain, message, sig):
    must(len(sig) == 64, "a signature's length")
    r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
    must(0 < r < N and 0 < s <= N // 2, "a signature out of range")
    e, w = int.from_bytes(H(domain, message), "big"), pow(s, -1, N)
    q = add(times(e * w % N, G), times(r * w % N, point(key)))
    must(q[2] and affine(q)[0] % N == r, "a wrong signature under " + domain)


def sign(d, domain, message):
    """With the nonce of RFC 6979; the digest is reduced modulo N there."""
    digest = H(domain, message)
    e = int.from_bytes(digest, "big")
    seed = d.to_bytes(32, "big") + (e % N).to_bytes(32, "big")
    v, k = b"\1" * 32, bytes(32)
    mac = lambda m: hmac.new(k, m, hashlib.sha256).digest()
    for byte in (b"\0", b"\1"):
        k = mac(v + byte + seed)
        v = mac(v)
    while True:
        v = mac(v)
        n = int.from_bytes(v, "big")
        if 0 < n < N:
            r = affine(times(n, G))[0] % N
            s = pow(n, -1, N) * (e + r * d) % N
            if r and s:
                return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")
        k = mac(v + b"\0")
        v = mac(v)


def derive(ikm, label, context=b""):
    """A derived scalar: section 2."""
    for counter in range(256):
        prk = hmac.new(b"assay/key/v1", ikm, hashlib.sha256).digest()
        info = label.encode() + b"\0" + context + bytes([counter])
        d = int.from_bytes(hmac.new(prk, info + b"\1", hashlib.sha256).digest(), "big")
        if 0 < d < N:
            return d
    raise Wrong("no scalar")


# --- Ed25519 (RFC 8032, section 5.1), which transport keys sign by -----------

FIELD, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
TWIST = -121665 * pow(121666, -1, FIELD) % FIELD
ROOT = pow(2, (FIELD - 1) // 4, FIELD)


def edwards_point(b):
    y, odd = int.from_bytes(b, "little") & (1 << 255) - 1, b[31] >> 7
    must(y < FIELD, "a point beyond the field")
    square = (y * y - 1) * pow(TWIST * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * ROOT % FIELD
    must((x * x - square) % FIELD == 0 and (x or not odd), "no point")
    return (FIELD - x if x & 1 != odd else x), y


def edwards_add(p, q):
    (a, b), (c, d) = p, q
    k = TWIST * a * b * c * d % FIELD
    return (a * d + b * c) * pow(1 + k, -1, FIELD) % FIELD, (b * d + a * c) * pow(1 - k, -1, FIELD) % FIELD


def edwards_times(k, p):
    out = (0, 1)
    while k:
        if k & 1:
            out = edwards_add(out, p)
        p, k = edwards_add(p, p), k >> 1
    return out


def verify_transport(key, domain, message, sig):
    digest = sha(domain.encode() + b"\0" + message)
    s = int.from_bytes(sig[32:], "little")
    must(s < ORDER, "s beyond the order")
    must(edwards_times(8, edwards_point(key)) != (0, 1), "a key of small order")
    base = edwards_point((4 * pow(5, -1, FIELD) % FIELD).to_bytes(32, "little"))
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + digest).digest(), "little") % ORDER
    must(edwards_times(s, base) == edwards_add(edwards_point(sig[:32]), edwards_times(k, edwards_point(key))), "a transport key's signature")
