"""Challenges and verdicts (protocol/SPEC.md, section 13)."""

import plants
import work
from form import *

CASE = ("u64", "u16", "u16", "u16")
EVIDENCE = (CASE, "b32", "b32", "b32", ["b32"], [work.CARD])
CALLED, VOTING, GUILTY, NOT_GUILTY, DISPUTED, NO_QUORUM, BURNED, FREED = range(8)
FIELDS = ("case seat accused owner by judge fee posted finding said fingerprint stage ballot called due decided found convicted held "
          "appealed bond longer charged place").split()
NOBODY = {1: 0, 2: 0}


class Challenge(dict):
    """A challenge's fields by name."""
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def name_of(case):
    return u64(case[0]) + u16(case[1]) + u16(case[2]) + u16(case[3])


def read(l, case):
    v = l.get(b"7" + name_of(case))
    return Challenge(zip(FIELDS, v)) if v else None


def keep(l, c):
    l.put(b"7" + name_of(c.case), list(c.values()))


def at(l, c, height):
    c.due = height
    keep(l, c)
    l.put(b"9" + u64(height) + name_of(c.case), c.case)


def held(l):
    """What challenges hold."""
    return sum(v[6] + v[18] + v[20] for _, v in l.below(b"7") if v[11] <= GUILTY)


def docket(l, e):
    return l.get(b"#" + u64(e), [[], [], 0, [], [], 0])


def forfeit(l, judges):
    e = l.net.epoch(l.height)
    d = docket(l, e)
    new = [j for i, j in enumerate(judges) if j not in d[3] and j not in judges[:i]]
    if new:
        l.put(b"#" + u64(e), d[:3] + [d[3] + new] + d[4:])


def note_slash(l, name, since, share):
    oldest = next((int.from_bytes(key[1:9], "big") for key, _ in l.below(b"Y")), l.height)
    listed = [s for s in l.get(b"$" + name, [[]])[0] if s[1] >= oldest]
    l.put(b"$" + name, [(listed + [[since, l.height, share]])[-64:]])


def lost_of(l, name, began, amount):
    """What stake that began to leave the pool of a name at a height lost since."""
    left = amount
    if l.net.verdicts or l.net.plants.rate:
        for since, at_, share in l.get(b"$" + name, [[]])[0]:
            if since <= began <= at_:
                left -= left * share // 65536
    return amount - left


def forfeits(l, seat, e):
    return bool(l.net.verdicts) and seat in docket(l, e)[3]


def first_height(net, e):
    return max(net.show_deadline(e), net.plants_deadline(e)) + 1


