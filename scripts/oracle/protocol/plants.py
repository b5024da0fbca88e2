"""Planted answers (protocol/SPEC.md, section 13)."""

import verdicts
import work
from form import *

PROOF = ("u64", "u16", "b32", "b32", "b32", ["b32"], "u32", "u32", "i32", "b32", ["b32"])
NO_CHAIN = [0, 0, ZERO]
LINKS = 4096
MOST = 40


def planter(l, seat):
    owner, now, after = l.get(b"3" + u16(seat[1]), [None, NO_CHAIN, NO_CHAIN])
    return (now, after) if owner == seat else (NO_CHAIN, NO_CHAIN)


def chain_of(l, seat, e):
    now, after = planter(l, seat)
    return after if after[2] != ZERO and e >= after[0] else now


def serves(chain, e):
    return chain[2] != ZERO and chain[1] <= e < chain[0] + LINKS


def opens(chain, e, link):
    if not serves(chain, e) or link == ZERO:
        return False
    x = link
    for _ in range(e + 1 - chain[1]):
        x = H("assay/1/plant/link", x)
    return x == chain[2]


def able(l, s, e, asked):
    if not l.net.plants.rate or serves(chain_of(l, s.id, e), e):
        return asked
    return [a for a in asked if not l.net.kinds[a[0]].judges]


def extend(l, s, b, rule):
    start, anchor = b
    e = l.net.epoch(l.height)
    now, after = planter(l, s.id)
    rule(after[2] == ZERO or after[0] < e, "ErrDuplicate")
    rule(start == e + 1 and anchor != ZERO, "ErrDeadline")
    l.put(b"3" + u16(s.id[1]), [s.id, now if after[2] == ZERO else after, [start, start, anchor]])


def draw(link, seed, seat, slot):
    beta = H("assay/1/plant", link + seed + u16(seat[1]) + u64(seat[2]))
    d = sha(beta + u16(slot))
    return beta, int.from_bytes(d[:8], "big"), int.from_bytes(d[8:16], "big")


def has(l, link, r, seat, slot):
    return draw(link, l.round(r).task_seed, seat, slot)[1] < l.net.plants.rate << 48


def duties(l, r, seat):
    return l.get(b"d" + u64(r) + u16(seat[1]), [[]])[0]


def open_(l, s, b, rule):
    e, link, proofs = b
    net, uid = l.net, u16(s.id[1])
    must(len(proofs) <= MOST and [p[:2] for p in proofs] == sorted(p[:2] for p in proofs) and len({tuple(p[:2]) for p in proofs}) == len(proofs)
         and all(p[1] < 1024 and 1 <= p[6] <= 4096 and len(p[5]) <= 10 and len(p[10]) <= 12 for p in proofs), "plants")
    rule(e + 1 == net.epoch(l.height) and net.show_deadline(e) < l.height <= net.plants_deadline(e), "ErrDeadline")
    roster = l.get(b"o" + u64(e) + uid, [None])
    rule(roster[0] == s.id, "ErrNotPermitted")
    rule(l.get(b"4" + u64(e) + uid, [None])[0] != s.id, "ErrDuplicate")
    chain = chain_of(l, s.id, e)
    rule(opens(chain, e, link), "ErrMismatch")
    proven = b""
    for p in proofs:
        r, slot, salt, digest, top, way, n, position, token, state, path = p
        rule(net.round_epoch(r) == e and any(d[0] == slot for d in duties(l, r, s.id)), "ErrUnknown")
        seed = l.round(r).task_seed
        rule(has(l, link, r, s.id, slot), "ErrMismatch")
        beta, _, at = draw(link, seed, s.id, slot)
        place = at % n
        altered = H("assay/1/plant/state", beta + u16(slot) + u32(place) + state)
        due = work.due_in(l, r, roster[2])
        task = task_of(net, due, r, s.id, slot, rule)
        altered_leaf = sha(b"\0assay/ac1/leaf\0" + roster[1] + task + position.to_bytes(8, "little") + (token & 0xffffffff).to_bytes(4, "little") + altered)
        rule(climb(altered_leaf, place, n, path) == top, "ErrMismatch")
        held = leaf(H("assay/1/slot", work.counted(net.chain) + task + roster[1] + salt + digest + top))
        rule(climb(held, slot, work.slots(due), way) == l.get(b"c" + u64(r) + uid)[1], "ErrMismatch")
        proven += u64(r) + uid + u16(slot)
    now, after = planter(l, s.id)
    moved = [chain[0], e + 1, link]
    l.put(b"3" + uid, [s.id, now, moved] if after[2] != ZERO and e >= after[0] else [s.id, moved, after])
    l.put(b"4" + u64(e) + uid, [s.id, link, proven, False])


def task_of(net, due, r, seat, slot, rule):
    rest = slot
    for kind, n, _, seed in due:
        if rest < n:
            rule(seed != ZERO, "ErrUnknown")
            return work.task_id(net, kind, seed, r, seat, slot)
        rest -= n
    rule(False, "ErrUnknown")


