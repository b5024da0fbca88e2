"""The people's lane: transactions, the deal, and what raters are worth (protocol/SPEC.md, sections 22 and 23)."""

import pathlib
import sys

import work
from form import *

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "preference"))
from score import DEFAULTS, Score  # of section 22

KIND = "preference"


def next_round(led, n):
    """The round in which ratings of pairs fall due that are given to raters in round n."""
    must(KIND in led.net.kinds, "a network without people's lane")
    k = led.net.kinds[KIND].rounds
    must(n and n % k == 0, "a round in which no pairs are given to raters")
    return n + k - 1


def setter(led, s):
    rec = led.get(b"S" + u16(s.id[1]))
    return rec if rec and rec[0] == s.id else [s.id, [0, 0, ZERO], [0, 0, ZERO]]


def chain_of(rec, n):
    """Which of a setter's chains serves a round: 1, now, or 2, next."""
    return 2 if rec[2][2] != ZERO and n >= rec[2][0] else 1


def extend_setter(led, s, b, _, rule):
    start, anchor = b
    r, rec, k = led.net.round(led.height), setter(led, s), led.net.kinds[KIND].rounds
    rule(anchor != ZERO, "ErrBadKey")
    rule(r + 2 <= start <= r + 2 + 2 * led.net.rounds(), "ErrDeadline")
    if rec[2][2] != ZERO:
        rule(r >= rec[2][0] + k, "ErrDuplicate")
        rec[1] = rec[2]
    rec[2] = [start, 0, anchor]
    led.put(b"S" + u16(s.id[1]), rec)


def sets_of(led, n):
    return led.get(b"P" + u64(n), [[]])[0]


def set_pairs(led, s, b):
    n, root = b
    next_round(led, n)
    r = led.net.round(led.height)
    must(r + 1 == n and led.round(r).task_seed != ZERO, "pairs out of time")
    must(led.get(b"j" + u64(led.net.epoch(led.height)) + u16(s.id[1]), [None])[0] == s.id, "pairs of no judge")
    rec = setter(led, s)
    start, seen, link = rec[chain_of(rec, n)]
    must(link != ZERO and start + seen <= n < start + (1 << 20), "pairs without a link")
    sets = sets_of(led, n)
    must(all(x[0] != s.id for x in sets), "pairs twice")
    sets = [x for x in sets if x[0][1] != s.id[1]] + [[s.id, s.coldkey, root, ZERO, b"", False]]
    led.put(b"P" + u64(n), [sorted(sets, key=lambda x: x[0][1])])


def open_pairs(led, s, b):
    n, link, origins = b
    d = next_round(led, n)
    must(led.net.commit_deadline(d) < led.height <= led.net.open_deadline(d), "pairs opened out of time")
    sets = sets_of(led, n)
    own = [x for x in sets if x[0] == s.id]
    must(own and own[0][3] == ZERO, "pairs that are not there, or open")
    must(len(origins) == led.net.preference.pairs and all(o < 27 for o in origins), "origins")
    rec = setter(led, s)
    which = chain_of(rec, n)
    rec[which] = led.opened(rec[which], link, n)
    led.put(b"S" + u16(s.id[1]), rec)
    own[0][3:5] = [link, origins]
    led.put(b"P" + u64(n), [sets])


def checkers(led, d, owner, seat):
    """Who is to make a setter's pairs again, whose ratings fell due in round d."""
    left = [j for _, j in led.below(b"j" + u64(led.net.round_epoch(d))) if j[3] != owner]
    seed, out = H("assay/1/preference/checkers", led.round(d).duty_seed), []
    for k in range(led.net.preference.checkers):
        if left:
            x = int.from_bytes(H("assay/1/duty/fill", seed + u16(seat[1]) + u64(seat[2]) + u32(k))[:8], "big") * sum(j[2] for j in left) >> 64
            drawn = next((j for i, j in enumerate(left) if sum(q[2] for q in left[:i + 1]) > x), left[-1])
            out.append(drawn[0])
            left = [j for j in left if j[3] != drawn[3]]
    return out


def doubt_pairs(led, s, b):
    n, seat = b
    d = next_round(led, n)
    sets = sets_of(led, n)
    set_ = [x for x in sets if x[0] == seat]
    must(n <= led.net.round(led.height) < n + 4 * led.net.kinds[KIND].rounds, "a doubt out of time")
    must(set_ and set_[0][3] != ZERO and not set_[0][5], "a doubt of pairs that are not open, or doubted")
    must(led.round(d).duty_seed != ZERO and s.id in checkers(led, d, set_[0][1], seat), "a doubt of no checker")
    set_[0][5] = True
    led.put(b"P" + u64(n), [sets])


def owed(led, e, seat):
    """How many sets a judge owed in the lane's rounds that fell due in an epoch, and how many it set and opened."""
    net, due, done = led.net, 0, 0
    judged = lambda e: led.get(b"j" + u64(e) + u16(seat[1]), [None])[0] == seat
    for d in range(net.round(net.epoch_start(e)), net.round(net.epoch_start(e + 1))):
        n = net.set_in(KIND, d)
        if not n:
            continue
        made = net.round_epoch(n - 1)
        if led.round(n - 1).task_seed == ZERO or not (made and judged(made) and judged(made - 1)):
            continue
        due += 1
        done += any(x[0] == seat and x[3] != ZERO for x in sets_of(led, n))
    return due, done


def slot_of(led, r, s):
    """The kind's slot of a seat in a round, and how many it has of all kinds."""
    due = work.due_in(led, r, led.get(b"o" + u64(led.net.round_epoch(r)) + u16(s.id[1]))[2])
    slot = 0
    for kind, n, _, _ in due:
        if kind == KIND:
            return due, slot
        slot += n
    raise Wrong("a seat that is not asked to rate")


