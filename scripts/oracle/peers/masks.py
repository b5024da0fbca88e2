"""Masks of grammars by llguidance: which tokens may come next along random texts.

usage: masks.py OUT.json

Regular expressions and grammars mean the same to both, so all tokens are compared.
Of JSON schemas white space is left out on both sides, for how much of it may stand
where is each program's own; numbers are integers, and strings have no character that
could be escaped.
"""

import json
import random
import sys

from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from llguidance.gbnf_to_lark import any_to_lark

PIECES = (
    '{" ": ": " ", ", " "} "] },{ [] {} true false null 12 ab abc name \\n \\u00 (( x) -1 0. 12a ""," [1 :{ e+ aa ba 10 99 ]] [[ ,1 }} next'
).split(" ") + [" 1", " a", "\n  ", " {", "  ", "a b", "é", "日本"]
TOKENS = [b""] + [bytes([b]) for b in range(256)] + [p.encode() for p in PIECES] + [b"\xc3", b'\xa9"', b"\xe6\x97", b'\x9c"']
END = 0

REGEXES = [
    r"[a-z]+( [a-z]{1,3}){2}|é.*[0-9]", r"(ab|a)*c?", r"[^a-z]{2,5}", r"-?[0-9]{1,3}(\.[0-9]+)?", r"日本|é{2}|\(\(x\)\)", r"(a|b)*a(a|b){3}", r"x?",
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


class Bytes:
    """Tokens that are bytes and pieces of text, the first of which ends an answer."""

    eos_token_id, bos_token_id, special_token_ids = END, None, [END]
    tokens = [b"\xff</s>"] + TOKENS[1:]

    def __call__(self, text):
        return [1 + b for b in (text if isinstance(text, bytes) else text.encode())]


TOKENIZER = LLTokenizer(TokenizerWrapper(Bytes()), n_vocab=len(TOKENS), slices=[])


def allowed(m, compact):
    """The tokens one by one, for a mask has only one of several where a text is forced."""
    out = [END] if m.is_accepting() else []
    for t in range(1, len(TOKENS)):
        if not (compact and set(TOKENS[t]) & set(b" \n\t\r")) and m.validate_tokens([t]) == 1:
            out.append(t)
    return out


def walk(grammar, compact, seed):
    rng, m, steps = random.Random(seed), LLMatcher(TOKENIZER, grammar), []
    if m.get_error():
        raise SystemExit(f"llguidance refuses {grammar}: {m.get_error()}")
    for _ in range(12):
        mask = allowed(m, compact)
        if not mask:
            raise SystemExit(f"no token after {steps} of {grammar}")
        plain = [t for t in mask if all(32 <= b < 127 for b in TOKENS[t])]
        token = rng.choice(plain if plain and rng.random() < 0.7 else mask)
        steps.append({"mask": sum(1 << t for t in mask).to_bytes((len(TOKENS) + 7) // 8, "little").hex(), "token": token})
        if token == END:
            break
        m.consume_token(token)
    return steps


def main():
    cases = []
    for kind, list_, make, text, compact in (
        ("regex", REGEXES, LLMatcher.grammar_from_regex, str, False),
        ("gbnf", GRAMMARS, lambda g: LLMatcher.grammar_from_lark(any_to_lark(g)), str, False),
        ("json_schema", SCHEMAS, lambda s: LLMatcher.grammar_from_json_schema({"x-guidance": {"whitespace_flexible": False}, **s}), json.dumps, True),
    ):
        for given in list_:
            cases.append({"kind": kind, "text": text(given), "walks": [walk(make(given), compact, seed) for seed in range(4)]})
    with open(sys.argv[1], "w") as out:
        out.write('{"tokens": ' + json.dumps([t.hex() for t in TOKENS]) + ',\n"cases": [\n')
        out.write(",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]}\n")


if __name__ == "__main__":
    main()
