"""What masks.py and masks_xgrammar.py ask alike: tokens, grammars and random walks."""

import json
import random

PIECES = (
    '{" ": ": " ", ", " "} "] },{ [] {} true false null 12 ab abc name \\n \\u00 (( x) -1 0. 12a ""," [1 :{ e+ aa ba 10 99 ]] [[ ,1 }} next'
).split(" ") + [" 1", " a", "\n  ", " {", "  ", "a b", "é", "日本"]
TOKENS = [b""] + [bytes([b]) for b in range(256)] + [p.encode() for p in PIECES] + [b"\xc3", b'\xa9"', b"\xe6\x97", b'\x9c"']
END = 0

REGEXES = [
    r"[a-z]+( [a-z]{1,3}){2}|é[^\n]*[0-9]", r"(ab|a)*c?", r"[^a-z]{2,5}", r"-?[0-9]{1,3}(\.[0-9]+)?", r"日本|é{2}|\(\(x\)\)", r"(a|b)*a(a|b){3}", r"x?",
    "[\u0080-\u07ff]{1,2}1?",
]
GRAMMARS = [
    'root ::= " "? ("ab" root "c" | [^a-z]{2,3} | "a"*)\n',
    'root ::= "(" root ")" | "x"\n',
    'root ::= item ("," item)*\nitem ::= "-"? [0-9]+ | "[" root "]"\n',
    'root ::= word (" " word){0,2} "."?\nword ::= [a-c]{1,4} | "é"+\n',
    'root ::= "[" [x-z] ("," [x-z]){2} "]"\n',
    'root ::= a b | b a\na ::= "a" | "aa"\nb ::= "ab" | "b"\n',
]
SCHEMAS = [
    {"type": "object", "properties": {"name": {"enum": ["ab", "abc"]}, "n": {"type": "integer", "minimum": -3, "maximum": 120}}, "required": ["name"], "additionalProperties": False},
    {"type": "array", "items": {"enum": [1, 12, "ab", None, True]}, "minItems": 1, "maxItems": 3},
    {"anyOf": [{"const": {"a": [1, "x"]}}, {"type": "boolean"}, {"type": "null"}]},
    {"$defs": {"l": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "boolean"}, "next": {"$ref": "#/$defs/l"}}, "required": ["next"], "additionalProperties": False}]}}, "$ref": "#/$defs/l"},
    {"type": "array", "prefixItems": [{"type": "integer", "minimum": 0, "maximum": 99}, {"const": "ab"}], "items": False, "minItems": 2},
    {"type": "object", "properties": {"abc": {"type": "boolean"}, "ab": {"type": "boolean"}, "x": {"type": "null"}}, "required": ["ab"], "additionalProperties": False},
    {"type": "string", "pattern": "^[a-c]{2,4}(12)?$"},
    {"type": "integer", "minimum": 7, "maximum": 1203},
]
SPACE = set(b" \n\t\r")


def walk(matcher, name, seed):
    """Up to twelve masks along a text that seed draws from what they allow.

    matcher.allowed() lists the tokens that may come next, matcher.take(t) takes one.
    """
    rng, steps = random.Random(seed), []
    for _ in range(12):
        mask = matcher.allowed()
        if not mask:
            raise SystemExit(f"no token after {steps} of {name}")
        plain = [t for t in mask if all(32 <= b < 127 for b in TOKENS[t])]
        token = rng.choice(plain if plain and rng.random() < 0.7 else mask)
        steps.append({"mask": sum(1 << t for t in mask).to_bytes((len(TOKENS) + 7) // 8, "little").hex(), "token": token})
        if token == END:
            break
        matcher.take(token)
    return steps


def write(path, matchers):
    """Four walks along each grammar into path.

    matchers has, by kind, what makes a matcher of a grammar.
    """
    cases = []
    for kind, given, text in (("regex", REGEXES, str), ("gbnf", GRAMMARS, str), ("json_schema", SCHEMAS, json.dumps)):
        for g in given:
            cases.append({"kind": kind, "text": text(g), "walks": [walk(matchers[kind](g), text(g), seed) for seed in range(4)]})
    with open(path, "w") as out:
        out.write('{"tokens": ' + json.dumps([t.hex() for t in TOKENS]) + ',\n"cases": [\n')
        out.write(",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]}\n")
