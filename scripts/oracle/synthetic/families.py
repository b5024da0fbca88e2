"""The families by protocol/SPEC.md, section 21: what a seed asks, and whether an answer is right."""

import hashlib
import re
import subprocess
import sys

import page
import texts

FILE = page.data("protocol/task/synthetic/families.json")
TEXTS, WORDS = FILE["texts"], FILE["words"]
FAMILIES = ("arithmetic", "extraction", "code", "instruction", "dialogue")
SPACE = "".join(map(chr, [*range(9, 14), 0x20, 0x85, 0xa0, 0x1680, *range(0x2000, 0x200b), 0x2028, 0x2029, 0x202f, 0x205f, 0x3000]))
BLANK = "\t\n\r "


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

    def of(self, elements):
        return elements[self.below(len(elements))]

    def word(self, name):
        return self.of(WORDS[name])


def fill(text, places):
    return re.sub(r"\{(\w+)\}", lambda m: str(places[m[1]]), text)


def said(name, /, **places):
    (text,) = TEXTS[name]
    return fill(text, places)


def python(program):
    """What a program writes, None where it does not end well. Fuel and memory are far above what these programs need."""
    try:
        compile(program, "program", "exec")
        ran = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, timeout=20)
    except (SyntaxError, ValueError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.decode() if ran.returncode == 0 else None


class Question:
    """What a seed asks: the prompt, and checks, each a name and a function of an answer. Its drawn is for those who answer."""

    def __init__(self, family, seed):
        self.checks, self.drawn = [], {}
        self.prompt = getattr(self, family)(Stream(seed))

    def check(self, answer):
        return [(name, bool(passes(answer))) for name, passes in self.checks]

    def arithmetic(self, s):
        example, result = total(s)
        problem, value = total(s)
        if s.below(2):
            problem, value = story(s)
        self.drawn = {"value": value}
        self.checks = [("form", lambda a: number(a) is not None), ("result", lambda a: number(a) == value)]
        return said("arithmetic", example=example, result=result, problem=problem)

    def extraction(self, s):
        example, shown = note(s)
        asked, facts = note(s)
        self.drawn = facts
        names = set(facts)
        same = lambda o: all(type(o[k]) is (texts.Number if k == "count" else str) for k in facts) and all(
            (o[k].text if k == "count" else o[k]) == str(facts[k]) for k in facts)
        self.checks = [("form", lambda a: has(a) is not None), ("fields", lambda a: set(has(a) or {}) == names),
                       ("facts", lambda a: set(has(a) or {}) == names and same(has(a)))]
        return said("extraction", example=example, facts=said("facts", **shown), note=asked)

    def code(self, s):
        i, k = s.below(10), s.between(2, 9)
        name = WORDS["problems"][i]
        lists = [[s.between(0, 40) for _ in range(s.below(9))] for _ in range(s.between(4, 7))]
        self.drawn = {"name": name, "k": k}
        calls = "".join("print(repr(%s(%r)))\n" % (name, xs) for xs in lists)
        want = "".join("%r\n" % (RESULTS[name](xs, k),) for xs in lists)
        self.checks = [("form", lambda a: "def %s(" % name in fence(a)), ("tests", lambda a: python(fence(a) + "\n" + calls) == want)]
        return said("code", name=name, does=fill(TEXTS["does"][i], {"k": k}))

    def instruction(self, s):
        prompt = said("instruction", topic=s.word("topics"))
        left = [length, keyword, mark, bullets, end, title]
        for _ in range(s.between(2, 4)):
            rule = left.pop(s.below(len(left)))
            text, passes, self.drawn[rule.__name__] = rule(s)
            prompt += "\n- " + text
            self.checks.append((rule.__name__, passes))
        return prompt

    def dialogue(self, s):
        i = s.below(26)
        first, second = WORDS["names"][i], WORDS["names"][(i + 1 + s.below(25)) % 26]
        turns, word, mood, topic = 2 * s.between(2, 5), s.word("keywords"), s.word("moods"), s.word("topics")
        self.drawn = {"first": first, "second": second, "turns": turns, "word": word}
        spoken = lambda a: speeches(a, first, second)
        self.checks = [("form", lambda a: spoken(a)), ("turns", lambda a: len(spoken(a)) == turns),
                       ("keyword", lambda a: any(word in plain(line) for line in spoken(a)[1::2]))]
        return said("dialogue", topic=topic, first=first, second=second, mood=mood, turns=turns, word=word)


def plain(text):
    return [w for w, _ in texts.words(text)]


def total(s):
    text, value = "", 0
    for i in range(s.between(2, 4)):
        x, y = s.between(2, 99), s.between(2, 29)
        term, worth = ("%d × %d" % (x, y), x * y) if s.below(2) else (str(x), x)
        if i:
            off = s.below(2)
            text += " − " if off else " + "
            worth = -worth if off else worth
        text, value = text + term, value + worth
    return said("sum", terms=text), value


def story(s):
    name, good, city = s.word("names"), s.word("goods"), s.word("cities")
    boxes, each, sold, price = s.between(3, 40), s.between(4, 36), s.between(1, 11), s.between(2, 60)
    i = s.below(3)
    places = dict(name=name, good=good, city=city, boxes=boxes, each=each, sold=sold, price=price, purse=sold * price + each, all=boxes * sold)
    return fill(TEXTS["stories"][i], places), (boxes * each - sold, each, boxes * sold)[i]


def number(answer):
    m = re.fullmatch("Answer: ([-−]?[0-9]+)", answer.rstrip(BLANK).rsplit("\n", 1)[-1], re.A)
    n = int(m[1].replace("−", "-")) if m else None
    return n if m and -2 ** 63 <= n < 2 ** 63 else None


def note(s):
    first, last, city, item = s.word("names"), s.word("surnames"), s.word("cities"), s.word("goods")
    count, year, month, day = s.between(2, 480), s.between(1990, 2030), s.between(1, 12), s.between(1, 28)
    text = fill(s.of(TEXTS["notes"]), dict(first=first, last=last, city=city, item=item, count=count, year=year, month=WORDS["months"][month - 1], day=day))
    return text, {"person": first + " " + last, "city": city, "item": item, "count": count, "day": "%04d-%02d-%02d" % (year, month, day)}


def fence(answer):
    if "```" not in answer:
        return answer
    return answer.split("```", 1)[1].partition("\n")[2].split("```", 1)[0]


def has(answer):
    """The object of an answer."""
    text = fence(answer).strip(SPACE)
    try:
        o = texts.parse(text, 4, 64) if len(text.encode()) <= 4096 else None
    except texts.Bad:
        return None
    return o if isinstance(o, dict) else None


def base(x, k):
    return (base(x // k, k) if x >= k else "") + str(x % k)


RESULTS = {
    "sum_of_multiples": lambda xs, k: sum(x for x in xs if x % k == 0),
    "count_above": lambda xs, k: sum(x > k for x in xs),
    "keep_small": lambda xs, k: [x for x in xs if x <= k],
    "rotate": lambda xs, k: [xs[(i + k) % len(xs)] for i in range(len(xs))],
    "every_nth": lambda xs, k: xs[::k],
    "largest_gap": lambda xs, k: max([b - a for a, b in zip(sorted(xs), sorted(xs)[1:])] + [0]) + k,
    "count_pairs": lambda xs, k: sum((xs[i] + xs[j]) % k == 0 for i in range(len(xs)) for j in range(i)),
    "to_base": lambda xs, k: ",".join(base(x, k) for x in xs),
    "running_total": lambda xs, k: [sum(xs[:i + 1]) % k for i in range(len(xs))],
    "first_missing": lambda xs, k: min(n for n in range(k, k + 42) if n not in xs),
}


# The rules of an instruction: a text, whether an answer keeps it, and what was drawn.
def length(s):
    low = 10 * s.between(4, 12)
    high = low + 10 * s.between(4, 10)
    return said("length", low=low, high=high), lambda a: low <= len(texts.words(a)) <= high, low


def keyword(s):
    word, times = s.word("keywords"), s.between(1, 3)
    return said("keyword", word=word, times=times), lambda a: plain(a).count(word) >= times, (word, times)


def mark(s):
    i = s.below(5)
    return said("mark", mark=WORDS["marks"][i]), lambda a: a.strip(SPACE) and not set(a) & set(WORDS["signs"][i]), WORDS["signs"][i]


def bullets(s):
    lines = s.between(2, 6)
    return said("bullets", lines=lines), lambda a: sum(line.startswith("* ") for line in a.split("\n")) == lines, lines


def end(s):
    words = s.word("ends")
    return said("end", end=words), lambda a: a.rstrip(BLANK).endswith(words), words


def title(s):
    def passes(a):
        line, feed, _ = a.lstrip(BLANK).partition("\n")
        line = line.rstrip(BLANK)
        return feed and len(line.encode()) > 4 and line.startswith("<<") and line.endswith(">>")
    return said("title"), passes, None


def speeches(answer, first, second):
    out = []
    for line in answer.split("\n"):
        line = line.strip(SPACE)
        if not line:
            continue
        name = (first, second)[len(out) % 2] + ":"
        if not line.startswith(name) or not line[len(name):].strip(SPACE):
            return []
        out.append(line[len(name):])
    return out
