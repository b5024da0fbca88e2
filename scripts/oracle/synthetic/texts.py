"""Texts and JSON as protocol/SPEC.md, section 21, reads them."""

import re
from fractions import Fraction


class Bad(Exception):
    pass


class Number:
    def __init__(self, text):
        self.text, self.value = text, Fraction(text)


def plain(v):
    """Numbers of lines are whole."""
    return int(v.value) if isinstance(v, Number) else v


NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?([0-9]+))?")
STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*)"')
ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(.))')


def parse(text, depth, most):
    """The value of a text; its numbers are ints where the text is a line's, and Numbers in a record."""
    count = 0

    def space(i):
        while i < len(text) and text[i] in " \t\r\n":
            i += 1
        return i

    def tick():
        nonlocal count
        count += 1
        if count > most:
            raise Bad

    def string(i):
        m = STRING.match(text, i)
        if not m:
            raise Bad
        units = ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t'))[e[2]], m[1])
        try:
            joined = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise Bad
        return joined, m.end()

    def value(i, d):
        tick()
        c = text[i:i + 1]
        if c in ("{", "["):
            if d == 0:
                raise Bad
            return (fields if c == "{" else elements)(space(i + 1), d - 1)
        if c == '"':
            return string(i)
        for word, v in (("true", True), ("false", False), ("null", None)):
            if text.startswith(word, i):
                return v, i + len(word)
        m = NUMBER.match(text, i)
        if not m or m.end() - i > 32 or m[1] and int(m[1]) > 99:
            raise Bad
        return Number(m[0]), m.end()

    def elements(i, d):
        out = []
        while text[i:i + 1] != "]":
            if out:
                if text[i:i + 1] != ",":
                    raise Bad
                i = space(i + 1)
            v, i = value(i, d)
            out.append(v)
            i = space(i)
        return out, i + 1

    def fields(i, d):
        out = {}
        while text[i:i + 1] != "}":
            if out:
                if text[i:i + 1] != ",":
                    raise Bad
                i = space(i + 1)
            tick()
            k, i = string(i)
            i = space(i)
            if k in out or text[i:i + 1] != ":":
                raise Bad
            out[k], i = value(space(i + 1), d)
            i = space(i)
        return out, i + 1

    v, i = value(space(0), depth)
    if space(i) != len(text):
        raise Bad
    return whole(v) if depth > 32 else v


def whole(v):
    """A line with its numbers as ints."""
    if isinstance(v, dict):
        return {k: x if k == "schema" else whole(x) for k, x in v.items()}
    return [whole(x) for x in v] if isinstance(v, list) else plain(v)


def strings(v):
    if isinstance(v, str):
        yield v
    elif isinstance(v, list):
        for x in v:
            yield from strings(x)
    elif isinstance(v, dict):
        for k in sorted(v, key=str.encode):
            yield from strings(v[k])


def same(a, b):
    if isinstance(a, Number) or isinstance(b, Number):
        return isinstance(a, Number) and isinstance(b, Number) and a.value == b.value
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def kind(c):
    c = ord(c)
    if c < 0x80:
        return "letter" if chr(c).isalnum() else "gap"
    ranges = [(0x80, 0xbf, "gap"), (0x2000, 0x2bff, "gap"), (0x3000, 0x303f, "gap"), (0xfe00, 0xfe0f, "gap"), (0xfeff, 0xfeff, "gap"),
              (0xff00, 0xff0f, "gap"), (0x0e00, 0x0eff, "whole"), (0x1000, 0x109f, "whole"), (0x1780, 0x17ff, "whole"),
              (0x2e80, 0xabff, "whole"), (0xf900, 0xfaff, "whole"), (0x1f000, 0x10ffff, "whole")]
    return next((k for a, b, k in ranges if a <= c <= b), "letter")


def capital(c):
    c = ord(c)
    return 65 <= c <= 90 or 0xc0 <= c <= 0xde and c != 0xd7 or 0x391 <= c <= 0x3a9 or 0x400 <= c <= 0x42f


def words(s):
    """Pairs of a word and its mask."""
    runs, run = [], ""
    for c in s + " ":
        k = kind(c)
        if k == "letter":
            run += c
            continue
        if run:
            runs.append(run)
        run = ""
        if k == "whole":
            runs.append(c)
    small = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    mask = lambda w: "#" if any(c in "0123456789" for c in w) else "^" if capital(w[0]) else ""
    return [(w.translate(small), mask(w)) for w in runs]


def masked(list_of_words):
    out = []
    for w, m in list_of_words:
        if not m:
            out.append(w)
        elif not out or out[-1] != m:
            out.append(m)
    return out