def accuse(l, b, rule):
    case, salt, digest, top, proof, cards = b
    r, uid, slot, accused = case
    must(slot < 1024 and len(proof) <= 10 and len(cards) <= 1 and all(len(encode(c)) <= 4096 for c in cards), "evidence")
    net, e = l.net, l.net.round_epoch(r)
    rule(e + 1 == net.epoch(l.height) and l.height >= first_height(net, e), "ErrDeadline")
    rule(read(l, case) is None, "ErrDuplicate")
    roster = l.get(b"o" + u64(e) + u16(uid))
    rule(roster, "ErrUnknown")
    seat = roster[0]
    owner, bits = l.get(b"G" + u64(r) + u16(uid), [None, b""])
    rule(owner == seat and slot // 8 < len(bits) and bits[slot // 8] >> slot % 8 & 1, "ErrUnknown")
    opened = l.get(b"4" + u64(e) + u16(uid), [None])
    if opened[0] == seat:
        rule(opened[1] != ZERO and not opened[3], "ErrUnknown")
        rule(not plants.has(l, opened[1], r, seat, slot), "ErrMismatch")
    due = work.due_in(l, r, roster[2])
    task = plants.task_of(net, due, r, seat, slot, rule)
    hashed = leaf(H("assay/1/slot", work.counted(net.chain) + task + roster[1] + salt + digest + top))
    committed = l.get(b"c" + u64(r) + u16(uid), [None, ZERO])
    rule(committed[0] == seat and climb(hashed, slot, work.slots(due), proof) == committed[1], "ErrMismatch")
    c = Challenge(zip(FIELDS, [case, seat, seat, roster[3], NO_KEY, NOBODY, 0, l.height, 1, ZERO, top, CALLED, 0, 0, 0, 0, ZERO, 0, 0, False, 0, False, False, 0]))
    if accused == uid:
        rule(not cards, "ErrMismatch")
        return c
    judge = l.get(b"j" + u64(e) + u16(accused))
    rule(judge and len(cards) == 1, "ErrUnknown")
    card, key = cards[0], u64(r) + u16(uid) + u16(slot)
    found = plants.found(l, e, judge[0], key)
    rule(found, "ErrUnknown")
    drawn = b"".join(l.drawn(e, judge[0]))
    number = next(i for i in range(len(drawn) // 12) if drawn[12 * i:12 * i + 12] == key)
    _, _, root, findings, _ = l.get(b"g" + u64(e) + u16(accused))
    made = [i for i, f in enumerate(findings) if f]
    rule(card[0] == judge[0] and card[1:4] == [r, seat, slot] and work.FOUND[found] == card[7], "ErrMismatch")
    said = leaf(H("assay/1/card/leaf", judge[1] + encode(card[:9] + [[]])))
    rule(climb(said, made.index(number), len(made), card[9]) == root, "ErrMismatch")
    c.accused, c.owner, c.finding, c.said = judge[0], judge[3], found, H("assay/1/vote/found", card[8])
    return c


def post(l, c):
    at(l, c, l.height + 2)


def challenge(l, name, b, rule):
    v, e = l.net.verdicts, l.net.epoch(l.height)
    rule(v, "ErrNotPermitted")
    c = accuse(l, b[0], rule)
    paid, guilty, stake, *rest = docket(l, e)
    rule(c.accused not in guilty, "ErrDuplicate")
    rule(sum(by == name for by, _ in paid) < v.per_challenger and sum(who == c.accused for _, who in paid) < v.per_accused and len(paid) < v.per_epoch, "ErrFull")
    l.debit(name, v.fee)
    c.by, c.fee = name, v.fee
    l.put(b"#" + u64(e), [paid + [[name, c.accused]], guilty, stake, *rest])
    post(l, c)


def judge_challenge(l, s, b, rule):
    e = l.net.epoch(l.height)
    rule(l.net.verdicts, "ErrNotPermitted")
    rule(b[0] == e, "ErrDeadline")
    rule(l.get(b"j" + u64(e) + u16(s.id[1]), [None])[0] == s.id, "ErrNotPermitted")
    rule(s.id not in docket(l, e)[4], "ErrDuplicate")
    c = accuse(l, b[1], rule)
    rule(c.accused not in docket(l, e)[1], "ErrDuplicate")
    c.by, c.judge = s.coldkey, s.id
    d = docket(l, e)
    l.put(b"#" + u64(e), d[:4] + [d[4] + [s.id], d[5]])
    post(l, c)


def voting(l, s, case, ballot, rule):
    c = read(l, case)
    rule(c, "ErrUnknown")
    rule(c.stage == VOTING and c.ballot == ballot, "ErrDeadline")
    v = l.get(b"8" + name_of(case) + u16(s.id[1]))
    rule(v and v[0] == s.id, "ErrNotPermitted")
    return c, v


def seal_vote(l, s, b, rule):
    case, ballot, seal = b
    c, v = voting(l, s, case, ballot, rule)
    rule(l.height <= c.called + l.net.verdicts.seal_blocks, "ErrDeadline")
    rule(v[3] == ZERO, "ErrDuplicate")
    rule(seal != ZERO, "ErrMismatch")
    v[3] = seal
    l.put(b"8" + name_of(case) + u16(s.id[1]), v)


def open_vote(l, s, b, rule):
    case, ballot, finding, found, backends, salt = b
    must(finding < 4 and (finding == 0) == (found == ZERO) and backends < 8 and (finding == 0) == (backends == 0), "a vote")
    c, v = voting(l, s, case, ballot, rule)
    rule(l.height > c.called + l.net.verdicts.seal_blocks, "ErrDeadline")
    rule(v[3] != ZERO, "ErrUnknown")
    rule(not v[4], "ErrDuplicate")
    rule(v[3] == H("assay/1/vote/seal", v[1] + salt + name_of(case) + bytes([ballot, finding]) + found + bytes([backends])), "ErrMismatch")
    l.put(b"8" + name_of(case) + u16(s.id[1]), v[:4] + [True, finding, found, backends])


def next_epoch(l):
    return l.net.epoch_start(l.net.epoch(l.height) + 1) + 1


def appeal(l, name, b, rule):
    c = read(l, b[0])
    rule(c, "ErrUnknown")
    rule(c.owner == name, "ErrNotPermitted")
    rule(not c.appealed, "ErrDuplicate")
    rule(c.stage == GUILTY, "ErrDeadline")
    l.debit(name, l.net.verdicts.fee)
    l.delete(b"9" + u64(c.due) + name_of(c.case))
    c.appealed, c.bond, c.stage = True, l.net.verdicts.fee, CALLED
    at(l, c, next_epoch(l))


def step(l):
    if not l.net.verdicts:
        return
    for key, case in l.below(b"9" + u64(l.height)):
        l.delete(key)
        c = read(l, case)
        if c and c.due == l.height and c.stage <= GUILTY:
            (call, decide, divide)[c.stage](l, c)


def sealing(l):
    """How many ballots of the epoch before, of those that must be told of, may still be sealed."""
    v, e = l.net.verdicts, l.net.epoch(l.height)
    before = [Challenge(zip(FIELDS, r)) for _, r in l.below(b"7")]
    return sum(c.stage == VOTING and l.height - c.called < v.seal_blocks and l.net.epoch(c.called) == e - 1
               and c.place <= max(1, v.seal_blocks // 4) for c in before)


def call(l, c):
    v, e = l.net.verdicts, l.net.epoch(l.height)
    prefix = b"8" + name_of(c.case)
    for key, _ in l.below(prefix):
        l.delete(key)
    judges = [j for _, j in l.below(b"j" + u64(e)) if j[0][1] != c.accused[1] and j[3] != c.owner]
    c.ballot += 1
    d = docket(l, e)
    c.place = sealing(l) + d[5] + 1
    l.put(b"#" + u64(e), d[:5] + [d[5] + 1])
    if not c.appealed and len(judges) > v.electors:
        seed = H("assay/1/electors", l.meta.beacon + name_of(c.case) + bytes([c.ballot]))
        left, judges = judges, []
        for k in range(v.electors):
            x = int.from_bytes(H("assay/1/duty/fill", seed + u16(0) + u64(0) + u32(k))[:8], "big") * sum(j[2] for j in left) >> 64
            n = 0
            while n < len(left) - 1 and x >= left[n][2]:
                x -= left[n][2]
                n += 1
            judges.append(left.pop(n))
    for seat, hotkey, stake, _ in judges:
        l.put(prefix + u16(seat[1]), [seat, hotkey, stake, ZERO, False, 0, ZERO, 0])
    c.called, c.stage = l.height, VOTING
    at(l, c, l.height + v.seal_blocks + v.open_blocks)


def decide(l, c):
    votes = [v for _, v in l.below(b"8" + name_of(c.case))]
    whole = sum(v[2] for v in votes)
    says = lambda v: v[5] == c.finding and (c.case[1] == c.case[3] or v[6] == c.said)
    spoke = [v for v in votes if v[4] and v[5]]
    with_them = sum(v[2] for v in spoke if says(v))
    groups = {}
    for v in spoke:
        if not says(v):
            groups[v[5], v[6]] = groups.get((v[5], v[6]), 0) + v[2]
    said = max(groups, key=lambda g: groups[g], default=(0, ZERO))
    most = groups.get(said, 0)
    stake_by = lambda bit: sum(v[2] for v in spoke if (v[5], v[6]) == said and v[7] & bit)
    third = lambda bit: 3 * stake_by(bit) > whole
    sure = third(1) and (third(2) or third(4)) or 3 * stake_by(1) > 2 * whole
    guilty, right = 3 * most > 2 * whole > 0 and sure, 3 * with_them > 2 * whole > 0
    blamed = 2 * sum(v[2] for v in spoke) > whole and with_them >= most
    wrong = lambda v: (v[5], v[6]) != said if guilty else not says(v) if right else False
    crowded = c.place > max(1, l.net.verdicts.seal_blocks // 4)
    forfeit(l, [v[0] for v in votes if (v not in spoke or wrong(v)) and not (crowded and v[4] and not v[5])])
    if c.appealed:
        bond, c.bond = c.bond, 0
        if not right:
            l.meta.burned += bond
            return divide(l, c)
        l.credit(c.owner, bond)
        release(l, c, True)
        give_back(l, c)
        lost(l, c)
        c.stage = FREED
        keep(l, c)
    elif guilty:
        c.decided, c.found = said
        convict(l, c)
    elif right:
        c.decided = c.finding
        lost(l, c)
    elif 6 * most > whole and 6 * with_them > whole:
        undecided(l, c, DISPUTED, blamed)
    elif c.ballot == 1:
        c.stage = CALLED
        at(l, c, next_epoch(l))
    else:
        undecided(l, c, NO_QUORUM, blamed)


def lost(l, c):
    charge(l, c)
    c.stage = NOT_GUILTY
    keep(l, c)


def charge(l, c):
    c.charged = True
    if c.fee:
        l.meta.burned += c.fee
    else:
        forfeit(l, [c.judge])


def undecided(l, c, stage, blamed):
    if blamed:
        charge(l, c)
    elif c.fee:
        l.credit(c.by, c.fee)
    c.stage = stage
    keep(l, c)


def convict(l, c):
    e = l.net.epoch(l.height)
    c.convicted = l.height
    paid, guilty, stake, *rest = docket(l, e)
    of_card = c.case[1] != c.case[3]
    if c.accused not in guilty:
        judge = l.get(b"j" + u64(e) + u16(c.accused[1]), [None, None, 0])
        l.put(b"#" + u64(e), [paid, guilty + [c.accused], stake + (judge[2] if of_card and judge[0] == c.accused else 0), *rest])
    s = l.seat(c.accused[1])
    sits = s is not None and s.id == c.accused
    if not of_card:
        leaving = b"1" + u16(c.accused[1]) + u64(c.accused[2])
        if sits:
            c.held, s.collateral = s.collateral, 0
            l.put_seat(s)
        if (waits := l.get(leaving)):
            c.held += waits[1]
            l.put(leaving, [waits[0], 0, waits[2]])
    else:
        about = l.net.round_epoch(c.case[0])
        key = b"g" + u64(about) + u16(c.accused[1])
        if l.get(key, [None])[0] == c.accused:
            l.put(key, l.get(key)[:4] + [True])
        name = plants.judged_with(l, about, c.accused) if c.finding == 1 else None
        listed = remembered(l, name) if name else None
        if name and all(e != about for e, _ in listed):
            pool = l.get(b"K" + name)
            if pool:
                c.held = pool[0] * l.net.verdicts.slash // 65536
                l.put(b"K" + name, [pool[0] - c.held] + pool[1:])
            l.put(b"%" + name, [listed + [[about, c.held > 0]]])
            note_slash(l, name, l.net.epoch_start(about), l.net.verdicts.slash)
            if l.get(b"6" + name) != about:
                plants.note_lazy(l, name, about)
    c.stage = GUILTY
    at(l, c, l.height + l.net.verdicts.appeal)


def taken(l, name):
    return l.get(b"%" + name, [[]])[0]


def contested(l, name):
    """Whether a challenge holds stake of a pool."""
    return any(held for _, held in taken(l, name))


def remembered(l, name):
    now = l.net.epoch(l.height)
    return [[e, held] for e, held in taken(l, name) if held or e + 4 >= now]


def release(l, c, back):
    """What is held of a judge's stake is held no longer."""
    if c.case[1] == c.case[3] or c.finding != 1 or not c.held:
        return
    about = l.net.round_epoch(c.case[0])
    name = plants.judged_with(l, about, c.accused)
    listed = taken(l, name)
    if any(e == about for e, _ in listed):
        l.put(b"%" + name, [[[e, held and e != about] for e, held in listed if not (back and e == about)]])


def divide(l, c):
    e, v = l.net.epoch(c.convicted), l.net.verdicts
    near = [docket(l, n) for n in range(max(0, e - 1), e + 2)]
    whole = sum(j[2] for _, j in l.below(b"j" + u64(e)))
    stake = sum(d[2] for d in near)
    if not c.longer and (sum(len(d[1]) for d in near) >= v.breaker or 3 * stake > whole and stake):
        c.longer, c.stage = True, GUILTY
        return at(l, c, l.height + 3 * v.appeal)
    if c.fee:
        l.credit(c.by, c.fee)
    release(l, c, False)
    about, key = l.net.round_epoch(c.case[0]), u64(c.case[0]) + u16(c.case[1]) + u16(c.case[2])
    owners = []
    for slot, judge in plants.duties(l, c.case[0], c.seat):
        if slot == c.case[2] and judge != c.accused and (plants.found(l, about, judge, key) or 0) == c.decided:
            j = l.get(b"j" + u64(about) + u16(judge[1]), [None])
            if j[0] == judge:
                owners.append(j[3])
    each = c.held // 4 // len(owners) if owners else 0
    for owner in owners if each else []:
        l.credit(owner, each)
    l.meta.burned += c.held - each * len(owners)
    c.stage = BURNED
    keep(l, c)


def give_back(l, c):
    s = l.seat(c.accused[1])
    if c.case[1] == c.case[3]:
        if s is not None and s.id == c.accused:
            s.collateral += c.held
            l.put_seat(s)
        elif c.held:
            l.credit(c.owner, c.held)
        return
    if c.finding != 1:
        return
    about = l.net.round_epoch(c.case[0])
    name = plants.judged_with(l, about, c.accused)
    listed, wrong = l.get(b"$" + name, [[]])[0], [l.net.epoch_start(about), c.convicted, l.net.verdicts.slash]
    if wrong in listed:
        listed.remove(wrong)
        l.put(b"$" + name, [listed])
    pool = l.get(b"K" + name)
    if pool:
        amount, shares, splits = pool[0] + c.held, pool[1], pool[2]
        while amount >= 2 * shares:
            shares, splits = 2 * shares, splits + 1
        l.put(b"K" + name, [amount, shares, splits])
    elif c.held:
        l.credit(c.owner, c.held)
