#!/usr/bin/env python3
"""protocol/main.py [TRAFFIC] - takes a recorded network apart, by protocol/SPEC.md alone, and is its miners.

It carries out every block and compares the whole state; derives the tasks; makes each miner's commitments, openings and
signatures from its secrets and the outputs of its model, which are all that it takes from the record; and checks answers, cards,
opened findings and a receipt. It says what it found, and ends with 1 where something does not agree. Python 3 without packages."""

import json
import pathlib
import sys
import time

from form import *
from ledger import Ledger
from network import Network
import pairs
import people
import verdicts
import work

TESTDATA = pathlib.Path(__file__).resolve().parents[2] / "simtest" / "testdata"
DEFAULT, PEOPLE, PLANTS = (TESTDATA / name for name in ("traffic.json", "people.json", "plants.json"))
VERDICTS = TESTDATA / "verdicts.json"


def unhex(v):
    if isinstance(v, dict):
        return {k: x if k == "name" else unhex(x) for k, x in v.items()}
    if isinstance(v, list):
        return [unhex(x) for x in v]
    return bytes.fromhex(v) if isinstance(v, str) else v


def state_of(led, r, uid):
    """Roster seat and commitment of a seat in a round."""
    return led.get(b"o" + u64(led.net.round_epoch(r)) + u16(uid)), led.get(b"c" + u64(r) + u16(uid))


def hash_of(state):
    """The recording's own short word for a whole state; it is no part of the protocol."""
    part = lambda b: u64(len(b)) + b
    return sha(b"".join(part(k) + part(state[k]) for k in sorted(state)))


def ledger(net, record):
    led = Ledger(net)
    for b in record["blocks"]:
        must(b["height"] == led.meta.height + 1, "a block out of order")
        must(b["before"] == hash_of(led.state), "another state before block %d" % b["height"])
        votes = [(v["address"], v["flag"]) for v in b["votes"] or []]
        offences = [(o["address"], o["height"]) for o in b["offences"] or []]
        led.apply(b["time"], b["proposer"], b["eligible"] or [], votes, offences, b["items"])
    want = {e["key"]: e["value"] for e in record["state"]}
    for key in sorted(set(want) | set(led.state)):
        got = led.state.get(key)
        must(got == want.get(key), "the state under %s %s: got %s, want %s" % (
            key[:1].decode(), key[1:].hex(), got and decode(got), want.get(key) and decode(want[key])))
    supply = sum(v[0] for letter in (b"a", b"K", b"q") for _, v in led.below(letter)) + led.meta.collateral
    must(led.meta.issued == supply + led.meta.pot + led.meta.burned, "money is not conserved")
    print("ledger: %d blocks, %d transactions, the state before each and %d records after the last equal, %d payments" % (
        len(record["blocks"]), sum(len(b["items"]) - 1 for b in record["blocks"]), len(want), len(led.below(b"p"))))
    return led


def answers(led, record):
    """Every answer that was opened, by (round, uid, slot); all of them open their commitments."""
    net, found = led.net, {}
    for raw in record["answers"]:
        sender, _, a = net.open(raw, "assay/1/answer", 1 << 20)
        work.check_answer(a)
        r, seat, slot = a[:3]
        roster, commitment = state_of(led, r, seat[1])
        must(roster[0] == seat and roster[1] == sender and commitment[0] == seat, "an answer of nobody who was asked")
        due = work.due_in(led, r, roster[2])
        task = work.derive(net, r, seat, due, slot)
        work.check_opening(net, commitment[1], work.slots(due), sender, task, a)
        must(work.check_result(task, work.read_result(task[1], a[6])) is None, "an answer that shows to be wrong without a run")
        found[r, seat[1], slot] = (H("assay/1/envelope", raw), task, a, raw)
    print("answers: %d open their commitments, of %d tasks" % (len(found), sum(
        work.slots(work.due_in(led, int.from_bytes(k[1:9], "big"), state_of(led, int.from_bytes(k[1:9], "big"), c[0][1])[0][2]))
        for k, c in led.below(b"c"))))
    return found


def holders(led, found):
    """What each judge attested is what was opened, with the root over what proves that it has it."""
    count = 0
    for key, (judge, held, custody) in led.below(b"H"):
        r = int.from_bytes(key[1:9], "big")
        hotkey = led.get(b"j" + u64(led.net.round_epoch(r)) + u16(judge[1]))[1]
        leaves = []
        for number, (roster, slot, kind) in enumerate(led.published(r)):
            answer = found.get((r, roster[0][1], slot))
            if number // 8 < len(held) and held[number // 8] >> number % 8 & 1:
                must(answer, "an answer that is attested and was not opened")
                leaves.append(work.custody_leaf(hotkey, answer[2][5], kind, answer[2][6]))
        must(root(leaves) == custody, "custody of other answers")
        count += len(leaves)
    print("holders: %d attestations of %d answers, %d given" % (len(led.below(b"H")), count, sum(
        bin(int.from_bytes(held, "little")).count("1") for _, (_, held) in led.below(b"G"))))


