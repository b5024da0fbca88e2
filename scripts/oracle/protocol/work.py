"""Work: tasks, commitments, answers, cards, receipts (protocol/SPEC.md, sections 4, 11, 12 and 13)."""

import hashlib
import hmac
import pathlib
import re

from form import *

TASK = ("b32", "text", "u64", "seat", "u16", "b")
ASKS = ("b32", "text", "text", "u32", "u32", "u32", "b32", "u32")
RESULT = (["i32"], "text", ["b32"], "b32", "u64")
ANSWER = ("u64", "seat", "u16", "u16", "b32", "b32", "b", ["b32"])
CARD = ("seat", "u64", "seat", "u16", "b32", "b32", "text", "text", "b")
SAID = ("text", "u32", "b32", "u32")
RECEIPT = ("text", TASK, "b", ["b"])
BY_RUN = ("exact", "token", "state", "failed")
FINDING = {"exact": "passed", "token": "false", "state": "false", "failed": "false",
           "range": "malformed", "length": "malformed", "end": "malformed", "leaves": "malformed"}


def appendix():
    """The prompts' families and words, as the specification's last section has them."""
    here = pathlib.Path(__file__).resolve().parents[3]
    text = (here / "protocol" / "SPEC.md").read_text(encoding="utf-8").split("\n## Appendix")[1]
    blocks = re.findall(r"^(\w[\w ]*?)(?: \((\d+)\))?:\n\n((?:    .*\n)+)", text, re.M)
    families, words = [], {}
    for name, count, body in blocks:
        if not count:
            families.append([line[4:] for line in body.splitlines()])
            continue
        words[name] = body.split()
        must(len(words[name]) == int(count), "words of the appendix: " + name)
    must([len(f) for f in families] == [3] * 5 and list(words) == ["name", "noun", "adj", "city"], "appendix")
    return families, words


FAMILIES, WORDS = appendix()


class Stream:
    def __init__(self, task):
        self.task, self.next, self.left = task, 0, b""

    def bytes(self):
        block = H("assay/1/task/stream", self.task + u64(self.next))
        self.next += 1
        return block

    def below(self, n):
        if len(self.left) < 8:
            self.left = self.bytes()
        x, self.left = int.from_bytes(self.left[:8], "big"), self.left[8:]
        return x % n

    def prompt(self):
        family = FAMILIES[self.below(5)]
        used = set()

        def place(match):
            name = match[1]
            if name == "d":
                return str(self.below(4))
            if name not in WORDS:
                low = 10 ** (int(name[1]) - 1)
                return str(low + self.below(9 * low))
            words = WORDS[name]
            i = self.below(len(words))
            while words[i] in used:
                i = (i + 1) % len(words)
            used.add(words[i])
            return words[i]

        return re.sub(r"\{(\w+)\}", place, family[self.below(3)])


def slots(asked):
    """How many slots a seat has, of all kinds."""
    return sum(a[1] for a in asked)


def derive(net, seed, rnd, seat, asked, slot):
    """The task of a slot."""
    kind, models = [(k, m) for k, n, m in asked for _ in range(n)][slot]
    must(kind == "inference", "a kind that is not asked")
    task = H("assay/1/task", u64(len(kind)) + kind.encode() + net.counted() + seed + u64(rnd) + u16(seat[1]) + u64(seat[2]) + u16(slot))
    s = Stream(task)
    paid = [m for i, m in enumerate(models) if m in net.models and m not in models[:i]]
    model = paid[s.below(len(paid))] if paid else ZERO
    sampled = s.below(100) < net.tasks.sampled_percent
    random = s.bytes()
    return [task, kind, rnd, seat, slot, encode([
        model, net.tasks.system, s.prompt(), 0x3F333333 if sampled else 0, 40, 62259 if sampled else 65536, random, net.tasks.max_tokens])]


def asks(task):
    """What a task's body asks."""
    return shape(decode(task[5], 68 << 10), ASKS, "a task's body")


def result_of(a):
    """What an answer's body says, with its limits."""
    result = shape(decode(a[6], (1 << 20) - 4096), RESULT, "an answer's body")
    must(len(result[0]) <= 4096 and len(result[2]) <= 4096 and result[1] in ("stop", "length"), "a result's limits")
    return result


def slot_leaf(net, task, hotkey, salt, body):
    return leaf(H("assay/1/slot", net.counted() + task + hotkey + salt + body))


def empty_leaf(slot):
    return leaf(H("assay/1/slot/empty", u16(slot)))


def miner_salt(secret, task):
    return hmac.new(secret, b"assay/1/salt\0" + task, hashlib.sha256).digest()


def check_answer(a):
    """What an answer's bytes show."""
    rnd, seat, slot, slots, task, salt, body, path = shape(a, ANSWER, "answer")
    must(1 <= slots <= 1024 and slot < slots and len(path) <= 10, "an answer's slots")
    must(len(body) <= (1 << 20) - 4096, "an answer's body")
    return a


def check_opening(net, commitment, slots, hotkey, task, a):
    """An answer opens its slot of a commitment."""
    must(a[:3] == task[2:5] and a[3] == slots and a[4] == task[0], "an answer of another slot")
    got = climb(slot_leaf(net, a[4], hotkey, a[5], a[6]), a[2], a[3], a[7])
    must(got == commitment, "a proof against another root")


def check_result(task, result):
    """The findings without a run, as far as they need no model: None if there is none."""
    output, finish, leaves, fingerprint, _ = result
    most = asks(task)[7]
    if not output:
        return "length", 0
    if len(output) > most:
        return "length", most
    if finish == "length" and len(output) < most:
        return "end", len(output)
    if len(leaves) != len(output):
        return "leaves", min(len(leaves), len(output))
    if root(leaves) != fingerprint:
        return "leaves", 0
    return None


def check_card(c):
    """What a card's bytes show."""
    judge, rnd, seat, slot, task, answer, kind, finding, body = shape(c, CARD, "card")
    must(finding in ("passed", "false", "malformed", "unopened") and kind == "inference", "an unknown finding or kind")
    must(slot < 1024 and len(body) <= 64 << 10, "a card's limits")
    must((finding == "unopened") == (answer == ZERO) == (body == b""), "a card without an answer")
    if body:
        code, position, own, tokens = said(c)
        must(FINDING.get(code) == finding, "a code of another finding")
        must(position <= 4096 and tokens <= 4096, "a card's limits")
        must((code in BY_RUN) == (own != ZERO), "a root without a run, or a run without a root")
    return c


def said(c):
    """What a card's body says."""
    return shape(decode(c[8], 256), SAID, "a card's body")


def card_leaf(c):
    return leaf(H("assay/1/card/leaf", encode(c)))


def open_receipt(net, raw):
    """Task, hotkey, answer and cards of a receipt."""
    chain, task, answer, cards = shape(decode(raw, 2 << 20), RECEIPT, "receipt")
    must(chain == net.chain and asks(task), "a receipt of another chain")
    hotkey, _, a = net.open(answer, "assay/1/answer", 1 << 20)
    check_answer(a)
    must([a[0], a[1], a[2], a[4]] == task[2:5] + task[:1], "an answer of another task")
    opened = []
    for raw_card in cards:
        judge, _, c = net.open(raw_card, "assay/1/card", 256 << 10)
        check_card(c)
        must([c[1], c[2], c[3], c[4], c[6]] == task[2:5] + task[:2], "a card about another task")
        opened.append((judge, c))
    return task, hotkey, a, opened
