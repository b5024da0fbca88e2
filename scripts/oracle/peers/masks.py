"""Masks of grammars by llguidance: which tokens may come next along random texts.

usage: masks.py OUT.json

Regular expressions and grammars mean the same to both, so all tokens are compared.
Of JSON schemas white space is left out on both sides, for how much of it may stand
where is each program's own; numbers are integers, and strings have no character that
could be escaped.
"""

import sys

from grammars import END, SPACE, TOKENS, write
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from llguidance.gbnf_to_lark import any_to_lark


class Bytes:
    """Tokens that are bytes and pieces of text, the first of which ends an answer."""

    eos_token_id, bos_token_id, special_token_ids = END, None, [END]
    tokens = [b"\xff</s>"] + TOKENS[1:]

    def __call__(self, text):
        return [1 + b for b in (text if isinstance(text, bytes) else text.encode())]


TOKENIZER = LLTokenizer(TokenizerWrapper(Bytes()), n_vocab=len(TOKENS), slices=[])


class Matcher:
    def __init__(self, grammar, compact=False):
        self.m, self.compact = LLMatcher(TOKENIZER, grammar), compact
        if self.m.get_error():
            raise SystemExit(f"llguidance refuses {grammar}: {self.m.get_error()}")

    def allowed(self):
        """The tokens one by one, for a mask has only one of several where a text is forced."""
        out = [END] if self.m.is_accepting() else []
        for t in range(1, len(TOKENS)):
            if not (self.compact and set(TOKENS[t]) & SPACE) and self.m.validate_tokens([t]) == 1:
                out.append(t)
        return out

    def take(self, token):
        self.m.consume_token(token)


if __name__ == "__main__":
    write(sys.argv[1], {
        "regex": lambda g: Matcher(LLMatcher.grammar_from_regex(g)),
        "gbnf": lambda g: Matcher(LLMatcher.grammar_from_lark(any_to_lark(g))),
        "json_schema": lambda g: Matcher(LLMatcher.grammar_from_json_schema({"x-guidance": {"whitespace_flexible": False}, **g}), compact=True),
    })
