"""Schemas by protocol/SPEC.md, section 21: which are taken, and what is valid by them."""

import re

import texts

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REFUSED = set("$id $anchor $dynamicAnchor $dynamicRef $recursiveAnchor $recursiveRef $vocabulary contentSchema dependencies id "
              "unevaluatedItems unevaluatedProperties".split())
SINGLE = "additionalProperties contains else if items not propertyNames then".split()
LISTS = "allOf anyOf oneOf prefixItems".split()
TABLES = "$defs definitions dependentSchemas patternProperties properties".split()
TYPES = {"object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list), "string": lambda v: isinstance(v, str),
         "number": lambda v: isinstance(v, texts.Number), "integer": lambda v: isinstance(v, texts.Number) and v.value.denominator == 1,
         "boolean": lambda v: isinstance(v, bool), "null": lambda v: v is None}


class Refused(Exception):
    pass


class Pattern:
    """A pattern: how many states it costs, and the same for Python's re."""

    ESCAPES = {"d": ("0-9", r"\D"), "w": ("0-9A-Za-z_", r"\W"), "s": (r"\t\n\x0c\r ", r"\S\x0b")}

    def __init__(self, text):
        self.text, self.at = text, 0
        self.states, form = self.alternatives()
        if self.at < len(text) or len(text.encode()) > 256:
            raise Refused("the pattern " + text)
        self.re = re.compile(form, re.A)

    def found(self, v):
        return self.re.search(v) is not None

    def next(self, *ones):
        return next((o for o in ones if self.text.startswith(o, self.at)), None)

    def take(self, *ones):
        o = self.next(*ones)
        self.at += len(o or "")
        return o

    def character(self, without):
        c = self.text[self.at:self.at + 1]
        if not c or c in without:
            raise Refused("a pattern at %d of %s" % (self.at, self.text))
        self.at += 1
        return c

    def demand(self, holds):
        if not holds:
            raise Refused("the pattern " + self.text)

    def alternatives(self):
        parts = [self.sequence()]
        while self.take("|"):
            parts.append(self.sequence())
        return sum(1 + n for n, _ in parts), "(?:%s)" % "|".join(p for _, p in parts)

    def sequence(self):
        states, form = 0, ""
        while self.at < len(self.text) and not self.next("|", ")"):
            if c := self.take("^", "$"):
                n, part = 1, {"^": r"\A", "$": r"\Z"}[c]
            else:
                n, part = self.repeated(*self.atom())
            states, form = states + n, form + part
        return states, form

    def atom(self):
        if self.take("(?:", "("):
            inner = self.alternatives()
            self.demand(self.take(")"))
            return inner
        if self.take("["):
            return self.set()
        if self.take("."):
            return 1, "[^\n]"
        if self.take("\\"):
            kind, what = self.escape()
            return 1, "[%s]" % what if kind == "class" else re.escape(what)
        return 1, re.escape(self.character("\\.+*?()|[]{}^$"))

    def escape(self):
        c = self.character("")
        if c in "tnr":
            return "one", {"t": "\t", "n": "\n", "r": "\r"}[c]
        if c.lower() in self.ESCAPES:
            return "class", self.ESCAPES[c.lower()][c.isupper()]
        self.demand(c.isascii() and c.isprintable() and not c.isalnum() and c != " ")
        return "one", c

    def set(self):
        n, out, begins = 1, "[" + (self.take("^") or ""), True
        while not self.take("]"):
            n += 1
            if self.take("-"):
                self.demand(begins or self.next("]"))
                out += r"\-"
            else:
                kind, low = self.member()
                if self.next("-") and not self.next("-]"):
                    self.take("-")
                    other, high = self.member()
                    self.demand(kind == other == "one" and low <= high)
                    out += re.escape(low) + "-" + re.escape(high)
                else:
                    out += low if kind == "class" else re.escape(low)
            begins = False
        self.demand(n > 1)
        return n, out + "]"

    def member(self):
        return self.escape() if self.take("\\") else ("one", self.character("[]-"))

    def repeated(self, n, form):
        if c := self.take("*", "+", "?"):
            return n + 1, form + c
        if not self.take("{"):
            return n, form
        m = re.compile(r"(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}").match(self.text, self.at)
        self.demand(m)
        self.at = m.end()
        least, most = int(m[1]), int(m[3] or m[1])
        self.demand(least <= most <= 1000)
        return n * max(1, most), form + "{" + m[0]


def extent(v):
    """How many values and keys there are in v, and the bytes of its strings and keys."""
    within = [extent(x) for x in (v.values() if isinstance(v, dict) else v if isinstance(v, list) else [])]
    keys = list(v) if isinstance(v, dict) else []
    size = len(v.encode()) if isinstance(v, str) else sum(len(k.encode()) for k in keys)
    return 1 + len(keys) + sum(n for n, _ in within), size + sum(b for _, b in within)


