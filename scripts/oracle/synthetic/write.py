"""Random files: requests, and records that pass their gates or fail each of them."""

import hashlib
import json

import families
import gates
import texts as text

PROGRAM = {"type": "object", "required": ["q", "code"], "properties": {"q": {"type": "string"}, "code": {"type": ["string", "number"]}}}

SCHEMA = {"type": "object", "required": ["q"], "properties": {
    "q": {"$ref": "#/$defs/text"}, "n": {"type": "integer", "minimum": 1}, "tags": {"type": "array", "uniqueItems": True, "items": {"enum": ["a", "b", 1, None]}},
    "more": {"anyOf": [{"type": "string", "minLength": 3, "maxLength": 4000}, {"type": "number", "multipleOf": 0.25}, {"not": {"type": "string"}}]}},
    "additionalProperties": False, "$defs": {"text": {"type": "string", "pattern": "^[A-Za-z].*[.!]$"}}}


def word(r):
    return "".join(r.choice("bcdfghklmnprstvwz") + r.choice("aeiou") for _ in range(r.randint(1, 3)))


def prose(r, n):
    out = []
    for _ in range(n):
        w = word(r)
        kind = r.random()
        if kind < 0.08:
            w = w.capitalize() + r.choice(["", " " + word(r).capitalize()])
        elif kind < 0.14:
            w = str(r.randint(0, 3000))
        elif kind < 0.18:
            w = r.choice(["naïve", "École", "Ωmega", "Москва", "日本", "—", "don't", "x\u200by", "😀", "ไทย"])
        out.append(w)
    return " ".join(out)


def hexes(r):
    return "%064x" % r.getrandbits(256)


def a_set(size, grams):
    grams = sorted(set(grams))
    return b"assay/1/gramset\n" + size.to_bytes(4, "big") + bytes(4) + len(grams).to_bytes(8, "big") + b"".join(g.to_bytes(8, "big") for g in grams)


def secret(r):
    return r.choice(["me@acme.io", "me@example.com", "+44 20 7946 0958", "4111 1111 1111 1111", "4111 1111 1111 1112", "078-05-1120", "DE89 3704 0044 0532 0130 00",
                     "DE88 3704 0044 0532 0130 00", "ghp_" + "a1" * 18, "AKIA" + "Z9" * 8, "-----BEGIN PRIVATE KEY-----", "sk-" + "q" * 32, "xoxb-1234567890", "12-34-5678"])


def texts(r, earlier, exam, book):
    """One text, of every sort."""
    kind = r.randrange(14)
    n = r.randint(12, 60)
    if kind == 0 and earlier:
        return r.choice(earlier)
    if kind == 1 and earlier:
        return r.choice(earlier) + " " + prose(r, r.randint(1, 30))
    if kind == 2:
        return prose(r, r.randint(0, 9))
    if kind == 3:
        return " ".join([prose(r, r.randint(2, 6))] * r.randint(2, 12))
    if kind == 4:
        w = exam.split(" ")
        i = r.randrange(len(w) - 20)
        return prose(r, n) + " " + " ".join(w[i:i + r.randint(11, 16)])
    if kind == 5:
        return prose(r, n) + " " + secret(r)
    if kind == 6:
        return r.choice(book)
    if kind == 7:
        return "On day %d the merchant %s sold %d lamps to the keeper of the old house by the river." % (r.randint(1, 99), word(r).capitalize(), r.randint(1, 99))
    return prose(r, n)


