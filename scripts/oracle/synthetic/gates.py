"""The score of synthetic data by protocol/SPEC.md: gates, and what is paid."""

import hashlib
import re

import families
import page
import schema
import texts

ONE = 1 << 16
sha = lambda b: hashlib.sha256(b).digest()
head = lambda b, i=0: int.from_bytes(sha(b)[8 * i:8 * i + 8], "big")

FACTORS = []
for i in range(112):
    h = sha(b"assay/1/minhash\0" + bytes([i]))
    FACTORS.append((int.from_bytes(h[:8], "big") | 1, int.from_bytes(h[8:16], "big")))


def grams(words, n):
    if n == 0:
        return set()
    out = set()
    for i in range(len(words) - n + 1):
        b = b"assay/1/gram\0" + bytes([n]) + b"".join(w.encode() + b"\0" for w in words[i:i + n])
        out.add(int.from_bytes(sha(b)[:8], "big"))
    return out


def signature(g):
    return [min((a * x + b) % 2 ** 64 for x in g) % 65536 for a, b in FACTORS]


def equal(s, t):
    return sum(a == b for a, b in zip(s, t))


class Index:
    def __init__(self):
        self.grams, self.signs, self.bands = set(), [], {}

    def add(self, g, s):
        self.grams |= g
        for b in range(14):
            found = self.bands.setdefault((b, tuple(s[8 * b:8 * b + 8])), [])
            if len(found) < 8:
                found.append(len(self.signs))
        self.signs.append(s)

    def alike(self, s):
        found = {n for b in range(14) for n in self.bands.get((b, tuple(s[8 * b:8 * b + 8])), [])}
        return max([equal(s, self.signs[n]) for n in found] + [0])


def read_set(b):
    assert b[:16] == b"assay/1/gramset\n" and len(b) == 32 + 8 * int.from_bytes(b[24:32], "big")
    return int.from_bytes(b[16:20], "big"), {int.from_bytes(b[i:i + 8], "big") for i in range(32, len(b), 8)}


def luhn(m):
    digits = [int(c) for c in m if c in "0123456789"]
    if len(set(digits)) == 1:
        return False
    total = 0
    for i, d in enumerate(reversed(digits)):
        total += d if i % 2 == 0 else d * 2 // 10 + d * 2 % 10
    return total % 10 == 0


def mod97(m):
    b = re.sub("[^0-9A-Z]", "", m)
    return int("".join(str(int(c, 36)) for c in b[4:] + b[:4])) % 97 == 1


def outside(m):
    domain = m.split("@", 1)[1].lower()
    if any(domain == d or domain.endswith("." + d) for d in ("example.com", "example.org", "example.net")):
        return False
    return domain.rsplit(".", 1)[1] not in ("example", "test", "invalid")


CHECKS = {None: lambda m: True, "domain": outside, "luhn": luhn, "mod97": mod97}
PRIVATE = [(row["name"], re.compile(row["pattern"].replace("$", r"\Z"), re.A), CHECKS[row.get("check")])
           for row in page.data("scoring/synthetic/gate/private.json")]


def private(s):
    for name, pattern, good in PRIVATE:
        if any(good(m) for m in pattern.findall(s)):
            return name
    return ""