def open_ratings(led, s, b):
    r, salt, ratings, path = b
    must(r == led.net.round(led.height) and led.height > led.net.open_deadline(r), "ratings opened out of time")
    roster = led.get(b"o" + u64(led.net.round_epoch(r)) + u16(s.id[1]), [None])
    must(roster[0] == s.id, "ratings of nobody who was asked")
    due, slot = slot_of(led, r, s)
    must(led.get(b"T" + u64(r) + u16(s.id[1]), [None])[0] != s.id, "ratings twice")
    sealed = led.get(b"c" + u64(r) + u16(s.id[1]), [None])
    must(sealed[0] == s.id and 0 < len(ratings) <= 512 and all(x >> 4 < 6 and x & 15 < 6 for x in ratings), "ratings")
    seed = led.round(led.net.set_in(KIND, r)).task_seed
    must(seed != ZERO, "ratings of a round without a seed")
    at = work.slot_leaf(led.net, KIND, work.task_id(led.net, KIND, seed, r, s.id, slot), s.hotkey, salt, ratings)
    must(climb(at, slot, work.slots(due), path) == sealed[1], "ratings that were not committed to")
    led.put(b"T" + u64(r) + u16(s.id[1]), [s.id, ratings])


# What follows from it.

def deal(net, seed, sets, raters):
    """By set and pair the seats that got it, as (index of the rater, its place, swapped); and how many pairs each got."""
    p, stream = net.preference, work.Stream(H("assay/1/preference/deal", seed))
    owners, seats = [], {}
    for i, (_, coldkey) in enumerate(raters):
        if coldkey not in seats:
            owners.append(coldkey)
        seats.setdefault(coldkey, []).append(i)
    given, got, deck, out = dict.fromkeys(owners, 0), [0] * len(raters), [], []
    full = lambda o: given[o] >= len(seats[o]) * p.ratings
    for s in sets:
        out.append([])
        for _ in range(p.pairs):
            out[-1].append([])
            want = min(sum(o != s[1] and not full(o) for o in owners), p.score.full_raters)
            if want < p.score.min_raters:
                continue
            taken, top = [], 0
            while len(taken) < want:
                if top == len(deck):
                    order = list(owners)
                    for i in range(len(order) - 1, 0, -1):
                        k = stream.below(i + 1)
                        order[i], order[k] = order[k], order[i]
                    deck += order
                o = deck[top]
                if o == s[1] or o in taken:
                    top += 1
                    continue
                del deck[top]
                if not full(o):
                    taken.append(o)
            for o in taken:
                seat = seats[o][given[o] % len(seats[o])]
                given[o] += 1
                out[-1][-1].append((seat, got[seat], stream.below(2) == 1))
                got[seat] += 1
    return out, got


def ratings_of(led, d, seat, n):
    rec = led.get(b"T" + u64(d) + u16(seat[1]), [None])
    if rec[0] != seat or len(rec[1]) != (n + 1) // 2:
        return None
    halves = [x for two in rec[1] for x in (two >> 4, two & 15)]
    return None if any(halves[n:]) else halves[:n]


def pairs_of(led, e):
    """The pairs of an epoch as section 22 has them, with the owners of those that rate."""
    net, out, owner = led.net, [], {}
    for d in range(net.round(net.epoch_start(e)), net.round(net.epoch_start(e + 1))):
        n = net.set_in(KIND, d)
        seed = n is not None and led.round(n).task_seed
        if not seed or seed == ZERO:
            continue
        sets, raters = sets_of(led, n), led.get(b"R" + u64(net.round_epoch(n)), [[]])[0]
        dealt, got = deal(net, seed, sets, raters)
        said = [ratings_of(led, d, seat, got[i]) for i, (seat, _) in enumerate(raters)]
        for s, pairs in zip(sets, dealt):
            if s[3] == ZERO:
                continue
            for k, to in enumerate(pairs):
                if not to:
                    continue
                o = s[4][k]
                sign, z, gold = o // 9 - 1, o // 3 % 3 - 1, o % 3 - 1
                answers = {}
                for i, place, swapped in to:
                    seat, coldkey = raters[i]
                    rating = said[i][place] if said[i] else 0
                    x = None if not rating else (rating > 3) - (rating < 3)
                    name = "%d/%d" % (seat[1], seat[2])
                    owner[name] = coldkey
                    answers[name] = -x if swapped and x else x
                out.append((sign, z, gold, int(gold != 0 and z != gold), s[1].hex(), answers))
    return out, owner


def worth(led, e):
    """What each rater of an epoch is worth, in 65536ths of a unit, by seat."""
    p = led.net.preference
    s, rows, last = Score({name: getattr(p.score, name) for name in DEFAULTS}), [], None
    for old in range(max(0, e + 1 - p.memory), e + 1):
        last, owner = pairs_of(led, old)
        if last:
            rows = s.epoch(old, last)
    if not last:
        return {}
    pay = {row[0]: row[1] for row in rows}
    total = sum(pay.get(name, 0) for name in owner)
    asked = sum(len(x[5]) for x in last)
    raters, setters = asked // len(last), len({x[4] for x in last})
    owners = len({owner[name] for name in owner if pay.get(name, 0)})
    share = 0
    if raters >= p.score.min_raters and setters >= p.score.min_setters:
        share = min(65536, total * 65536 // (asked * p.score.full_pay))
        share = share * min(owners, p.score.full_owners) // p.score.full_owners
        share = share * (min(raters, p.score.full_raters) - 1) // (p.score.full_raters - 1)
    return {name: pay.get(name, 0) * share * 65536 // total if total else 0 for name in owner}