def wrap(r, text):
    """The text in a record of SCHEMA, or nearly."""
    doc = {"q": text.capitalize() + "." if r.random() < 0.9 else text}
    if r.random() < 0.4:
        doc["n"] = r.choice([1, 7, 0, -3, 2.5, "1"])
    if r.random() < 0.4:
        doc["tags"] = r.choice([[], ["a", 1], ["a", "a"], ["c"], [1, 1.0], [None, "b"]])
    if r.random() < 0.5:
        doc["more"] = r.choice([prose(r, 8), "xy", 1.25, 1.3, True, None, [1], {"k": prose(r, 3)}])
    if r.random() < 0.05:
        doc["extra"] = 1
    items = list(doc.items())
    r.shuffle(items)
    out = json.dumps(dict(items), ensure_ascii=r.random() < 0.5)
    broken = [lambda s: s[:-1], lambda s: s + "1", lambda s: '{"q":1,' + s[1:], lambda s: s.replace('"q"', '"q":1,"q"', 1), lambda s: "[" * 40 + s,
              lambda s: s[:-1] + ',"n":1e100}', lambda s: s[:-1] + ',"more":"\\ud800"}', lambda s: s[:-1] + ',"n":01}', lambda s: " " + s + "\n",
              lambda s: s[:-1] + ',"more":[' + "1," * 4100 + "1]}", lambda s: s[:-1] + ',"more":1e2}' if "more" not in s else s]
    return r.choice(broken)(out) if r.random() < 0.12 else out


def small(r, depth=2):
    """A value of few sorts, so that schemas of few sorts speak of it."""
    if depth and r.random() < 0.5:
        return [small(r, depth - 1) for _ in range(r.randrange(4))] if r.random() < 0.5 else {k: small(r, depth - 1) for k in r.sample("abcd", r.randrange(4))}
    return r.choice([None, True, False, 0, 1, 2, 2.5, -3, 1e2, "", "a", "ab", "aab", "日本", "b\n", "A1 ", "c-d"])


PATTERNS = ["^a", "b$", "^a*b?$", "[^a-c]", r"\d", r"^\w+$", r"\s", "a|b", "(?:ab){1,2}", "^.{2}$", r"[\S]", "^[日月]", "a{2,}", "", "-", r"[+\-]"]
BROKEN = ["(", "a**", "[z-a]", r"\b", "(?i)a", "a{3,2}", "[]", "a{1001}", "]", "a" * 300, "((a{9}){9}){15}", r"\pL", "{", "a*?"]


def some_schema(r, names, depth=3, pattern=PATTERNS):
    """A schema of any keywords, which refers to the names."""
    if r.random() < 0.08:
        return r.choice([True, True, False])
    sub, s = lambda: some_schema(r, names, depth - 1, pattern), {}
    makers = {
        "type": lambda: r.choice(["object", "array", "string", "number", "integer", "boolean", "null", ["string", "null"], ["array", "object", "number"]]),
        "enum": lambda: [small(r, 1) for _ in range(r.randint(1, 4))], "const": lambda: small(r, 1), "minLength": lambda: r.randrange(3),
        "maxLength": lambda: r.randrange(1, 4), "pattern": lambda: r.choice(pattern), "minimum": lambda: r.choice([0, 1, 1.5]), "maximum": lambda: r.choice([1, 2, 100]),
        "exclusiveMinimum": lambda: r.choice([0, -3]), "exclusiveMaximum": lambda: r.choice([2, 2.5]), "multipleOf": lambda: r.choice([1, 0.5, 2]),
        "minItems": lambda: r.randrange(2), "maxItems": lambda: r.randrange(1, 4), "uniqueItems": lambda: r.random() < 0.7, "minContains": lambda: r.randrange(3),
        "maxContains": lambda: r.randrange(1, 3), "minProperties": lambda: r.randrange(2), "maxProperties": lambda: r.randrange(1, 4),
        "required": lambda: r.sample("abcd", r.randrange(2)), "dependentRequired": lambda: {"a": r.sample("bcd", 1)}, "title": lambda: "a title", "format": lambda: "email"}
    deep = {
        "not": sub, "if": sub, "then": sub, "else": sub, "items": sub, "contains": sub, "additionalProperties": sub,
        "propertyNames": lambda: {"pattern": r.choice(pattern)}, "allOf": lambda: [sub()], "anyOf": lambda: [sub(), sub()], "oneOf": lambda: [sub(), sub()],
        "prefixItems": lambda: [sub() for _ in range(r.randint(1, 2))], "dependentSchemas": lambda: {r.choice("abc"): sub()},
        "properties": lambda: {k: sub() for k in r.sample("abcd", 2)}, "patternProperties": lambda: {r.choice(["^a", "[bc]", "d$"]): sub()}}
    for k in r.sample(sorted(makers), r.randint(0, 2)):
        s[k] = makers[k]()
    for k in r.sample(sorted(deep), r.randint(0, 2) if depth else 0):
        s[k] = deep[k]()
    if names and r.random() < 0.2:
        s["$ref"] = "#/$defs/" + r.choice(names)
    return s