def fine(l, s):
    key = b"1" + u16(s.id[1]) + u64(s.id[2])
    waits = l.get(key)
    taken = (s.collateral + (waits[1] if waits else 0)) * l.net.plants.fine // 65536
    own = min(taken, s.collateral)
    s.collateral -= own
    l.put_seat(s)
    if waits:
        l.put(key, [waits[0], waits[1] - taken + own, waits[2]])
    return taken


def leaked(l, signer, name, b, rule):
    seat, e, link = b
    seal, height = l.get(b"@" + signer, [ZERO, 0])
    rule(height < l.height and seal == H("assay/1/leak", signer + u16(seat[1]) + u64(seat[2]) + u64(e) + link), "ErrNotPermitted")
    s = l.seat(seat[1])
    rule(s and s.id == seat, "ErrNoSeat")
    rule(l.height <= l.net.show_deadline(e), "ErrDeadline")
    rule(opens(chain_of(l, seat, e), e, link), "ErrMismatch")
    l.delete(b"3" + u16(seat[1]))
    l.delete(b"@" + signer)
    taken = fine(l, s)
    l.credit(name, taken // 4)
    l.meta.burned += taken - taken // 4


def answers_for(l, name):
    """Whether stake has to stay for what was judged in the epoch before."""
    e = l.net.epoch(l.height) - 1
    if not l.net.plants.rate or e < 0 or l.height > l.net.plants_deadline(e):
        return False
    s = l.seat_of(l.get(b"C" + name, name))
    return bool(s) and l.get(b"j" + u64(e) + u16(s.id[1]), [None])[0] == s.id


def found(l, e, judge, key):
    """The byte that a judge opened of an answer, None for none."""
    owner, _, top, findings, _ = l.get(b"g" + u64(e) + u16(judge[1]), [None, ZERO, ZERO, b"", False])
    if owner != judge or top == ZERO:
        return None
    drawn = b"".join(l.drawn(e, judge))
    at = [i for i in range(len(drawn) // 12) if drawn[12 * i:12 * i + 12] == key]
    return findings[at[0]] if at else None


def settle(l):
    net = l.net
    e = net.epoch(l.height) - 1
    if not net.plants.rate or e < 0 or l.height != net.plants_deadline(e):
        return
    lazy, judges = {}, {v[0][1]: v for _, v in l.below(b"j" + u64(e))}
    first = net.round(net.epoch_start(e))
    for _, roster in l.below(b"o" + u64(e)):
        seat, uid = roster[0], u16(roster[0][1])
        if l.get(b"u" + u64(e) + uid, [None])[0] != seat:
            continue
        rec = l.get(b"4" + u64(e) + uid, [None])
        if rec[0] != seat:
            rec = [seat, ZERO, b"", False]
        else:
            due = [(r, slot) for r in range(first, first + net.rounds()) for slot in sorted({d[0] for d in duties(l, r, seat)}) if has(l, rec[1], r, seat, slot)][:MOST]
            for i, (r, slot) in enumerate(due):
                key = u64(r) + uid + u16(slot)
                if rec[2][12 * i:12 * i + 12] != key:
                    rec[3] = True
                    break
                for at, judge in duties(l, r, seat):
                    if at == slot and judge[1] in judges and judges[judge[1]][0] == judge and found(l, e, judge, key) == 1:
                        lazy.setdefault(judge[1], roster[3])
            s = l.seat(seat[1])
            if rec[3] and s.id == seat:
                l.meta.burned += fine(l, s)
        if rec[1] == ZERO or rec[3]:
            l.delete(b"u" + u64(e) + uid)
            l.put(b"4" + u64(e) + uid, rec)
    for uid in sorted(lazy):
        punish(l, e, uid, judges[uid][0], lazy[uid])


def punish(l, e, uid, judge, accuser):
    key = b"g" + u64(e) + u16(uid)
    l.put(key, l.get(key)[:4] + [True])
    name = judged_with(l, e, judge)
    pool = l.get(b"K" + name)
    taken = pool[0] * l.net.plants.slash // 65536 if pool else 0
    if taken:
        l.put(b"K" + name, [pool[0] - taken] + pool[1:])
        l.put(b"5" + u64(l.height + l.net.plants.appeal) + u16(uid), [taken, accuser])
    if l.below(b"q" + name):
        verdicts.note_slash(l, name, l.net.epoch_start(e), l.net.plants.slash)
    note_lazy(l, name, e)


def judged_with(l, e, judge):
    """The pool name of the stake with which a judge judged an epoch."""
    s = l.seat(judge[1])
    if s is not None and s.id == judge:
        return l.pool_name(s)
    hotkey = l.get(b"j" + u64(e) + u16(judge[1]))[1]
    return l.get(b"N" + hotkey, hotkey)


def note_lazy(l, name, e):
    last = l.get(b"6" + name)
    if last is not None and e <= last + 16:
        s, gone = l.seat_of(l.get(b"C" + name, name)), b"f" + name
        if s is not None:
            l.imprison(s, True)
            l.put_seat(s)
        else:
            s = l.pruned(gone)
            l.imprison(s, True)
            l.put(gone, s.jail)
    l.put(b"6" + name, e)


def divide(l):
    for key, (amount, to) in l.below(b"5" + u64(l.height)):
        l.credit(to, amount // 4)
        l.meta.burned += amount - amount // 4
        l.delete(key)
