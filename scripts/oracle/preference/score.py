"""The score of preference data, written from protocol/SPEC.md, section 22, and from no program. Plain and slow."""

import json
import math

ONE = 65536
DEFAULTS = {
    "gold_deviations": 65536, "setter_parts": 3, "gate_from": 22938, "gate_width": 22938, "max_weight": 26214,
    "max_agreement": 22938, "free_agreement": 2621, "min_against": 524288, "voice_deviations": 131072, "same_voice": 37683,
    "keep_agreement": 32768, "keep_rest": 49152,
}


def div(a, b):
    """Truncated toward zero."""
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def wilson(k, n, z):
    if n == 0 or k > n:
        return 0
    if n > 1 << 40:
        k, n = div(k << 40, n), 1 << 40
    z2 = div(z * z, ONE)
    margin = div(math.isqrt((div(k * (n - k), n) + div(z2, 4)) * 65536) * z, ONE)
    top = k + div(z2, 2)
    return 0 if margin >= top else div((top - margin) * 65536, n + z2)


def ident(v):
    """An id as the file's bytes, in the one way to write it."""
    if isinstance(v, int):
        return str(v)
    text = json.dumps(v, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text


class Score:
    def __init__(self, params=DEFAULTS):
        self.p = params
        self.last = None
        self.raters = set()
        self.golds = {}  # (rater, setter, cell) -> [asked, right]
        self.twos = {}  # frozenset of two -> [agree, met, against, beside]

    def decay(self, epoch):
        gap = epoch - self.last if self.last is not None else 0
        self.last = epoch
        if gap > 256:
            self.golds, self.twos = {}, {}
            return
        for _ in range(gap):
            for v in self.golds.values():
                v[:] = [div(x * self.p["keep_rest"], ONE) for x in v]
            for v in self.twos.values():
                v[:] = [div(v[0] * self.p["keep_agreement"], ONE), div(v[1] * self.p["keep_agreement"], ONE),
                        div(v[2] * self.p["keep_rest"], ONE), div(v[3] * self.p["keep_rest"], ONE)]

    def bound(self, rater):
        big_a, big_r = [0, 0], [0, 0]
        for c in (0, 1):
            own = [v for (r, _, cell), v in self.golds.items() if r == rater and cell == c]
            cap = div(sum(v[0] for v in own), self.p["setter_parts"])
            for asked, right in own:
                if asked > 0:
                    counts = min(asked, cap)
                    big_a[c] += counts
                    big_r[c] += div(right * counts, asked)
        n = div(2 * big_a[0] * big_a[1], sum(big_a)) if sum(big_a) else 0
        k = sum(div(big_r[c] * n, big_a[c]) if big_a[c] else 0 for c in (0, 1))
        return wilson(k, 2 * n, self.p["gold_deviations"])

    def epoch(self, number, pairs):
        """Rows of one epoch; a pair is (length, z, gold, cell, setter, {rater: x or None})."""
        p = self.p
        self.decay(number)
        for length, z, gold, cell, setter, answers in pairs:
            self.raters |= set(answers)
            if gold:
                for rater, x in answers.items():
                    v = self.golds.setdefault((rater, setter, cell), [0, 0])
                    v[0] += ONE
                    v[1] += ONE if x == gold else 0
        low = {r: self.bound(r) for r in self.raters}
        w = {r: min(max(0, 2 * low[r] - ONE), p["max_weight"]) for r in self.raters}
        gate = {r: 0 if low[r] <= p["gate_from"] else min(ONE, div((low[r] - p["gate_from"]) * ONE, p["gate_width"])) for r in self.raters}

        ordinary = [(length, z, {r: x for r, x in a.items() if x is not None}) for length, z, gold, _, _, a in pairs if not gold]
        count, total = {}, {}
        for length, z, answers in ordinary:
            for r, x in answers.items():
                key = (r, length, z)
                count[key], total[key] = count.get(key, 0) + 1, total.get(key, 0) + x

        def y(r, length, z, x):
            n, s = count[r, length, z], total[r, length, z]
            return 0 if n < 2 else div((n * x - s) * ONE, n - 1)

        for length, z, answers in ordinary:
            names = sorted(answers)
            for i in names:
                for j in names:
                    if i >= j:
                        continue
                    v = self.twos.setdefault(frozenset((i, j)), [0, 0, 0, 0])
                    v[0] += div(y(i, length, z, answers[i]) * y(j, length, z, answers[j]), ONE)
                    v[1] += ONE
                    others = sum(w[o] * answers[o] for o in names if o not in (i, j))
                    for x in (answers[i], answers[j]):
                        if x * others < 0:
                            v[2] += ONE
                            v[3] += ONE if answers[i] == answers[j] else 0

        voice = self.voices()
        done = {r: 0 for r in self.raters}
        for *_, answers in pairs:
            there = [r for r, x in answers.items() if x is not None]
            for r in there:
                done[r] += div(ONE, sum(1 for o in there if o in voice[r]))
        shown = {r for *_, answers in pairs for r in answers}
        shown |= {r for (r, _, _), v in self.golds.items() if any(v)}
        shown |= {r for two, v in self.twos.items() if any(v) for r in two}
        rows = []
        for r in sorted(shown, key=lambda r: (len(r.encode()), r.encode())):
            top = weight = 0
            for two, (agree, met, _, _) in self.twos.items():
                others = two - voice[r]
                if len(others) != 1:  # both of the voice, or neither
                    continue
                (o,) = others
                big_w = div(div(w[o] * met, ONE), len(voice[o]))
                c = min(p["max_agreement"], div(agree * ONE, met)) if met else 0
                top, weight = top + big_w * c, weight + big_w
            q = div(top, weight) if weight else 0
            pay = div(div(done[r] * max(0, q - p["free_agreement"]), ONE) * gate[r], ONE)
            rows.append((r, pay, q, gate[r], done[r], w[r], len(voice[r]) * ONE))
        return rows

    def voices(self):
        voice = {r: {r} for r in self.raters}
        for two, (_, _, against, beside) in self.twos.items():
            if against >= self.p["min_against"] and wilson(beside, against, self.p["voice_deviations"]) > self.p["same_voice"]:
                a, b = two
                if voice[a] is not voice[b]:
                    both = voice[a] | voice[b]
                    for r in both:
                        voice[r] = both
        return voice


def read(lines):
    """{epoch: pairs} of JSON Lines."""
    epochs = {}
    for line in lines:
        if line.strip():
            o = json.loads(line)
            answers = {ident(r): x for r, x in o["answers"]}
            epochs.setdefault(o["epoch"], []).append((*o["stratum"], o["gold"] or 0, o["cell"], ident(o["setter"]), answers))
    return epochs


def score(lines):
    """The output for a file: a line a rater of the last epoch."""
    s, rows = Score(), []
    for number, pairs in sorted(read(lines).items()):
        rows = s.epoch(number, pairs)
    return "".join('{"rater":%s,"pay":%d,"q":%d,"gate":%d,"done":%d,"w":%d,"voice":%d}\n' % row for row in rows)
