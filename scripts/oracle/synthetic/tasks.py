"""The family arithmetic by protocol/SPEC.md: what a seed asks, and whether an answer is right."""

import hashlib
import re


class Stream:
    def __init__(self, seed):
        self.seed, self.next, self.left = seed, 0, b""

    def below(self, n):
        if len(self.left) < 8:
            self.left = hashlib.sha256(b"assay/1/task/stream\0" + self.seed + self.next.to_bytes(8, "big")).digest()
            self.next += 1
        v, self.left = int.from_bytes(self.left[:8], "big"), self.left[8:]
        return v % n

    def between(self, low, high):
        return low + self.below(high - low + 1)


def terms(s):
    result = 0
    for i in range(s.between(2, 4)):
        x, y = s.between(2, 99), s.between(2, 29)
        value = x * y if s.below(2) else x
        result += -value if i > 0 and s.below(2) else value
    return result


def story(s):
    s.below(26), s.below(20), s.below(25)  # a name, goods and a city, which change no number
    boxes, each, sold = s.between(3, 40), s.between(4, 36), s.between(1, 11)
    s.between(2, 60)
    return [lambda: boxes * each - sold, lambda: each, lambda: boxes * sold][s.below(3)]()


def result(seed):
    s = Stream(seed)
    terms(s)
    value = terms(s)
    return story(s) if s.below(2) else value


def check(family, seed, answer):
    assert family == "arithmetic"
    line = answer.rstrip(" \t\r\n").rsplit("\n", 1)[-1]
    m = re.fullmatch("Answer: ([-−]?[0-9]+)", line, re.A)
    number = int(m[1].replace("−", "-")) if m else None
    if m and not -2 ** 63 <= number < 2 ** 63:
        m = None
    return [("form", bool(m)), ("result", bool(m) and number == result(seed))]