class Judge:
    def __init__(self, spec, sets):
        self.spec, self.seen = spec, Index()
        self.schema = schema.Schema(spec["schema"]) if "schema" in spec else None
        named = {sha(s).hex(): read_set(s) for s in sets}
        mine = [named[n] for n in spec.get("sets", [])]
        self.overlap = [g for n, g in mine if n == 13]
        self.known = [g for n, g in mine if n == 5]
        for e in spec.get("examples", []):
            row, g, s = self.measure({"text": e})
            assert not row["failed"], row
            self.seen.add(g | self.bones, s)

    def measure(self, r):
        row = {"record": r.get("record"), "maker": r.get("maker"), "block": r.get("block"), "failed": [], "words": 0, "distinct": 0,
               "commonest": 0, "overlap": 0, "private": "", "alike": 0, "novelty": 0, "skeleton": 0, "diversity": 0, "pay": 0, "reason": "", "checks": []}
        failed, text = row["failed"], r["text"]
        if len(text.encode()) > 32768:
            failed.append("form")
            return row, set(), None
        prose = text
        if "schema" in self.spec:
            try:
                doc = texts.parse(text, 32, 4096)
            except texts.Bad:
                failed.append("form")
                return row, set(), None
            if not self.schema.valid(doc):
                failed.append("schema")
            prose = "".join(s + "\n" for s in texts.strings(doc))
        words = texts.words(prose)
        plain = [w for w, _ in words]
        row["words"] = n = len(words)
        row["distinct"] = ONE if n - 2 < 16 else len(grams(plain, 3)) * ONE // (n - 2)
        row["commonest"] = 0 if n < 32 else max(map(plain.count, set(plain))) * ONE // n
        row["overlap"] = sum(any(g in s for s in self.overlap) for g in grams(plain, 13))
        row["private"] = private(text)
        if not 8 <= n <= 4096:
            failed.append("length")
        if row["distinct"] < ONE // 2 or row["commonest"] > ONE // 4:
            failed.append("repetition")
        if row["overlap"] > 0:
            failed.append("overlap")
        if row["private"]:
            failed.append("private")
        if "family" in self.spec:
            row["checks"] = [{"check": c, "pass": p} for c, p in families.Question(self.spec["family"], bytes.fromhex(r.get("seed", "00" * 32))).check(text)]
            if not all(c["pass"] for c in row["checks"]):
                failed.append("checks")
        if "run" in self.spec and not failed:
            program = "".join((x if isinstance(x := doc.get(f), str) else "") + "\n" for f in self.spec["run"])
            if families.python(program) is None:
                failed.append("run")
        family = self.spec.get("family")
        compared = plain if family in ("arithmetic", "extraction") else texts.masked(words)
        g, s = grams(compared, min(5, len(compared))), None
        if g:
            s = signature(g)
            row["alike"] = self.seen.alike(s)
            row["novelty"] = sum(x not in self.seen.grams and all(x not in k for k in self.known) for x in g) * ONE // len(g)
        self.bones = set()
        if family not in ("arithmetic", "extraction", "code"):
            self.bones = grams([w for w, mask in words if not mask and len(w.encode()) >= 4], 3)
        row["skeleton"] = ONE if len(self.bones) < 8 else len(self.bones - self.seen.grams) * ONE // len(self.bones)
        if row["alike"] > 84:
            failed.append("alike")
        if row["novelty"] < {"arithmetic": ONE // 2, "extraction": ONE // 2, "code": ONE // 8}.get(family, ONE * 3 // 4) or row["skeleton"] < ONE * 4 // 5:
            failed.append("novelty")
        return row, g, s


def pay(spec, window):
    n = len(window)
    total = sum(equal(a, b) ** 2 for _, a in window for _, b in window)
    for row, _ in window:
        row["diversity"] = n * 112 ** 2 * ONE // total
        row["pay"] = spec["price"] * row["diversity"] // ONE


def file(lines, sets):
    parsed = [texts.parse(line, 36, 1 << 20) for line in lines]
    spec = next(p["specification"] for p in parsed if "specification" in p)
    records = [p for p in parsed if "record" in p]
    draw = lambda r: sha(b"assay/1/synthetic/draw\0" + bytes.fromhex(spec["beacon"]) + bytes.fromhex(r["record"]))
    records.sort(key=lambda r: (r["block"], draw(r), bytes.fromhex(r["record"])))
    judge, rows, makers, accepted, twins = Judge(spec, sets), [], {}, 0, 0
    places = min(spec["count"], spec["maximum"] // spec["price"], 1 << 20)
    for r in records:
        row, g, s = judge.measure(r)
        rows.append(row)
        if row["failed"]:
            row["reason"] = row["failed"][0]
            if set(row["failed"]) <= {"alike", "novelty"} and twins < places:
                twins += 1
                judge.seen.add(g | judge.bones, s)
        elif accepted == places:
            row["reason"] = "full"
        else:
            accepted += 1
            judge.seen.add(g | judge.bones, s)
            makers.setdefault(row["maker"], []).append((row, s))
    for window in makers.values():
        for i in range(0, len(window), 1024):
            pay(spec, window[i:i + 1024])
    return rows