def miners(led, record, found):
    """Makes what each miner said, from its secrets and its results."""
    net, sent = led.net, {raw for b in record["blocks"] for raw in b["items"]}
    made = 0
    for m in record["miners"]:
        d = derive(m["seed"], "seed/protocoltest")
        hotkey = public(d)
        for key, (seat, commitment, _) in led.below(b"c"):
            r = int.from_bytes(key[1:9], "big")
            roster, _ = state_of(led, r, seat[1])
            if roster[1] != hotkey:
                continue
            leaves, results = [], {}
            due = work.due_in(led, r, roster[2])
            for slot in range(work.slots(due)):
                task = work.derive(net, r, seat, due, slot)
                salt = work.miner_salt(m["salt"], task[0])
                if (r, seat[1], slot) not in found:
                    leaves.append(work.empty_leaf(slot))
                    continue
                body = found[r, seat[1], slot][2][6]
                results[slot] = task, salt, body
                leaves.append(work.slot_leaf(net, task[1], task[0], hotkey, salt, body))
            must(root(leaves) == commitment, "another commitment than %s's of round %d" % (m["name"], r))
            tx = [8, net.chain, hotkey, 0, 0, encode([r, commitment]), bytes(64)]
            tx[6] = sign(d, "assay/1/tx", encode(tx))
            must(encode(tx) in sent, "another Commit than %s's of round %d" % (m["name"], r))
            for slot, (task, salt, body) in results.items():
                payload = [r, seat, slot, len(leaves), task[0], salt, body, proof(leaves, slot)]
                raw = net.seal(d, "assay/1/answer", net.commit_deadline(r), payload)
                must(raw == found[r, seat[1], slot][3], "another answer than %s's" % m["name"])
            made += 1 + len(results)
    print("miners: %d transactions and answers made, equal to what they sent" % made)


def cards(led, record, found):
    """Every card is a judge's about what it drew, and what it opened."""
    net, known, findings, verdicts = led.net, {}, {}, []
    for raw in record["cards"]:
        sender, _, c = net.open(raw, "assay/1/card", 256 << 10)
        judge, r, seat, slot, task, answer, kind, finding, body, _ = work.check_card(c)
        roster = led.get(b"j" + u64(net.round_epoch(r)) + u16(judge[1]))
        must(roster[0] == judge and roster[1] == sender, "a card of no judge")
        duties = led.get(b"d" + u64(r) + u16(seat[1]))[0]
        must([slot, judge] in duties, "a card about what its judge did not draw")
        must(led.below(b"o" + u64(net.round_epoch(r)) + u16(seat[1]))[0][1][0] == seat, "a card about nobody")
        name = (r, seat[1], slot)
        due = work.due_in(led, r, state_of(led, r, seat[1])[0][2])
        must(task == work.derive(net, r, seat, due, slot)[0], "a card about another task")
        code, _, _, tokens = work.read_said(kind, body)
        must(answer == found[name][0], "a card about another answer")
        if kind != work.JUDGEMENT:
            must(tokens == len(work.read_result(kind, found[name][2][6])[0]) and code in work.BY_RUN, "an answer that has the right form")
        if kind == work.SYNTHETIC and code == "exact":
            want = work.gates_of(found[name][1], decode(found[name][2][6]))
            must(decode(body)[1:] == want, "a record of round %d fails %s, and the card says %s" % (r, want, decode(body)[1:]))
            verdicts.append(want)
        must(known.setdefault((name, judge[1]), c) == c, "two cards of a judge about one answer")
    for c in known.values():
        why = "%s (%s)" % (c[7], work.read_said(c[6], c[8])[0])
        findings[why] = findings.get(why, 0) + 1
    opened = 0
    for key, (judge, seal, top, found, _) in led.below(b"g"):
        if top == ZERO:
            continue
        opened += 1
        e = int.from_bytes(key[1:9], "big")
        drawn = b"".join(led.drawn(e, judge))
        hotkey = led.get(b"j" + key[1:])[1]
        about = {work.key_of(c): c for (_, uid), c in known.items() if uid == judge[1]}
        made = [drawn[12 * i:12 * i + 12] for i, f in enumerate(found) if f]
        for i, f in enumerate(found):
            c = about.get(drawn[12 * i:12 * i + 12])
            if c is None:
                must(not f or net.weights_start(e + 1) > led.height, "a finding without a card")
                continue
            n = made.index(work.key_of(c))
            must(work.FOUND[f] == c[7], "a card with another finding than was opened")
            must(climb(work.card_leaf(hotkey, c), n, len(made), c[9]) == top, "a card that is not under the root that was opened")
    print("cards: %d about drawn answers: %s; findings of %d judges and epochs opened, each card as they say" % (
        len(known), ", ".join("%d %s" % (n, f) for f, n in sorted(findings.items())), opened))
    print("records: %d verdicts of gates and checks equal; what fails: %s" % (len(verdicts), " ".join(sorted({g for v in verdicts for g in v[0] + v[1]}))))


