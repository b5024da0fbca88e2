"""Work: tasks, commitments, answers, cards, receipts (protocol/SPEC.md, sections 4, 11, 12 and 13)."""

import hashlib
import hmac
import pathlib
import re
import sys

from form import *

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "synthetic"))
import families  # of section 21
import gates
import pairs

TASK = ("b32", "text", "u64", "seat", "u16", "b")
ANSWER = ("u64", "seat", "u16", "u16", "b32", "b32", "b", ["b32"])
CARD = ("seat", "u64", "seat", "u16", "b32", "b32", "text", "text", "b", ["b32"])
FOUND = ("", "passed", "malformed", "false")
RECEIPT = ("text", TASK, "b", ["b"])
FINDINGS = ("passed", "malformed", "false")

# The bodies of inference, and its codes with what they say in the words of all
# kinds.
INFERENCE = "inference"
ASKED = ("b32", "text", "text", "u32", "u32", "u32", "b32", "u32")
RESULT = (["i32"], "text", ["b32"], "b32", "u64")
SAID = ("text", "u32", "b32", "u32")
# The bodies of synthetic, which have those of inference within them.
SYNTHETIC = "synthetic"
# The bodies of judgement, and its codes.
JUDGEMENT = "judgement"
LOGITS = (("u32", "u32"), ("u32", "u32"))
BODIES = {INFERENCE: (ASKED, RESULT, SAID), SYNTHETIC: (("text", "b32", ASKED), ("text", RESULT), (SAID, ["text"], ["text"])),
          JUDGEMENT: (("b32", "text", "text", "text"), (LOGITS, ("b32", "b32"), "u64"), ("text", "u8", "b32"))}
JUDGED = {"exact": "passed", "state": "false", "logit": "false", "failed": "false"}

BY_RUN = {"exact": "passed", "token": "false", "state": "false", "failed": "false"}
CODES = BY_RUN | dict.fromkeys(("range", "length", "end", "leaves"), "malformed")


def appendix():
    """The prompts' families and words, as the specification's last section has them."""
    here = pathlib.Path(__file__).resolve().parents[3]
    text = (here / "protocol" / "SPEC.md").read_text(encoding="utf-8").split("\n## Appendix")[1]
    blocks = re.findall(r"^(\w[\w ]*?)(?: \((\d+)\))?:\n\n((?:    .*\n)+)", text, re.M)
    prompts, words = [], {}
    for name, count, body in blocks:
        if not count:
            prompts.append([line[4:] for line in body.splitlines()])
            continue
        words[name] = body.split()
        must(len(words[name]) == int(count), "words of the appendix: " + name)
    must([len(f) for f in prompts] == [3] * 5 and list(words) == ["name", "noun", "adj", "city"], "appendix")
    return prompts, words


PROMPTS, WORDS = appendix()


class Stream:
    def __init__(self, task):
        self.task, self.next, self.left = task, 0, b""

    def block(self):
        block = H("assay/1/task/stream", self.task + u64(self.next))
        self.next += 1
        return block

    def below(self, n):
        if len(self.left) < 8:
            self.left = self.block()
        x, self.left = int.from_bytes(self.left[:8], "big"), self.left[8:]
        return x % n

    def prompt(self):
        family = PROMPTS[self.below(5)]
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


def counted(text):
    """Text behind its length, as it enters hashes."""
    return u64(len(text)) + text.encode()


def slots(due):
    return sum(n for _, n, _, _ in due)


def due_in(led, r, asked):
    """What a seat is asked in a round, with the seeds: kind, slots, models, seed."""
    out = []
    for kind, n, models in asked:
        set_in = led.net.set_in(kind, r)
        if set_in is not None:
            out.append((kind, n, models, led.round(set_in).task_seed))
    return out


def task_id(net, kind, seed, rnd, seat, slot):
    return H("assay/1/task", counted(kind) + counted(net.chain) + seed + u64(rnd) + u16(seat[1]) + u64(seat[2]) + u16(slot))


def derive(net, rnd, seat, due, slot):
    """The task of a slot."""
    rest = slot
    for kind, n, models, seed in due:
        if rest < n:
            break
        rest -= n
    else:
        raise Wrong("a slot that nobody was asked")
    must(kind in BODIES and seed != ZERO, "an unknown kind, or no seed")
    task = task_id(net, kind, seed, rnd, seat, slot)
    return [task, kind, rnd, seat, slot, encode({INFERENCE: draw, JUDGEMENT: draw_pair, SYNTHETIC: draw_record}[kind](net, task, models))]


def draw(net, task, models):
    """What a task of inference asks."""
    s = Stream(task)
    model = draw_model(net, INFERENCE, s, models)
    sampled = s.below(100) < net.inference.sampled_percent
    random = s.block()
    return [model, net.inference.system, s.prompt(), 0x3F333333 if sampled else 0, 40, 62259 if sampled else 65536, random,
            net.inference.max_tokens]


def draw_record(net, task, models):
    """What a task of synthetic asks."""
    s = Stream(task)
    model = draw_model(net, SYNTHETIC, s, models)
    family, seed, random = families.FAMILIES[s.below(5)], s.block(), s.block()
    return [family, seed, [model, "", families.Question(family, seed).prompt, 0x3F333333, 40, 62259, random, net.synthetic.max_tokens]]


def draw_pair(net, task, models):
    """What a task of judgement asks."""
    s = Stream(task)
    return [draw_model(net, JUDGEMENT, s, models), *pairs.ordinary(s)]


def gates_of(task, record):
    """The gates that the text of an exact record does not pass by itself, and the checks."""
    family, seed, _ = decode(task[5])
    spec = {"family": family, "count": 1, "price": 1, "maximum": 1}
    row, _, _ = gates.Judge(spec, []).measure({"text": record[0], "seed": seed.hex()})
    return [row["failed"], [c["check"] for c in row["checks"] if not c["pass"]]]