class Schema:
    def __init__(self, root):
        self.root, self.known, self.open, self.patterns = root, {}, set(), {}
        schemas, states, hops = self.cost(root, ())
        if schemas > 2048 or states > 1000 or hops > 32:
            raise Refused("too costly")
        self.schemas, self.states = schemas, states

    def valid(self, v):
        values, size = extent(v)
        return values * self.schemas <= 1 << 16 and size * self.states <= 1 << 22 and self.holds(self.root, v)

    def cost(self, s, at):
        if at in self.open or not isinstance(s, (bool, dict)):
            raise Refused("a schema that leads to itself, or is none")
        if at in self.known:
            return self.known[at]
        self.open.add(at)
        total = [1, 0, 0]

        def add(c, hop=0):
            total[0], total[1], total[2] = total[0] + c[0], total[1] + c[1], max(total[2], c[2] + hop)

        if isinstance(s, dict):
            if REFUSED & set(s) or s.get("$schema", DRAFT) != DRAFT:
                raise Refused("a keyword")
            for p in [s[k] for k in ("pattern",) if k in s] + list(s.get("patternProperties", {})):
                self.patterns[p] = Pattern(p)
                add((0, self.patterns[p].states, 0))
            for k in SINGLE:
                if k in s:
                    add(self.cost(s[k], at + (k,)))
            for k in LISTS:
                for i, x in enumerate(s.get(k, [])):
                    add(self.cost(x, at + (k, str(i))))
            for k in TABLES:
                for name, x in s.get(k, {}).items():
                    c = self.cost(x, at + (k, name))
                    if "def" not in k:
                        add(c)
            if "$ref" in s:
                target, path = self.find(s["$ref"])
                add(self.cost(target, path), 1)
        self.open.remove(at)
        self.known[at] = tuple(total)
        return self.known[at]

    def find(self, ref):
        if not re.fullmatch(r"#(/.*)?", ref, re.S) or "%" in ref:
            raise Refused("a reference")
        path = tuple(t.replace("~1", "/").replace("~0", "~") for t in ref[1:].split("/")[1:])
        v, i = self.root, 0
        try:
            while i < len(path):
                k = path[i]
                inner = v[k]
                if k in SINGLE:
                    v, i = inner, i + 1
                    continue
                name = path[i + 1]
                if k in TABLES:
                    v = inner[name]
                elif k in LISTS and re.fullmatch("0|[1-9][0-9]*", name):
                    v = inner[int(name)]
                else:
                    raise Refused("a reference to data")
                i += 2
        except (KeyError, IndexError, TypeError):
            raise Refused("a reference to nothing")
        return v, path

    def holds(self, s, v):
        if isinstance(s, bool):
            return s
        say, ok = lambda k: self.holds(s[k], v), lambda x: self.holds(x, v)
        if "$ref" in s and not ok(self.find(s["$ref"])[0]):
            return False
        if "type" in s and not any(TYPES[t](v) for t in ([s["type"]] if isinstance(s["type"], str) else s["type"])):
            return False
        if "enum" in s and not any(texts.same(v, e) for e in s["enum"]) or "const" in s and not texts.same(v, s["const"]):
            return False
        if "not" in s and say("not") or "allOf" in s and not all(map(ok, s["allOf"])) or "anyOf" in s and not any(map(ok, s["anyOf"])):
            return False
        if "oneOf" in s and sum(map(ok, s["oneOf"])) != 1:
            return False
        if "if" in s and (branch := "then" if say("if") else "else") in s and not say(branch):
            return False
        for kind, holds in ((str, self.string), (texts.Number, self.number), (list, self.array), (dict, self.object)):
            if isinstance(v, kind):
                return holds(s, v)
        return True

    def within(self, s, least, most, n):
        return texts.plain(s.get(least, texts.Number("0"))) <= n and ("%s" % most not in s or n <= texts.plain(s[most]))

    def string(self, s, v):
        return self.within(s, "minLength", "maxLength", len(v)) and ("pattern" not in s or self.patterns[s["pattern"]].found(v))

    def number(self, s, v):
        x = v.value
        return (("minimum" not in s or x >= s["minimum"].value) and ("maximum" not in s or x <= s["maximum"].value)
                and ("exclusiveMinimum" not in s or x > s["exclusiveMinimum"].value) and ("exclusiveMaximum" not in s or x < s["exclusiveMaximum"].value)
                and ("multipleOf" not in s or (x / s["multipleOf"].value).denominator == 1))

    def array(self, s, v):
        first = s.get("prefixItems", [])
        if not self.within(s, "minItems", "maxItems", len(v)) or not all(self.holds(a, b) for a, b in zip(first, v)):
            return False
        if "items" in s and not all(self.holds(s["items"], x) for x in v[len(first):]):
            return False
        if s.get("uniqueItems") and any(texts.same(a, b) for i, a in enumerate(v) for b in v[:i]):
            return False
        if "contains" not in s:
            return True
        return self.within({"minContains": texts.Number("1")} | s, "minContains", "maxContains", sum(self.holds(s["contains"], x) for x in v))

    def object(self, s, v):
        if not self.within(s, "minProperties", "maxProperties", len(v)) or any(k not in v for k in s.get("required", [])):
            return False
        for k, needs in s.get("dependentRequired", {}).items():
            if k in v and any(n not in v for n in needs):
                return False
        if any(k in v and not self.holds(x, v) for k, x in s.get("dependentSchemas", {}).items()):
            return False
        if "propertyNames" in s and not all(self.holds(s["propertyNames"], k) for k in v):
            return False
        for k, x in v.items():
            told = [s["properties"][k]] if k in s.get("properties", {}) else []
            told += [t for p, t in s.get("patternProperties", {}).items() if self.patterns[p].found(k)]
            if not all(self.holds(t, x) for t in told or [s.get("additionalProperties", True)]):
                return False
        return True