def tasks(led, record):
    """Every task is the one that the recorded network derived."""
    net, made = led.net, set()
    for key, (seat, _, _) in led.below(b"c"):
        r = int.from_bytes(key[1:9], "big")
        due = work.due_in(led, r, state_of(led, r, seat[1])[0][2])
        for slot in range(work.slots(due)):
            made.add(encode(work.derive(net, r, seat, due, slot)))
    must(made == set(record["tasks"]), "other tasks than those recorded")
    kinds = [decode(t)[1] for t in made]
    print("tasks: %d equal, %s" % (len(made), ", ".join("%d %s" % (kinds.count(k), k) for k in sorted(set(kinds)))))


def receipt(led, record, found):
    task, hotkey, a, about = work.open_receipt(led.net, record["receipt"])
    want = found[a[0], a[1][1], a[2]]
    must(task == want[1] and a == want[2] and about, "a receipt that says something else")
    print("receipt: round %d, seat %d, slot %d, with %d cards: %r" % (a[0], a[1][1], a[2], len(about), decode(task[5])[2]))


def refusals(led, record):
    """Bytes that must be refused: every form but the canonical one, and every changed bit of a signed message."""
    for b in (b"\x18\x17", b"\x19\x00\xff", b"\x9f\xff", b"\xf9\x3c\x00", b"\xc0\x00", b"\xa2\x02\x00\x01\x00", b"\xa2\x01\x00\x01\x00",
              b"\x61\xff", b"\x00\x00", b"\x81" * 9 + b"\x00", b"\xf7", b"\x5a\x00\x00\x00\x01\x00", b""):
        refused(lambda: decode(b), b.hex())
    raw = record["answers"][0]
    for i in (0, 3, len(raw) // 2, len(raw) - 1):
        refused(lambda: led.net.open(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1:], "assay/1/answer", 1 << 20), "an answer, changed")
    refused(lambda: led.net.open(raw, "assay/1/card", 1 << 20), "an answer as a card")
    print("refusals: as they must be")


def refused(call, what):
    try:
        call()
    except Wrong:
        return
    raise Wrong("not refused: " + what)


def raters(path):
    """Carries out a network in which people rate pairs, and says what they are worth in each epoch."""
    record = unhex(json.loads(path.read_text()))
    led = ledger(Network(record["genesis"]), record)
    for e, want in enumerate(record["worth"]):
        got = people.worth(led, e)
        must(got == {w["name"]: w["worth"] for w in want}, "raters of epoch %d are worth %s, want %s" % (e, got, want))
    print("people: %d raters over %d epochs are worth what the validators say, to the unit" % (len(got), len(record["worth"])))


def planted(path):
    """Carries out a network in which answers are planted."""
    record = unhex(json.loads(path.read_text()))
    led = ledger(Network(record["genesis"]), record)
    lazy = len(led.below(b"6"))  # kept for good, unlike what was found
    opened = [v for _, v in led.below(b"4")]
    must(lazy and any(v[3] for v in opened) and any(v[1] == ZERO for v in opened) and any(v[2] for v in opened), "a record without what is to be seen")
    print("plants: %d seats and epochs, %d plants proven, %d judges lazy" % (len(opened), sum(len(v[2]) // 12 for v in opened), lazy))


def tried(path):
    """Carries out a network in which answers and cards are challenged."""
    record = unhex(json.loads(path.read_text()))
    led = ledger(Network(record["genesis"]), record)
    ends = [v[11] for _, v in led.below(b"7")]
    must(verdicts.BURNED in ends and verdicts.NOT_GUILTY in ends, "a record without what is to be seen")
    print("verdicts: %d challenges, %d of what was false" % (len(ends), ends.count(verdicts.BURNED)))


def main(path):
    began = time.time()
    record = unhex(json.loads(pathlib.Path(path).read_text()))
    net = Network(record["genesis"])
    print("network: %s, %d seats, %d models" % (net.chain, len(net.seats_at_start), sum(len(k.models) for k in net.kinds.values())))
    led = ledger(net, record)
    found = answers(led, record)
    tasks(led, record)
    holders(led, found)
    miners(led, record, found)
    cards(led, record, found)
    receipt(led, record, found)
    refusals(led, record)
    pairs.check(work.Stream)
    raters(PEOPLE)
    planted(PLANTS)
    tried(VERDICTS)
    print("all agree, in %.1f s" % (time.time() - began))


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else DEFAULT)
    except Wrong as e:
        sys.exit("does not agree: %s" % e)
