"""Random files: requests, and records that pass their gates or fail each of them."""

import hashlib
import json

import score
import tasks

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


def request(r):
    """The lines of a file, its specification first, and the sets that it names."""
    kind = r.choice(["text", "schema", "schema", "arithmetic"])
    exam, book = prose(r, 80), [prose(r, 40) for _ in range(4)]
    plain = lambda t: [w for w, _ in score.form.words(t)]
    sets = [a_set(13, score.grams(plain(exam), 13)), a_set(5, set().union(*(score.grams(score.form.masked(score.form.words(b)), 5) for b in book)))]
    price = r.choice([1, 7, 1000, 10 ** 9 + 7, 2 ** 53 - 1])
    count = r.choice([5, 40, 1000])
    spec = {"count": count, "price": price, "maximum": min(price * r.randint(1, 50), 2 ** 53 - 1), "beacon": hexes(r)}
    if r.random() < 0.7:
        r.shuffle(sets)
        spec["sets"] = [hashlib.sha256(s).hexdigest() for s in sets]
    if kind == "schema":
        spec["schema"] = SCHEMA
    if kind == "arithmetic":
        spec["family"] = kind
    elif r.random() < 0.3:
        example = prose(r, 30)
        spec["examples"] = [example if kind == "text" else json.dumps({"q": "Q" + example + "."})]
    lines, earlier = [json.dumps({"specification": spec}, ensure_ascii=r.random() < 0.5)], []
    for _ in range(r.randint(1, 60)):
        text, seed = texts(r, earlier, exam, book), hexes(r)
        earlier.append(text)
        if kind == "schema":
            text = wrap(r, text)
        if kind == "arithmetic":
            right = tasks.result(bytes.fromhex(seed))
            text += r.choice(["", "\nAnswer: %d" % right, "\nAnswer: %d\n" % right, "\nAnswer: %d" % (right + 1), "\nAnswer: −5", "\nAnswer: 9" + "9" * 20, "\nanswer: %d" % right])
        if r.random() < 0.02:
            text = prose(r, 12000)
        record = {"record": hexes(r), "maker": r.randint(1, 4), "block": r.randint(1, 9), "text": text}
        if kind == "arithmetic" or r.random() < 0.1:
            record["seed"] = seed
        lines.append(json.dumps(record, ensure_ascii=r.random() < 0.5))
    return lines, sets