def draw_model(net, kind, s, models):
    paid = [m for i, m in enumerate(models) if m in net.kinds[kind].ids and m not in models[:i]]
    return paid[s.below(len(paid))] if paid else ZERO


def sum_of(kind, body):
    """What of an answer enters the leaf of its slot: digest and fingerprint."""
    if kind not in BODIES:
        return H("assay/1/slot/body", body) + ZERO
    r = decode(body)
    if kind == JUDGEMENT:
        return H("assay/1/judgement/said", encode([r[0], r[2]])) + root(r[1])
    text, run = ("", r) if kind == INFERENCE else r
    must(len(run[0]) == len(run[2]) and root(run[2]) == run[3], "leaves that do not give the fingerprint")
    return H("assay/1/%s/said" % kind, encode([text, run[0], run[1], run[4]])) + run[3]


def slot_leaf(net, kind, task, hotkey, salt, body):
    return leaf(H("assay/1/slot", counted(net.chain) + task + hotkey + salt + sum_of(kind, body)))


def custody_leaf(judge, salt, kind, body):
    return leaf(H("assay/1/custody", judge + salt + sum_of(kind, body)))


def empty_leaf(slot):
    return leaf(H("assay/1/slot/empty", u16(slot)))


def miner_salt(secret, task):
    return hmac.new(secret, b"assay/1/salt\0" + task, hashlib.sha256).digest()


def check_answer(a):
    """What an answer's bytes show."""
    rnd, seat, slot, n, task, salt, body, path = shape(a, ANSWER, "answer")
    must(1 <= n <= 1024 and slot < n and len(path) <= 10 and len(body) <= (1 << 20) - (4 << 10), "an answer's limits")
    return a


def read_result(kind, body):
    """The run in the body of an answer; of judgement, all of it."""
    r = shape(decode(body), BODIES[kind][1], "result")
    if kind == JUDGEMENT:
        must(all(bits >> 23 & 255 != 255 for order in r[0] for bits in order), "a logit that is not finite")
        return r
    r = r if kind == INFERENCE else r[1]
    must(len(r[0]) <= 4096 and len(r[2]) <= 4096 and r[1] in ("stop", "length"), "a result's limits")
    return r


def check_opening(net, commitment, n, hotkey, task, a):
    """An answer opens its slot of a commitment over n."""
    must(a[:3] == task[2:5] and a[3] == n and a[4] == task[0], "an answer of another slot")
    got = climb(slot_leaf(net, task[1], a[4], hotkey, a[5], a[6]), a[2], a[3], a[7])
    must(got == commitment, "a proof against another root")


def check_result(task, result):
    """The codes without a run, as far as they need no model: None if there is none."""
    asked = decode(task[5])
    if task[1] == JUDGEMENT:
        return None
    most = (asked if task[1] == INFERENCE else asked[2])[7]
    output, finish, leaves, fingerprint, _ = result
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
    judge, rnd, seat, slot, task, answer, kind, finding, body, path = shape(c, CARD, "card")
    must(finding in FINDINGS and kind in BODIES, "an unknown finding or kind")
    must(slot < 1024 and len(body) <= 64 << 10 and len(path) <= 15, "a card's limits")
    must(answer != ZERO and body != b"", "a card without an answer")
    code, position, own, tokens = read_said(kind, body)
    if kind == JUDGEMENT:
        must(JUDGED.get(code) == finding and position < 2 and (code != "exact" or position == 0) and own != ZERO, "what a card says of a pair")
        return c
    must((CODES | {"text": "malformed"} if kind == SYNTHETIC else CODES).get(code) == finding, "a code of another finding")
    must(position <= 4096 and tokens <= 4096, "what a card says: limits")
    must((code in BY_RUN) == (own != ZERO), "a root without a run, or a run without a root")
    return c


def read_said(kind, body):
    """What the body of a card says of a run; of judgement the order is the position, and there are no tokens."""
    said = shape(decode(body, 256 if kind == INFERENCE else 1024), BODIES[kind][2], "what a card says")
    if kind == INFERENCE:
        return said
    if kind == JUDGEMENT:
        return *said, 0
    run, gates, checks = said
    must(all(len(names) <= 16 and all(1 <= len(n.encode()) <= 16 for n in names) for names in (gates, checks)), "names of gates")
    must(run[0] == "exact" or not gates + checks, "gates of what is not exact")
    return run


def card_leaf(hotkey, c):
    return leaf(H("assay/1/card/leaf", hotkey + encode(c[:-1] + [[]])))


def key_of(c):
    """The answer that a card is about, as a judge's record of what it drew has it."""
    return u64(c[1]) + u16(c[2][1]) + u16(c[3])


def open_receipt(net, raw):
    """Task, hotkey, answer and cards of a receipt."""
    chain, task, answer, cards = shape(decode(raw, 2 << 20), RECEIPT, "receipt")
    must(chain == net.chain and task[1] in BODIES, "a receipt of another chain or kind")
    shape(decode(task[5], 68 << 10), BODIES[task[1]][0], "what a task asks")
    hotkey, _, a = net.open(answer, "assay/1/answer", 1 << 20)
    check_answer(a)
    must(a[:3] == task[2:5] and a[4] == task[0], "an answer of another task")
    opened = []
    for raw_card in cards:
        judge, _, c = net.open(raw_card, "assay/1/card", 256 << 10)
        check_card(c)
        must(c[1:4] == task[2:5] and c[4] == task[0] and c[6] == task[1], "a card about another task")
        opened.append((judge, c))
    return task, hotkey, a, opened