def any_schema(r):
    """A schema for records with something in x; some are refused."""
    broken = r.random()
    s = {"properties": {"x": some_schema(r, ["n", "m/~"] if broken > 0.02 else ["x"])}, "$defs": {"n": some_schema(r, []), "m/~": some_schema(r, ["n"]), "many": {"allOf": [True] * 60}}}
    s = json.loads(json.dumps(s).replace("#/$defs/m/~", "#/$defs/m~1~0"))
    if broken < 0.3:
        s["allOf"] = [r.choice([{"pattern": r.choice(BROKEN)}, {"$ref": "#"}, {"$ref": "#/$defs/z"}, {"items": {"$id": "x"}}, {"$ref": "#/properties"},
                                {"$schema": "http://json-schema.org/draft-07/schema#"}, {"allOf": [{"$ref": "#/$defs/many"}] * 40}, {"not": {"$ref": "#/allOf/0"}},
                                {"$ref": "#/properties/x"}, {"$ref": "x"}, {"allOf": [{"pattern": "a{99}"}] * 10}, {"allOf": [{"pattern": "a{97}"}] * 10}])]
    return s


def answer(r, family, seed):
    """An answer to the question of a seed, right or nearly."""
    q = families.Question(family, seed)
    d = q.drawn
    if family == "arithmetic":
        right = d["value"]
        return prose(r, 20) + r.choice(["", "\nAnswer: %d" % right, "\nAnswer: %d\n" % right, "\nAnswer: %d" % (right + 1), "\nAnswer: −5", "\nAnswer: 9" + "9" * 20,
                                        "\nanswer: %d" % right, ("\nAnswer: %d \n\t" % right).replace("-", "−")])
    if family == "extraction":
        facts = json.dumps({k: v for k, v in r.sample(sorted(d.items()), 5)})
        return r.choice([str, str, lambda s: "It is\n```json\n%s\n```\nso." % s, lambda s: "\u2003" + s + "\n", lambda s: s[:-1], lambda s: s.replace("}", ', "x": 1}'),
                         lambda s: s.replace('"count": ', '"count": "').replace("}", '"}'), lambda s: s.replace("19", "20"), lambda s: s.replace('"count": ', '"count": 0.'),
                         lambda s: s[:-1] + ',"day":"1"}', lambda s: "```" + s, lambda s: s + " x"])(facts)
    if family == "code":
        body = {"sum_of_multiples": "t = 0\n    for x in xs:\n        if x % K == 0:\n            t += x\n    return t", "count_above": "return len([x for x in xs if x > K])",
                "keep_small": "return list(filter(lambda x: x <= K, xs))", "rotate": "return xs[K % max(1, len(xs)):] + xs[:K % max(1, len(xs))]", "every_nth": "return xs[::K]",
                "largest_gap": "xs = sorted(xs)\n    g = 0\n    for i in range(1, len(xs)):\n        g = max(g, xs[i] - xs[i-1])\n    return g + K",
                "count_pairs": "return len([1 for i in range(len(xs)) for j in range(i) if (xs[i] + xs[j]) % K == 0])",
                "to_base": "def one(x):\n        s = ''\n        while True:\n            s = str(x % K) + s\n            x //= K\n            if x == 0:\n                return s\n"
                           "    return ','.join([one(x) for x in xs])",
                "running_total": "t, out = 0, []\n    for x in xs:\n        t += x\n        out.append(t % K)\n    return out",
                "first_missing": "n = K\n    while n in xs:\n        n += 1\n    return n"}[d["name"]]
        program = "def %s(xs):\n    %s\n" % (d["name"], body.replace("K", str(d["k"])))
        return prose(r, 16) + r.choice([str, str, lambda s: s.replace("return", "return 1 if len(xs) > 3 else", 1), lambda s: s.replace("(xs):", "(xs)"), lambda s: s + "1/0\n",
                                        lambda s: s + "print('hello')\n", lambda s: "def f(xs):\n    return 1\n"])("\n```python\n%s" % program) + "```"
    if family == "instruction":
        marks = d.get("mark", "")
        word, times = d.get("keyword", ("", 0))
        clean = lambda t: "".join("x" if c in marks else c for c in t)
        out = clean(prose(r, max(12, d.get("length", 0) + r.choice([-9, 5, 20])))) + (" " + word) * (times - (r.random() < 0.2))
        out += "\n* so" * (d.get("bullets", 0) + (r.random() < 0.2))
        out = ("<<%s>>\n" % r.choice(["A title", ""]) if "title" in d else "") + out
        return out + ("\n" + d["end"] + r.choice(["", "\n", " \t", "."]) if "end" in d else "")
    lines = ["%s: %s" % ((d["first"], d["second"])[i % 2], prose(r, 6)) for i in range(d["turns"] + r.choice([0, 0, 0, 0, 1, -2]))]
    if r.random() < 0.8:
        lines[1] += " " + r.choice([d["word"], d["word"].upper()])
    if r.random() < 0.15:
        lines[r.randrange(len(lines))] = r.choice(["", "So it is.", d["first"] + ":", "\u3000" + lines[0]])
    return r.choice(["\n", "\n\n", " \n"]).join(lines)


