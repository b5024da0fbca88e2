"""Masks of grammars by xgrammar: which tokens may come next along random texts.

usage: masks_xgrammar.py OUT.json

What its matcher accepts counts, token by token: its own mask of 0.2.9 lacks tokens that
it accepts, as "x)" behind "(" of root ::= "(" root ")" | "x". A dot of its regular
expressions is any character, and ours no end of a line, so that none is asked for.
"""

import json
import sys

import xgrammar
from grammars import END, TOKENS, write

INFO = xgrammar.TokenizerInfo([b"\xff</s>"] + TOKENS[1:], xgrammar.VocabType.RAW, stop_token_ids=[END])
COMPILER = xgrammar.GrammarCompiler(INFO, max_threads=1)


class Matcher:
    def __init__(self, compiled):
        self.m = xgrammar.GrammarMatcher(compiled)

    def allowed(self):
        out = []
        for t in range(len(TOKENS)):
            if self.m.accept_token(t):
                self.m.rollback(1)
                out.append(t)
        return out

    def take(self, token):
        if not self.m.accept_token(token):
            raise SystemExit(f"xgrammar allows token {token} and then refuses it")


if __name__ == "__main__":
    write(sys.argv[1], {
        "regex": lambda g: Matcher(COMPILER.compile_regex(g)),
        "gbnf": lambda g: Matcher(COMPILER.compile_grammar(g)),
        "json_schema": lambda g: Matcher(COMPILER.compile_json_schema(json.dumps(g), any_whitespace=False, separators=(",", ":"), strict_mode=True)),
    })
