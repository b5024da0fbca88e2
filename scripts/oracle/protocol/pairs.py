"""Pairs: what the kind judgement asks (protocol/SPEC.md, section 11 and the appendix of pairs)."""

import json
import pathlib
import re

from form import *

HERE = pathlib.Path(__file__).resolve().parents[3]
SORTS = ("sale", "home", "height", "most", "train", "price", "holder")


def appendix():
    text = (HERE / "protocol" / "SPEC.md").read_text(encoding="utf-8").split("\n## Appendix: pairs\n")[1]
    lines, words = {}, {}
    for name, body in re.findall(r"^(\w+)[:(][^\n]*\n\n((?:    .*\n)+)", text.replace(" (", "("), re.M):
        rows = [line[4:] for line in body.splitlines()]
        if name in SORTS:
            lines[name] = [re.sub(r"^v = \d: ", "", row) for row in rows]
        else:
            words[name] = [row[1:-1] for row in rows] if rows[0].startswith("|") else " ".join(rows).split()
    must(tuple(lines) == SORTS, "sorts of the appendix")
    for name, count in re.findall(r"^(\w+) \((\d+)\)[:,]", text, re.M):
        must(len(words[name]) == int(count), "words of the appendix: " + name)
    return lines, words


LINES, WORDS = appendix()


class Drawn:
    """One pair, drawn from a stream."""

    def __init__(self, stream):
        self.s = stream
        sort = SORTS[stream.below(7)]
        names = getattr(self, sort)()
        first = LINES[sort][names.get("v", 0)]
        self.forms = LINES[sort][-3:]
        self.fill = lambda text: re.sub(r"\{(\w+?)\}", lambda m: str(names[m[1]]), text)
        self.prompt = self.fill(first)
        self.right, self.wrong = self.x[self.i], [self.x[(self.i + 1) % 3], self.x[(self.i + 2) % 3]]

    def of(self, words):
        return words[self.s.below(len(words))]

    def some(self, n, name):
        words = list(WORDS[name])
        for i in range(n):
            j = i + self.s.below(len(words) - i)
            words[i], words[j] = words[j], words[i]
        return words[:n]

    def between(self, low, high):
        return low + self.s.below(high - low + 1)

    def three(self):
        a, b, c = self.between(10, 97), self.between(10, 98), self.between(10, 99)
        b += b >= a
        while c in (a, b):
            c = 10 + (c - 9) % 90
        return [a, b, c]

    def end(self, of, least, greatest):
        if self.between(0, 1):
            self.i = of.index(min(of))
            return least
        self.i = of.index(max(of))
        return greatest

    def named(self, **lists):
        return {k + str(i): v for k, vs in lists.items() for i, v in enumerate(vs)}

    def sale(self):
        self.x, g, n, v = self.some(3, "name"), self.of(WORDS["goods"]), self.between(3, 90), self.between(0, 1)
        self.i = self.between(0, 1)
        return self.named(x=self.x) | {"g": g, "n": n, "v": v, "i": ("sold", "bought")[self.i]}

    def home(self):
        w, self.x, self.i = self.some(3, "name"), self.some(3, "city"), self.between(0, 2)
        return self.named(w=w, x=self.x) | {"w_i": w[self.i]}

    def height(self):
        self.x, self.i, v = self.some(3, "name"), 2 * self.between(0, 1), self.between(0, 1)
        return self.named(x=self.x) | {"v": v, "i": ("tallest", "", "shortest")[self.i]}

    def most(self):
        self.x, g, h = self.some(3, "name"), self.of(WORDS["goods"]), self.three()
        return self.named(x=self.x, h=h) | {"g": g, "e": self.end(h, "fewest", "most")}

    def train(self):
        self.x, h = self.some(3, "city"), self.three()
        return self.named(x=self.x, c=["%d:%02d" % (6 + n // 6, 10 * (n % 6)) for n in h]) | {"e": self.end(h, "first", "last")}

    def price(self):
        self.x, h = self.some(3, "goods"), self.three()
        return self.named(x=self.x, h=h) | {"e": self.end(h, "cheapest", "dearest")}

    def holder(self):
        self.x, w, self.i = self.some(3, "name"), self.some(3, "goods"), self.between(0, 2)
        return self.named(x=self.x, w=w) | {"w_i": w[self.i]}

    def response(self, value):
        opener, form, closer = self.of(WORDS["opener"]), self.of(self.forms), self.of(WORDS["closer"])
        return opener + self.fill(form).replace("%s", value) + closer

    def responses(self, first, second):
        a = b = self.response(first)
        while b == a:
            b = self.response(second)
        return a, b


def ordinary(stream):
    """The prompt and both responses of an ordinary pair."""
    d = Drawn(stream)
    values = d.right, d.right
    if d.between(0, 3):
        i = d.between(0, 1)
        values = d.wrong[i], d.wrong[1 - i]
    return (d.prompt, *d.responses(*values))


def check(stream_of):
    """Every task of the kind judgement that is kept is the one that its id draws."""
    tasks = json.loads((HERE / "protocol" / "task" / "judgement" / "testdata" / "tasks.json").read_text())
    for t in tasks:
        stream = stream_of(bytes.fromhex(t["id"]))
        stream.below(1)  # of one model
        must(encode([bytes.fromhex(t["model"]), *ordinary(stream)]).hex() == t["body"], "another pair than that of task " + t["id"])
    print("pairs: %d equal" % len(tasks))