PROGRAMS = ["print(1)", "x = 1\nprint(x + 1)", "1/0", "def f(:", "raise ValueError", "import nothing", "", "for i in range(9):\n    pass", 5]


def request(r):
    """The lines of a file, its specification first, and the sets that it names."""
    kind = r.choice(["text", "text", "schema", "schema", "any schema", "program", *families.FAMILIES])
    exam, book = prose(r, 80), [prose(r, 40) for _ in range(4)]
    plain = lambda t: [w for w, _ in text.words(t)]
    sets = [a_set(13, gates.grams(plain(exam), 13)), a_set(5, set().union(*(gates.grams(text.masked(text.words(b)), 5) for b in book)))]
    price = r.choice([1, 7, 1000, 10 ** 9 + 7, 2 ** 53 - 1])
    count = r.choice([5, 40, 1000])
    spec = {"count": count, "price": price, "maximum": min(price * r.randint(1, 50), 2 ** 53 - 1), "beacon": hexes(r)}
    if r.random() < 0.7:
        r.shuffle(sets)
        spec["sets"] = [hashlib.sha256(s).hexdigest() for s in sets]
    family = kind in families.FAMILIES
    if family:
        spec["family"] = kind
    elif kind != "text":
        spec["schema"] = {"schema": SCHEMA, "program": PROGRAM}.get(kind) or any_schema(r)
    if kind == "program":
        spec["run"] = ["code"]
    elif kind in ("text", "schema") and r.random() < 0.3:
        example = prose(r, 30)
        spec["examples"] = [example if kind == "text" else json.dumps({"q": "Q" + example + "."})]
    lines, earlier = [json.dumps({"specification": spec}, ensure_ascii=r.random() < 0.5)], []
    for _ in range(r.randint(1, 60)):
        words, seed = texts(r, earlier, exam, book), hexes(r)
        earlier.append(words)
        if kind == "schema":
            words = wrap(r, words)
        elif kind == "any schema":
            words = json.dumps({"q": words, "x": small(r, 3)}, ensure_ascii=r.random() < 0.5)
        elif kind == "program":
            words = json.dumps({"q": words, "code": r.choice(PROGRAMS)})
        elif family and r.random() < 0.95:
            words = answer(r, kind, bytes.fromhex(seed))
        if r.random() < 0.02:
            words = prose(r, 12000)
        record = {"record": hexes(r), "maker": r.randint(1, 4), "block": r.randint(1, 9), "text": words}
        if family or r.random() < 0.1:
            record["seed"] = seed
        lines.append(json.dumps(record, ensure_ascii=r.random() < 0.5))
    return lines, sets
