"""The ledger: blocks, transactions, beacon, rounds, duties, epochs (protocol/SPEC.md, sections 5 to 10, 13 and 15)."""

from pathlib import Path

import people
import plants
import verdicts
import work
import yuma
from form import *

TX = ("u8", "text", "b33", "u64", "u64", "b", "b64")
LANES = {*range(7, 16), *range(21, 29), 35, 40, 53}
BODIES = {
    1: ("b33", "u64"), 2: ("b33", "u64", ("u64", "b64")), 3: ("b33", "u64"), 4: ("b33", "u64"),
    5: ("b33", [("text", "u16", ["b32"])], ["text"], "b33", "b64"), 6: ("b33", "b64", "b32", "b64", "text"), 7: ("u64", "b32"),
    8: ("u64", "b32"), 9: ("u64", "b32"), 10: ("u64", ["u16"], ["u16"], "b32"),
    22: ("u64", "b32"), 23: ("u64", "b", "b32", "b32", [work.CARD]), 12: ("u64", "b32"), 13: ("u64", "b32"), 14: ("u64", "b32", "b"),
    15: ("u64", "b32", "b", ["b32"]), 30: ("b33", ("u64", "b64")), 31: ("b33",), 32: ("b33", "b33"),
    33: ("b33", "b33", ("u64", "b64")), 34: ("b33", "b33"), 35: ("u64", "b33"), 24: ("u64", "b32"), 25: ("u64", "b32", [plants.PROOF]), 38: ("seat", "u64", "b32"), 36: ("b33", "u64"), 37: ("b33", "u64"), 39: ("b33", "u32"), 21: ("u64", "b", "b32"), 40: ("u64",),
    26: ("u64", verdicts.EVIDENCE), 27: (verdicts.CASE, "u8", "b32"), 28: (verdicts.CASE, "u8", "u8", "b32", "u8", "b32"), 50: (verdicts.EVIDENCE,), 51: (verdicts.CASE,), 52: ("b32",), 53: ("u64", "seat"),
}
COLDKEYS = (1, 2, 3, 4, 30, 31, 32, 33, 34, 36, 37, 38, 39, 50, 51, 52)
SEAT = ("id hotkey coldkey collateral offers addresses identity permit last_update emission average slots asked "
        "consensus chain next next_from no_permit payout pool swap jail commission").split()
META = "height seats issued burned pot price last_step beacon link proposer proposer_key unearned balances stakes unbonding escrow collateral".split()
ROUND = "round task_seed task_height duty_seed duty_height task_first duty_first task_has duty_has published".split()
NOBODY = {1: 0, 2: 0}
NO_CHAIN = [0, 0, ZERO]
FREE = [False, False, False, 0, 0, 0]
NO_SWAP = [NO_KEY, 0, False]
LINKS = 1 << 20
LEAST_ENTRY = 10**7
NOBODY_UID = 65535


class Rule(Exception):
    """A broken rule: the transaction's effects are undone."""


def rule(ok, name):
    if not ok:
        raise Rule(name)


class Record(dict):
    """A record's fields by name."""
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def on_curve(key):
    try:
        point(key)
    except Wrong as e:
        raise Rule("ErrBadKey") from e


def link_hash(x):
    return sha(b"assay/1/beacon/link\0" + x)


def costs():
    """Section 7's table: what any transaction costs, and besides each type, by its number."""
    spec = (Path(__file__).parents[3] / "protocol" / "SPEC.md").read_text()
    table = spec[spec.index("| | checks | reads | writes | bytes |"):].split("\n\n")[0]
    rows = [[int(x) for x in row.split("|")[2:6]] for row in table.split("\n")[2:] if not row.startswith("| · ")]
    either = lambda kind: [0] * 4 if kind in LANES else rows[1]
    numbers = [*range(1, 11), *range(12, 29), *range(30, 40), 40, 50, 51, 52, 53]
    return {kind: [sum(x) for x in zip(rows[0], either(kind), row)] for kind, row in zip(numbers, rows[2:])}


COSTS = costs()


def weigh(kind, size):
    checks, reads, writes, octets = COSTS[kind]
    return 1000 * checks + 100 * reads + 300 * writes - -(octets + size) // 32


class Ledger:
    def __init__(self, net):
        self.net, self.state = net, {}
        supply = sum(b for _, b in net.accounts) + sum(s[2] + s[3] for s in net.seats_at_start)
        for key, balance in net.accounts:
            self.put(b"a" + key, [balance, 0])
        self.meta = Record(zip(META, [0, len(net.seats_at_start), supply, 0, 0, net.seats.price, 0,
                                      H("assay/1/beacon/genesis", net.chain.encode()), ZERO, NOBODY, NO_KEY, 0, 0, 0, 0, 0, 0]))
        seats = []
        for uid, (hot, cold, stake, put_up, offers, addresses, identity, consensus, anchor, planted) in enumerate(net.seats_at_start):
            seats.append(Record(zip(SEAT, [
                {1: uid, 2: 0}, hot, cold, put_up, offers, addresses, identity, False, 0, 0, 0, 0, False,
                consensus or [NO_KEY, ZERO, ""], [1, 0, anchor] if anchor else NO_CHAIN, NO_CHAIN, 0, 0, NO_KEY, NO_KEY, NO_SWAP, FREE,
                [net.seats.commission, 0, 0]])))
            self.put(b"h" + hot, uid)
            if planted:
                self.put(b"3" + u16(uid), [{1: uid, 2: 0}, plants.NO_CHAIN, [0, 0, planted]])
            if identity != NO_KEY:
                self.put(b"i" + identity, uid)
            if consensus:
                self.put(b"x" + consensus[0], uid)
                self.put(b"V" + address(consensus[0]), [{1: uid, 2: 0}, hot, 0])
                if consensus[1] != ZERO:
                    self.put(b"t" + consensus[1], uid)
            if stake:
                self.put(b"K" + hot, [stake, stake, 0])
                self.put(b"k" + hot + cold, [stake, 0])
        self.put(b"b" + u64(0), [self.meta.beacon, NOBODY, False])
        self.put(b"z", [[], []])
        self.height = 0
        self.permits(seats, 0)
        self.rosters(seats, 0)
        first = self.get(b"z")[0]
        self.put(b"z", [first, first])
        self.order()
        self.put(b"m", list(self.meta.values()))

    # The state: what is kept are canonical bytes.

    def get(self, key, default=None):
        return decode(self.state[key]) if key in self.state else default

    def put(self, key, value):
        self.state[key] = encode(value)

    def delete(self, key):
        self.state.pop(key, None)

    def below(self, prefix):
        return [(k, decode(self.state[k])) for k in sorted(self.state) if k.startswith(prefix)]

    def seat(self, uid):
        v = self.get(b"s" + u16(uid))
        return Record(zip(SEAT, v)) if v else None

    def put_seat(self, s):
        self.put(b"s" + u16(s.id[1]), list(s.values()))

    def seats(self):
        return [self.seat(uid) for uid in range(self.meta.seats)]

    def seat_of(self, hotkey):
        uid = self.get(b"h" + hotkey)
        return None if uid is None else self.seat(uid)

    def pool_name(self, s):
        return s.hotkey if s.pool == NO_KEY else s.pool

    def stake(self, s):
        return self.get(b"K" + self.pool_name(s), [0])[0]

    # Section 7: stake is shares of a pool, which are worth two units at most, or each is split in two.

    def pool(self, hotkey, coldkey):
        amount, shares, splits = self.get(b"K" + hotkey, [0, 0, 0])
        own, at = self.get(b"k" + hotkey + coldkey, [0, splits])
        return amount, shares, splits, own << (splits - at)

    def keep(self, hotkey, coldkey, amount, shares, splits, own):
        at = splits
        while shares and amount >= 2 * shares:
            shares, splits = 2 * shares, splits + 1
        for key, value in ((b"K" + hotkey, [amount, shares, splits]), (b"k" + hotkey + coldkey, [own, at])):
            self.put(key, value) if value[key[0] == 75] else self.delete(key)

    def enter(self, hotkey, coldkey, a):
        """Returns what was not taken."""
        amount, shares, splits, own = self.pool(hotkey, coldkey)
        n = a * shares // amount if shares else a
        cost = -(-n * amount // shares) if shares else a
        self.keep(hotkey, coldkey, amount + cost, shares + n, splits, own + n)
        return a - cost

    def account(self, key):
        return self.get(b"a" + key, [0, 0])

    def credit(self, key, amount):
        balance, nonce = self.account(key)
        self.put(b"a" + key, [balance + amount, nonce])

    def affords(self, key, amount):
        return amount == 0 or self.account(key)[0] - amount >= self.net.fees.deposit

    def debit(self, key, amount):
        balance, nonce = self.account(key)
        rule(self.affords(key, amount), "ErrCannotPay")
        if amount:
            self.put(b"a" + key, [balance - amount, nonce])

    def burn(self, key, amount):
        self.debit(key, amount)
        self.meta.burned += amount

    # Section 6.

    def apply(self, now, proposer, eligible, votes, offences, items):
        self.height, self.now = self.meta.height + 1, now
        must(sum(map(len, items)) <= self.net.block.max_bytes, "a block's size")
        link = shape(decode(items[0], 64), ("b32",), "head")[0]
        sets = self.get(b"z")
        members = sets[1] if self.height <= self.meta.last_step + 1 else sets[0]
        uid = next((m[0] for m in members if m[1] == proposer), None)
        must(uid is not None, "a proposer that is not in the set")
        seat = self.seat(uid)
        start, seen, known = seat.chain
        if start + seen <= self.height < start + LINKS and known != ZERO:
            seat.chain = self.opened(seat.chain, link, self.height)
        else:
            must(link == ZERO, "a link of no chain")
        self.put_seat(seat)
        self.weight = 0
        for raw in items[1:]:
            self.include(raw)
        self.life(eligible, votes, offences)
        self.finalise(eligible)
        self.meta.update(link=link, proposer=seat.id, proposer_key=proposer)
        self.availability()
        plants.settle(self)
        verdicts.step(self)
        self.money()
        if self.net.epoch_end(self.net.epoch(self.height)) == self.height:
            self.epoch_ends()
        self.order()
        self.meta.height = self.height
        self.put(b"m", list(self.meta.values()))

    def opened(self, chain, link, at):
        """Section 9: the chain after link was shown at a height, or for a round (section 23)."""
        start, seen, known = chain
        must(start + seen <= at < start + LINKS and link != ZERO, "a link that serves another height")
        x = link
        for _ in range(at - start + 1 - seen):
            x = link_hash(x)
        must(x == known, "a link of another chain")
        return [start, at - start + 1, link]

    # Section 7.

    def include(self, raw):
        kind, chain, signer, nonce, fee, body, sig = shape(decode(raw, 64 << 10), TX, "transaction")
        must(chain == self.net.chain and kind in BODIES, "a transaction's chain or type")
        b = shape(decode(body), BODIES[kind], "body")
        verify(signer, "assay/1/tx", encode([kind, chain, signer, nonce, fee, body, bytes(64)]), sig)
        weight = weigh(kind, len(raw))
        self.weight += weight
        must(self.weight <= self.net.block.max_weight, "a block's weight")
        seat, payer = None, signer
        if kind in COLDKEYS:
            payer = self.name(signer)
            must(self.signs_for(payer) == signer, "a key that does not sign for its name")
        else:
            seat = self.seat_of(signer)
            must(seat, "a hotkey without a seat")
            payer = seat.coldkey
        if kind in LANES:
            must(nonce == fee == 0, "a nonce or a fee in a lane")
        else:
            balance, next_nonce = self.account(signer)
            must(nonce == next_nonce, "a nonce out of turn")
            least = -(-weight // 1000) * self.net.fees.weight + len(raw) * self.net.fees.byte
            must(fee >= least and (kind in COLDKEYS or fee <= 16 * least), "a fee")
            must(self.affords(payer, fee), "a fee that is not there")
            self.put(b"a" + signer, [balance, nonce + 1])
            self.burn(payer, fee)
        if kind == 8:
            must(self.commit_counts(seat, b[0]), "a commitment that does not count")
        if 13 <= kind <= 15:
            (people.set_pairs, people.open_pairs, people.open_ratings)[kind - 13](self, seat, b)
            return
        if kind == 53:
            people.doubt_pairs(self, seat, b)
            return
        state, meta = dict(self.state), Record(self.meta)
        try:
            if kind == 12:
                people.extend_setter(self, seat, b, body, rule)
            elif 21 <= kind <= 23:
                (self.attest, self.seal_cards, self.open_cards)[kind - 21](seat, b)
            elif kind in (24, 25):
                (plants.extend, plants.open_)[kind - 24](self, seat, b, rule)
            elif 26 <= kind <= 28:
                (verdicts.judge_challenge, verdicts.seal_vote, verdicts.open_vote)[kind - 26](self, seat, b, rule)
            elif kind in (50, 51):
                (verdicts.challenge, verdicts.appeal)[kind - 50](self, payer, b, rule)
            elif kind == 38:
                plants.leaked(self, signer, payer, b, rule)
            elif kind == 52:
                rule(b[0] != ZERO, "ErrBadKey")
                self.put(b"@" + signer, [b[0], self.height])
            elif kind == 35:
                self.keep_hotkey(seat, b)
            elif kind == 39:
                self.set_commission(payer, b)
            elif kind == 40:
                self.unjail(seat, b)
            elif kind in COLDKEYS:
                rules = self.transfer, self.register, self.add_stake, self.remove_stake, self.swap_coldkey, self.stop_swap, self.set_payout, \
                    self.swap_hotkey, self.stop_hotkey_swap, self.add_collateral, self.take_collateral
                rules[COLDKEYS.index(kind)](payer, b)
            else:
                (self.serve, self.set_consensus_key, self.extend_beacon, self.commit, self.commit_weights, self.reveal_weights)[kind - 5](seat, b, body)
        except Rule:
            must(kind not in LANES, "a lane's transaction that does not count")
            self.state, self.meta = state, meta

    def transfer(self, signer, b):
        to, amount = b
        must(amount > 0, "an amount of zero")
        on_curve(to)
        self.debit(signer, amount)
        to = self.name(to)
        rule(self.account(to)[0] + amount >= self.net.fees.deposit, "ErrTooSmall")
        self.credit(to, amount)

    # Names, section 7.

    def name(self, key):
        return self.get(b"L" + key, key)

    def waits(self, name):
        _, to, at = self.get(b"W" + name, [name, NO_KEY, 0])
        return to != NO_KEY and self.height < at

    def signs_for(self, name):
        now, to, _ = self.get(b"W" + name, [name, NO_KEY, 0])
        return now if to == NO_KEY or self.waits(name) else to

    def swap_coldkey(self, name, b):
        to, (until, sig) = b
        on_curve(to)
        rule(not self.waits(name), "ErrDuplicate")
        self.fresh(to)
        rule(self.height <= until <= self.height + 2**19, "ErrDeadline")
        self.signed(verify, to, "assay/1/swap", name + u64(until), sig, "ErrConsent")
        delay = max(self.net.seats.unbonding, self.net.schedule.tempo)
        self.put(b"W" + name, [self.signs_for(name), to, self.height + delay])
        self.put(b"L" + to, name)
        if (given := self.account(to)[0]) or b"a" + to in self.state:
            self.delete(b"a" + to)
            self.credit(name, given)

    def fresh(self, key):
        rule(not any(letter + key in self.state for letter in (b"L", b"W", b"N", b"C", b"h", b"O")) and self.account(key)[1] == 0, "ErrTaken")

    def swap_hotkey(self, name, b):
        hotkey, to, (until, sig) = b
        on_curve(to)
        s = self.own_seat(name, hotkey)
        rule(s.swap[0] == NO_KEY, "ErrDuplicate")
        self.fresh(to)
        rule(not any(letter + to in self.state for letter in (b"K", b"i", b"x")), "ErrTaken")
        rule(self.height <= until <= self.height + 2**19, "ErrDeadline")
        self.signed(verify, to, "assay/1/consent", name + u64(until), sig, "ErrConsent")
        delay = max(self.net.seats.unbonding, self.net.schedule.tempo)
        s.swap = [to, self.net.epoch(self.height + delay - 1) + 1, s.swap[2]]
        self.put(b"N" + to, self.pool_name(s))
        self.put_seat(s)

    def own_seat(self, name, hotkey):
        s = self.seat_of(hotkey)
        rule(s, "ErrNoSeat")
        rule(s.coldkey == name, "ErrConsent")
        return s

    def stop_hotkey_swap(self, name, b):
        s = self.own_seat(name, b[0])
        rule(s.swap[0] == b[1] != NO_KEY, "ErrUnknown")
        self.drop_swap(s, False)

    def keep_hotkey(self, s, b):
        rule(s.swap[1::-1] == b and b[1] != NO_KEY, "ErrUnknown")
        rule(not s.swap[2], "ErrNotPermitted")
        self.drop_swap(s, True)

    def drop_swap(self, s, kept):
        self.delete(b"N" + s.swap[0])
        s.swap = [NO_KEY, 0, kept]
        self.put_seat(s)

    def stop_swap(self, name, b):
        now, to, _ = self.get(b"W" + name, [name, NO_KEY, 0])
        rule(self.waits(name) and b[0] == to, "ErrUnknown")
        self.delete(b"L" + to)
        self.put(b"W" + name, [now, NO_KEY, 0])
        if now == name:
            self.delete(b"W" + name)

    def set_payout(self, name, b):
        hotkey, to = b
        seat = self.own_seat(name, hotkey)
        if to != NO_KEY:
            on_curve(to)
        seat.payout = to
        self.put_seat(seat)

    def register(self, coldkey, b):
        hotkey, most, (until, sig) = b
        p = self.net.seats
        on_curve(hotkey)
        rule(not self.seat_of(hotkey), "ErrDuplicate")
        stake = self.get(b"N" + hotkey, hotkey)
        rule(self.get(b"C" + stake, stake) == hotkey, "ErrMoved")
        rule(self.height <= until <= self.height + 2**19, "ErrDeadline")
        self.signed(verify, hotkey, "assay/1/consent", coldkey + u64(until), sig, "ErrConsent")
        price = self.meta.price
        rule(price <= most, "ErrPrice")
        rule(sum(s.coldkey == coldkey for s in self.seats()) < p.max_per_coldkey, "ErrFull")
        if self.meta.seats < p.max:
            uid = self.meta.seats
            self.meta.seats += 1
        else:
            uid = self.prune()
        self.burn(coldkey, price)
        self.meta.price = self.priced(price * (100 + p.bump_percent) // 100)
        self.put_seat(Record(zip(SEAT, [{1: uid, 2: self.height}, hotkey, coldkey, 0, [], [], NO_KEY, False, self.height, 0, 0, 0,
                                        False, [NO_KEY, ZERO, ""], NO_CHAIN, NO_CHAIN, 0, 0, NO_KEY,
                                        NO_KEY if stake == hotkey else stake, NO_SWAP, self.get(b"f" + stake, FREE), [p.commission, 0, 0]])))
        self.delete(b"f" + stake)
        self.put(b"h" + hotkey, uid)

    def prune(self):
        held = {m[0] for s in self.get(b"z") for m in s}
        old = [s for s in self.seats() if self.height - s.id[2] >= self.net.seats.immunity and s.id[1] not in held]
        rule(old, "ErrFull")
        s = min(old, key=lambda s: (s.average, s.id[2], s.id[1]))
        if self.account(s.coldkey)[1] == 0 and self.get(b"O" + s.coldkey) == 1:
            self.put(b"O" + s.coldkey, 0)
        self.release(s, s.collateral)
        self.leave_address(s)
        if s.jail != FREE:
            self.put(b"f" + (s.hotkey if s.pool == NO_KEY else s.pool), s.jail[:2] + [False] + s.jail[3:])
        for key in (b"h" + s.hotkey, b"N" + s.swap[0], b"i" + s.identity, b"x" + s.consensus[0], b"t" + s.consensus[1], b"y" + u16(s.id[1]), b"v" + u16(s.id[1]), b"S" + u16(s.id[1]), b"3" + u16(s.id[1])):
            self.delete(key)
        return s.id[1]

    def order(self):
        """Writes what the state keeps of who is pruned, who owns how many, and of sums, as if it had kept nothing."""
        self.meta.balances, self.meta.stakes, self.meta.unbonding = (sum(v[0] for _, v in self.below(letter)) for letter in (b"a", b"K", b"q"))
        self.meta.collateral = sum(s.collateral for s in self.seats()) + sum(v[1] for _, v in self.below(b"1")) + sum(v[0] for _, v in self.below(b"5")) + verdicts.held(self)
        for letter in (b"E", b"I", b"O"):
            for key, value in self.below(letter):
                if letter != b"O" or value:
                    self.delete(key)
        held = {m[0] for s in self.get(b"z") for m in s}
        for s in self.seats():
            end, uid = s.id[2] + self.net.seats.immunity, u16(s.id[1])
            if end > self.height + 1:
                self.put(b"I" + u64(end) + uid, s.id)
            elif s.id[1] not in held:
                self.put(b"E" + u64(s.average) + u64(s.id[2]) + uid, s.id[1])
            self.put(b"O" + s.coldkey, self.get(b"O" + s.coldkey, 0) + 1)

    def add_stake(self, coldkey, b):
        hotkey, amount = b
        must(amount > 0, "an amount of zero")
        seat = self.seat_of(hotkey)
        rule(seat, "ErrNoSeat")
        self.debit(coldkey, amount)
        hotkey = self.pool_name(seat)
        rule(not verdicts.contested(self, hotkey), "ErrDeadline")
        all, shares, _, own = self.pool(hotkey, coldkey)
        rule((all * own // shares if own else 0) + amount >= LEAST_ENTRY, "ErrTooSmall")
        self.meta.pot += self.enter(hotkey, coldkey, amount)

    def remove_stake(self, coldkey, b):
        hotkey, amount = b
        hotkey = self.get(b"N" + hotkey, hotkey)
        rule(not plants.answers_for(self, hotkey) and not verdicts.contested(self, hotkey), "ErrDeadline")
        all, shares, splits, own = self.pool(hotkey, coldkey)
        worth = all * own // shares if own else 0
        amount = amount or worth
        rule(worth and amount <= worth, "ErrCannotPay")
        n = own if amount == worth else -(-amount * shares // all)
        gone = all * n // shares
        rule(n == own or (all - gone) * (own - n) // (shares - n) >= LEAST_ENTRY, "ErrTooSmall")
        self.meta.pot += gone - amount
        self.keep(hotkey, coldkey, all - gone, shares - n, splits, own - n)
        key = b"q" + hotkey + u64(self.height) + coldkey
        self.put(key, [self.get(key, [0])[0] + amount])
        self.put(b"Y" + u64(self.height) + hotkey + coldkey, self.now)

    def add_collateral(self, name, b):
        must(b[1] > 0, "an amount of zero")
        s = self.own_seat(name, b[0])
        self.debit(name, b[1])
        s.collateral += b[1]
        self.put_seat(s)

    def take_collateral(self, name, b):
        s = self.own_seat(name, b[0])
        amount = b[1] or s.collateral
        rule(0 < amount <= s.collateral, "ErrCannotPay")
        s.collateral -= amount
        self.put_seat(s)
        self.release(s, amount)

    def release(self, s, amount):
        if amount:
            name = u16(s.id[1]) + u64(s.id[2])
            _, before, began = self.get(b"1" + name, [NO_KEY, 0, 0])
            self.delete(b"2" + u64(began) + name)
            self.put(b"1" + name, [s.coldkey, before + amount, self.height])
            self.put(b"2" + u64(self.height) + name, self.now)

    def set_commission(self, name, b):
        must(b[1] <= 65536, "a commission above all")
        s = self.own_seat(name, b[0])
        now = self.commission(s)
        delay = max(self.net.seats.unbonding, self.net.schedule.tempo)
        s.commission = [now, b[1], self.net.epoch(self.height + delay - 1) + 1] if b[1] > now else [b[1], 0, 0]
        self.put_seat(s)

    def commission(self, s):
        rate, then, start = s.commission
        return then if 0 < start <= self.net.epoch(self.height) else rate

    def waited(self, queue):
        """What of a queue has waited long enough: of the two oldest heights at most (section 8)."""
        out = []
        for key, since in self.below(queue):
            began = int.from_bytes(key[1:9], "big")
            heights = {k[1:9] for k in out} | {key[1:9]}
            if (self.height - began < self.net.seats.unbonding or self.now - since < self.net.seats.unbonding_seconds * 10**9
                    or len(heights) > 2):
                break
            out.append(key)
        for key in out:
            self.delete(key)
        return out

    def covered(self, s, asked):
        """What collateral covers: slots are given one by one to the judged kinds, in turn."""
        each = self.net.seats.collateral
        if not each:
            return asked
        left, judged = s.collateral // each, [a for a in asked if self.net.kinds[a[0]].judges]
        want, got = [a[1] for a in judged], [0] * len(judged)
        while left and got != want:
            for i, n in enumerate(want):
                if left and got[i] < n:
                    got[i], left = got[i] + 1, left - 1
        for a, n in zip(judged, got):
            a[1] = n
        return [a for a in asked if a[1]]

    def bound(self, seat, key, sig, other, index):
        rule(key not in (seat.hotkey, seat.coldkey, other), "ErrTaken")
        rule(self.get(index + key, seat.id[1]) == seat.id[1], "ErrTaken")
        self.signed(verify, key, "assay/1/bind", seat.hotkey, sig, "ErrBadKey")

    def signed(self, verify, key, domain, what, sig, name):
        try:
            verify(key, domain, self.net.chain.encode() + b"\0" + what, sig)
        except Wrong as e:
            raise Rule(name) from e

    def serve(self, s, b, _):
        coldkey, offers, addresses, identity, sig = b
        names = [kind for kind, _, _ in offers]
        must(len(offers) <= 8 and names == sorted(set(names)) and len(addresses) <= 8 and sum(c for _, c, _ in offers) <= 1024
             and all(len(models) <= 16 for _, _, models in offers), "limits of Serve")
        rule(coldkey == s.coldkey, "ErrConsent")
        for kind, _, models in offers:
            rule(kind in self.net.kinds and all(m in self.net.kinds[kind].ids for m in models), "ErrUnknown")
            rule(len(set(models)) == len(models), "ErrDuplicate")
        self.bound(s, identity, sig, s.consensus[0], b"i")
        self.delete(b"i" + s.identity)
        self.put(b"i" + identity, s.id[1])
        s.update(offers=offers, addresses=addresses, identity=identity)
        self.put_seat(s)

    def set_consensus_key(self, s, b, _):
        key, sig, transport, transport_sig, at = b
        self.bound(s, key, sig, s.identity, b"x")
        rule(self.get(b"t" + transport, s.id[1]) == s.id[1], "ErrTaken")
        self.signed(verify_transport, transport, "assay/1/bind", s.hotkey, transport_sig, "ErrBadKey")
        rule(all(m[1] != key or m[0] == s.id[1] for members in self.get(b"z") for m in members), "ErrTaken")
        rule(self.get(b"V" + address(key), [0, self.pool_name(s)])[1] == self.pool_name(s), "ErrTaken")
        self.leave_address(s)
        self.delete(b"x" + s.consensus[0])
        self.delete(b"t" + s.consensus[1])
        self.put(b"x" + key, s.id[1])
        self.put(b"t" + transport, s.id[1])
        self.put(b"V" + address(key), [s.id, self.pool_name(s), 0])
        s.consensus = [key, transport, at]
        self.put_seat(s)

    def leave_address(self, s):
        if s.consensus[0] != NO_KEY:
            left = self.height + self.net.schedule.tempo + 2
            self.put(b"V" + address(s.consensus[0]), [s.id, self.pool_name(s), left])
            self.put(b"U" + u64(left) + address(s.consensus[0]), address(s.consensus[0]))

    def forget_addresses(self):
        for key, which in self.below(b"U" + u64(self.height)):
            self.delete(key)
            self.put(b"0" + u64(self.height) + which, self.now)
        for key in self.waited(b"0"):
            if self.get(b"V" + key[9:], [0, 0, 0])[2] == int.from_bytes(key[1:9], "big"):
                self.delete(b"V" + key[9:])

    def extend_beacon(self, s, b, _):
        start, anchor = b
        e = self.net.epoch(self.height) + 2
        rule(s.next_from == 0, "ErrDuplicate")
        rule(start == self.net.epoch_start(e) and anchor != ZERO, "ErrDeadline")
        s.next, s.next_from = [start, 0, anchor], e
        self.put_seat(s)

    def commit_counts(self, s, r):
        net, uid = self.net, u16(s.id[1])
        roster = self.get(b"o" + u64(net.round_epoch(r)) + uid, [None])
        there = self.get(b"c" + u64(r) + uid, [None])
        return (r == net.round(self.height) and self.height <= net.commit_deadline(r) and roster[0] == s.id
                and self.round(r).task_seed != ZERO and there[0] != s.id)

    def commit(self, s, b, _):
        self.put(b"c" + u64(b[0]) + u16(s.id[1]), [s.id, b[1], self.height])

    def judges(self, e, s):
        rule(self.get(b"j" + u64(e) + u16(s.id[1]), [None])[0] == s.id, "ErrNotPermitted")

    def commit_weights(self, s, b, _):
        e = b[0]
        rule(e == self.net.epoch(self.height) and self.height >= self.net.weights_start(e), "ErrDeadline")
        self.judges(e, s)
        key = b"l" + u64(e) + u16(s.id[1])
        rule(self.get(key, [None])[0] != s.id, "ErrDuplicate")
        self.put(key, [s.id, b[1], self.height])
        s.last_update = self.height
        self.put_seat(s)

    def reveal_weights(self, s, b, body):
        e, uids, values, _ = b
        must(len(uids) == len(values) <= 4096 and uids == sorted(set(uids)), "a row of weights")
        rule(e + 1 == self.net.epoch(self.height), "ErrDeadline")
        self.judges(e, s)
        seal = self.get(b"l" + u64(e) + u16(s.id[1]), [None])
        hotkey = self.get(b"j" + u64(e) + u16(s.id[1]))[1]
        rule(seal[0] == s.id and seal[1] == H("assay/1/weights", hotkey + body), "ErrMismatch")
        key = b"w" + u64(e) + u16(s.id[1])
        rule(self.get(key, [None])[0] != s.id, "ErrDuplicate")
        rule(all(uid < self.meta.seats or uid == NOBODY_UID for uid in uids), "ErrUnknown")
        row = [(uid, v) for uid, v in zip(uids, values) if uid != s.id[1]]
        self.put(key, [s.id, seal[2], [uid for uid, _ in row], yuma.upscale([v for _, v in row])])

    def seal_cards(self, s, b):
        e, seal = b
        rule(e + 1 == self.net.epoch(self.height) and self.height <= self.net.seal_deadline(e), "ErrDeadline")
        self.judges(e, s)
        key = b"g" + u64(e) + u16(s.id[1])
        rule(self.get(key, [None])[0] != s.id, "ErrDuplicate")
        self.put(key, [s.id, seal, ZERO, b"", False])

    def open_cards(self, s, b):
        e, found, top, salt, shown = b
        sizes = [len(encode(c)) for c in shown]
        must(len(found) <= 1 << 15 and all(f < 4 for f in found) and len(shown) <= len(found), "findings")
        must(all(n <= 4096 for n in sizes) and len(found) + sum(sizes) <= 49152, "what is shown")
        for c in shown:
            work.check_card(c)
        net = self.net
        rule(e + 1 == net.epoch(self.height) and net.seal_deadline(e) < self.height <= net.show_deadline(e), "ErrDeadline")
        key = b"g" + u64(e) + u16(s.id[1])
        owner, seal, old, _, _ = self.get(key, [None] * 5)
        rule(owner == s.id and old == ZERO, "ErrDuplicate")
        hotkey = self.get(b"j" + u64(e) + u16(s.id[1]))[1]
        rule(seal == H("assay/1/cards/seal", hotkey + salt + top + found), "ErrMismatch")
        drawn = b"".join(self.drawn(e, s.id))
        rule(12 * len(found) == len(drawn), "ErrMismatch")
        made = [i for i, f in enumerate(found) if f]
        first = 0
        if len(shown) != len(made):
            beacon = self.get(b"b" + u64(net.seal_deadline(e) + 1), [None])[0]
            rule(beacon is not None, "ErrDeadline")
            rule(len(found) + sum(sizes) > 49152 - 4096 and len(shown) < len(made), "ErrMismatch")
            first = int.from_bytes(H("assay/1/cards/pick", beacon + u16(s.id[1]) + u64(s.id[2]))[:8], "big") % len(made)
        leaves = [work.card_leaf(hotkey, c) for c in shown]
        for i, c in enumerate(shown):
            n = made[(first + i) % len(made)]
            rule(c[0] == s.id and work.key_of(c) == drawn[12 * n:12 * n + 12] and c[7] == work.FOUND[found[n]], "ErrMismatch")
            if len(shown) == len(made):
                rule(not c[9], "ErrMismatch")
            else:
                rule(climb(leaves[i], (first + i) % len(made), len(made), c[9]) == top, "ErrMismatch")
        rule(len(shown) != len(made) or root(leaves) == top, "ErrMismatch")
        self.put(key, [s.id, seal, top, found, False])

    def drawn(self, e, seat):
        """What a judge drew in an epoch, by kind."""
        owner, keys = self.get(b"n" + u64(e) + u16(seat[1]), [None, []])
        return keys if owner == seat else [b""] * len(self.net.kinds)

    # Section 12.

    def attest(self, s, b):
        r, held, custody = b
        must(len(held) <= 48 << 10, "a judge's answers")
        rule(r == self.net.round(self.height) and self.net.open_deadline(r) < self.height <= self.net.attest_deadline(r), "ErrDeadline")
        self.judges(self.net.round_epoch(r), s)
        key = b"H" + u64(r) + u16(s.id[1])
        rule(self.get(key, [None])[0] != s.id, "ErrDuplicate")
        n = self.round(r).published
        rule(len(held) <= -(-n // 8) and int.from_bytes(held, "little") >> n == 0, "ErrUnknown")
        self.put(key, [s.id, held, custody])

    def published(self, r):
        """The answers that judges attest, in their order: roster seat, slot and kind."""
        for _, (seat, _, _) in self.below(b"c" + u64(r)):
            roster = self.get(b"o" + u64(self.net.round_epoch(r)) + u16(seat[1]), [None])
            if roster[0] != seat:
                continue
            slot = 0
            for kind, n, _, seed in work.due_in(self, r, roster[2]):
                for slot in range(slot, slot + n):
                    if seed != ZERO and self.net.kinds[kind].judges:
                        yield roster, slot, kind
                slot += 1

    def availability(self):
        r = self.net.round(self.height)
        if self.height == self.net.open_deadline(r) and (n := sum(1 for _ in self.published(r))):
            self.put(b"r" + u64(r), [*self.round(r).values()][:-1] + [n])
        if self.height != self.net.attest_deadline(r):
            return
        e, kinds, given = self.net.round_epoch(r), list(self.net.kinds), {}
        judges = [v for _, v in self.below(b"j" + u64(e))]
        said = [self.get(b"H" + u64(r) + u16(j[0][1]), [None, b""]) for j in judges]
        holds = [a[1] if a[0] == j[0] else b"" for a, j in zip(said, judges)]
        for number, (roster, slot, kind) in enumerate(self.published(r)):
            others = [(j[2], held) for j, held in zip(judges, holds) if j[3] != roster[3]]
            held = sum(stake for stake, b in others if number // 8 < len(b) and b[number // 8] >> number % 8 & 1)
            if 2 * held > sum(stake for stake, _ in others):
                given.setdefault(roster[0][1], (roster[0], []))[1].append((slot, kind))
        for uid, (seat, answers) in given.items():
            top = max(slot for slot, _ in answers)
            self.put(b"G" + u64(r) + u16(uid), [seat, sum(1 << slot for slot, _ in answers).to_bytes(top // 8 + 1, "little")])
            key = b"u" + u64(e) + u16(uid)
            before = self.get(key, [None])
            counts = before[1] if before[0] == seat else [0] * len(kinds)
            for _, kind in answers:
                counts[kinds.index(kind)] += 1
            self.put(key, [seat, counts])

    # Section 8.

    def priced(self, price):
        return max(self.net.seats.price_min, min(price, self.net.seats.price_max))

    def factor(self):
        """The largest f, as Q32, with f^half-life at most one half."""
        low, high = 0, 1 << 32
        while low < high:
            f = (low + high + 1) // 2
            r, x, n = 1 << 32, f, self.net.seats.price_half_life
            while n:
                if n & 1:
                    r = r * x >> 32
                x, n = x * x >> 32, n >> 1
            low, high = (f, high) if r <= 1 << 31 else (low, f - 1)
        return low

    def issue(self):
        """What a block issues."""
        p = self.net.emission(self.height)
        left, z = p.max_supply - self.meta.issued, 0
        while 0 < left <= p.max_supply >> z + 1:
            z += 1
        return max(0, min(p.per_block >> z, left))

    def money(self):
        paid = self.issue()
        self.meta.issued += paid
        self.meta.pot += paid
        if not hasattr(self, "decay"):
            self.decay = self.factor()
        self.meta.price = self.priced(self.meta.price * self.decay >> 32)
        for key in self.waited(b"Y"):
            record = b"q" + key[9:42] + key[1:9] + key[42:]
            amount = self.get(record)[0]
            lost = verdicts.lost_of(self, key[9:42], int.from_bytes(key[1:9], "big"), amount)
            self.credit(key[42:], amount - lost)
            self.meta.burned += lost
            self.delete(record)
        for key in self.waited(b"2"):
            coldkey, amount, _ = self.get(b"1" + key[9:])
            self.credit(coldkey, amount)
            self.delete(b"1" + key[9:])
        plants.divide(self)
        self.forget_addresses()

    # Sections 9 and 10.

    def finalise(self, eligible):
        if self.height == 1:
            return
        m, g = self.meta, self.height - 1
        rightly = m.proposer_key in eligible
        counted = rightly and m.link != ZERO
        m.beacon = H("assay/1/beacon", m.beacon + (m.link if counted else b""))
        if not rightly and len(eligible) == 1:
            self.punish(eligible[0])
        self.put(b"b" + u64(g), [m.beacon, m.proposer if counted else NOBODY, counted])
        if counted:
            for r in (self.net.round(g) - 1, self.net.round(g)):
                if r >= 0:
                    self.seed(r, g)

    def punish(self, key):
        uid = next((m[0] for members in self.get(b"z") for m in members if m[1] == key), None)
        seat = None if uid is None else self.seat(uid)
        if seat and seat.permit:
            seat.permit, seat.no_permit = False, self.net.epoch(self.height) + 2
            self.put_seat(seat)

    def round(self, r):
        return Record(zip(ROUND, self.get(b"r" + u64(r), [r, ZERO, 0, ZERO, 0, NOBODY, NOBODY, False, False, 0])))

    def seed(self, r, g):
        rec, net = self.round(r), self.net
        if rec.task_seed == ZERO and g > net.round_start(r) and self.height < net.commit_deadline(r):
            what = "task"
        elif rec.task_seed != ZERO and rec.duty_seed == ZERO and g > net.attest_deadline(r) and self.height <= net.last_draw(net.round_epoch(r)):
            what = "duty"
        else:
            return
        p = self.meta.proposer
        if len(self.get(b"z")[0]) < 2 or rec[what + "_has"] and rec[what + "_first"] != p:
            rec[what + "_seed"], rec[what + "_height"] = self.meta.beacon, self.height
            if what == "duty":
                self.draw(rec)
        elif not rec[what + "_has"]:
            rec[what + "_first"], rec[what + "_has"] = p, True
        self.put(b"r" + u64(r), list(rec.values()))

    # Section 13.

    def draw(self, rec):
        e = self.net.round_epoch(rec.round)
        judges = [v for _, v in self.below(b"j" + u64(e))]
        added = {}
        for _, (seat, _, _) in self.below(b"c" + u64(rec.round)):
            roster = self.get(b"o" + u64(e) + u16(seat[1]), [None])
            if roster[0] != seat:
                continue
            owner, held = self.get(b"G" + u64(rec.round) + u16(seat[1]), [None, b""])
            given = int.from_bytes(held, "little") if owner == seat else 0
            duties, first = [], 0
            for kind, n, _, _ in work.due_in(self, rec.round, roster[2]):
                slots = [i for i in range(first, first + n) if given >> i & 1]
                if slots:
                    some = self.draw_kind(rec, e, roster, judges, kind, first, slots)
                    for slot, judge in some:
                        new = added.setdefault(judge[1], (judge, [b""] * len(self.net.kinds)))[1]
                        new[list(self.net.kinds).index(kind)] += u64(rec.round) + u16(seat[1]) + u16(slot)
                    duties += some
                first += n
            if duties:
                self.put(b"d" + u64(rec.round) + u16(seat[1]), [duties])
        for uid, (judge, new) in added.items():
            self.put(b"n" + u64(e) + u16(uid), [judge, [a + b for a, b in zip(self.drawn(e, judge), new)]])

    def draw_kind(self, rec, e, roster, judges, kind, first_slot, slots):
        seat, _, _, coldkey = roster
        ticket = lambda domain, x: H(domain, rec.duty_seed + u16(seat[1]) + u64(seat[2]) + u32(x))
        number = lambda x: first_slot << 16 | x
        window = e - e % 2
        last = (window + 2) * self.net.rounds()
        owner, covers = self.get(b"v" + u16(seat[1]), [None, []])
        covers = {name: (since, known) for name, since, known in covers} if owner == seat else {}
        since, known = covers.get(kind, (None, []))
        if since != window:
            known = []
        able = [j for j in judges if j[0][1] != seat[1] and j[3] != coldkey]
        pending, rest = [j for j in able if j[0][1] not in known], [j for j in able if j[0][1] in known]
        left = len([r for r in range(rec.round, last) if self.net.set_in(kind, r) is not None]) if kind in covers else 1
        quota = min(max(self.net.kinds[kind].judges, -(-len(pending) // left)), len(able))
        drawn = sorted(pending, key=lambda j: ticket("assay/1/duty/order", number(j[0][1])))[:quota]
        for i in range(quota - len(drawn)):
            x = int.from_bytes(ticket("assay/1/duty/fill", number(i))[:8], "big") * sum(j[2] for j in rest) >> 64
            n = 0
            while n < len(rest) - 1 and x >= rest[n][2]:
                x -= rest[n][2]
                n += 1
            drawn.append(rest.pop(n))
        covers[kind] = window, sorted(set(known) | {j[0][1] for j in drawn})
        self.put(b"v" + u16(seat[1]), [seat, [[name, *covers[name]] for name in sorted(covers)]])
        perm = sorted(slots, key=lambda i: ticket("assay/1/duty/slot", i))
        s = min(max(1, len(drawn) // 2), len(slots))
        duties = [[perm[i % s], j[0]] for i, j in enumerate(drawn)]
        return sorted(duties, key=lambda d: (d[0], d[1][1]))

    def count(self, counts, kind):
        """A number of a list by kind."""
        i = list(self.net.kinds).index(kind)
        return counts[i] if i < len(counts) else 0

    def shown(self, seat, kind, e):
        """How many answers of a kind a seat gave in an epoch."""
        owner, counts = self.get(b"u" + u64(e) + u16(seat.id[1]), [None, []]) if e >= 0 else (None, [])
        return self.count(counts, kind) if owner == seat.id else 0

    def duties_of(self, seat, e):
        """Duties drawn and fulfilled in an epoch, for each kind."""
        uid, kinds = seat.id[1], list(self.net.kinds)
        if e < 0 or self.get(b"j" + u64(e) + u16(uid), [None])[0] != seat.id:
            return [0] * len(kinds), [0] * len(kinds)
        lists = [len(keys) // 12 for keys in self.drawn(e, seat.id)]
        owner, _, top, found, lazy = self.get(b"g" + u64(e) + u16(uid), [None, ZERO, ZERO, b"", False])
        open_, done, at = owner == seat.id and top != ZERO and not lazy, [], 0
        for n in lists:
            done.append(sum(f > 0 for f in found[at:at + n]) if open_ else 0)
            at += n
        owed, opened = people.owed(self, e, seat.id) if people.KIND in kinds else (0, 0)
        if owed:
            i = kinds.index(people.KIND)
            lists[i], done[i] = owed, opened
        if verdicts.forfeits(self, seat.id, e):
            done = [0] * len(done)
        return lists, done

    def part(self, drawn, done, a):
        """What duties leave of an amount."""
        kinds = [k for k in range(len(drawn)) if drawn[k]]
        if not kinds:
            return a
        shares = [list(self.net.kinds.values())[k].share for k in kinds]
        if not any(shares):
            shares = [1] * len(kinds)
        return sum(a * s // sum(shares) * done[k] // drawn[k] for k, s in zip(kinds, shares))

    # Section 15.

    def epoch_ends(self):
        e, m, net = self.net.epoch(self.height), self.meta, self.net
        seats = self.seats()
        stake = [self.stake(s) for s in seats]
        rows, bonds, nobody = [], [], []
        heard = e >= 2 and self.heard(e - 2)
        for s in seats:
            key = u16(s.id[1])
            row = self.get(b"w" + u64(e - 2) + key, [None]) if heard else [None]
            said = dict(zip(*row[2:])) if row[0] == s.id else {}
            nobody.append(said.pop(NOBODY_UID, 0))
            rows.append({j: v for j, v in said.items() if seats[j].id[2] < row[1]})
            bonds.append(dict(zip(*self.get(b"y" + key, [[], []]))))
        y = net.yuma(self.height)
        lists = [stake, [s.id[2] for s in seats], [s.last_update for s in seats], [s.permit for s in seats]]
        settings = {
            "ActivityCutoff": y.activity_cutoff, "AlphaHigh": y.alpha_high, "AlphaLow": y.alpha_low,
            "BondsMovingAverage": y.bonds_moving_average, "BondsPenalty": y.bonds_penalty, "CarryIfNoIncentive": True,
            "CommitReveal": False, "Kappa": y.kappa, "LiquidAlpha": y.liquid_alpha, "MaxValidators": len(seats),
            "PaysAgreed": True, "StakeThreshold": net.seats.min_stake, "Steepness": y.steepness, "Tempo": net.schedule.tempo, "Yuma3": y.yuma3,
            "ZerosKeepBonds": True}
        listed = lambda rows: [[list(r), list(r.values())] for r in rows]
        inputs = H("assay/1/epoch/inputs", encode([settings, self.height, m.last_step, self.budget()] + lists + [listed(rows), listed(bonds), nobody]))
        out = yuma.run(y, self.height, net.schedule.tempo, net.seats.min_stake, m.last_step, *lists, rows, bonds, nobody)
        self.pay(e, seats, stake, out, inputs)
        for s, row in zip(seats, out["bonds"]):
            if row:
                self.put(b"y" + u16(s.id[1]), [list(row), list(row.values())])
            else:
                self.delete(b"y" + u16(s.id[1]))
        m.last_step = self.height
        for s in seats:
            if s.next_from == e + 1:
                s.chain, s.next, s.next_from = s.next, NO_CHAIN, 0
            if s.swap[0] != NO_KEY and s.swap[1] <= e + 1:
                self.delete(b"h" + s.hotkey)
                s.pool, s.hotkey, s.swap = self.pool_name(s), s.swap[0], NO_SWAP
                self.put(b"h" + s.hotkey, s.id[1])
                self.put(b"C" + s.pool, s.hotkey)
        self.silence(seats)
        self.permits(seats, e + 1)
        self.rosters(seats, e + 1)
        self.forget(e - net.tasks.retention)

    def heard(self, e):
        """Whether judges with more than half of an epoch's stake opened their rows."""
        judges = [(j[0], j[2]) for _, j in self.below(b"j" + u64(e))]
        said = sum(stake for seat, stake in judges if self.get(b"w" + u64(e) + u16(seat[1]), [None])[0] == seat)
        return 2 * said > sum(stake for _, stake in judges)

    def budget(self):
        payable = self.meta.pot - self.meta.unearned
        return min(payable, max(self.issue() * 5 * self.net.schedule.tempo // 4, -(-payable // 256)))

    def kept(self, e, seat, drawn, done, a):
        """What duties of the last epoch, or of the window where none was drawn, leave of an amount."""
        if any(drawn) or not seat.permit:
            return self.part(drawn, done, a)
        paid = [self.get(b"p" + u64(n) + u16(seat.id[1]), [None]) for n in range(max(0, e - 10), e)]
        had = [p[13:15] for p in paid if p[0] == seat.id]
        drawn, done = sum(d for d, _ in had), sum(f for _, f in had)
        return a * done // drawn if drawn else a

    def pay(self, e, seats, stake, out, inputs):
        m, pot = self.meta, self.budget()
        whole = yuma.total(out["I"]) + yuma.total(out["D"]) + 2 * out["N"]
        share = lambda x: pot * yuma.div(x, whole) >> 32 if whole else 0
        sums = [0, 0]
        for i, s in enumerate(seats):
            drawn, done = self.duties_of(s, e - 1)
            miner, validator = share(out["I"][i]), 0
            if miner:
                self.credit(s.coldkey if s.payout == NO_KEY else self.name(s.payout), miner)
            dividend = self.kept(e, s, drawn, done, share(out["D"][i]))
            if dividend and stake[i]:
                fee = dividend * self.commission(s) // 65536
                pool = self.pool_name(s)
                amount, shares, splits, own = self.pool(pool, s.coldkey)
                self.keep(pool, s.coldkey, amount + dividend - fee, shares, splits, own)
                validator = dividend - self.enter(pool, s.coldkey, fee)
            m.pot -= miner + validator
            s.emission = miner + validator
            sums = [sums[0] + miner, sums[1] + validator]
            n = yuma.narrow
            self.put(b"p" + u64(e) + u16(i), [
                s.id, s.hotkey, s.coldkey, stake[i], s.permit, n(out["C"][i]), n(out["I"][i]), n(out["D"][i]), n(out["trust"][i]),
                self.kept(e, s, drawn, done, 65535), n(out["S"][i]), miner, validator, sum(drawn), sum(done)])
        unearned = share(2 * out["N"])
        m.unearned += unearned
        for s in seats if sums[0] else []:
            s.average += s.emission // 10 - s.average // 10
        self.put(b"e" + u64(e), [e, self.height, inputs, pot] + sums + [m.pot - m.unearned, m.issued, m.burned, len(seats), unearned])

    def life(self, eligible, votes, offences):
        """Who is jailed for misbehaviour, and who was heard of."""
        newest = {}
        for where, height in offences:
            newest[where] = (min if self.net.verdicts else max)(height, newest.get(where, height))
        for where, height in list(newest.items())[:256]:
            if b"V" + where not in self.state:
                continue
            stake = self.get(b"V" + where)[1]
            uid = self.get(b"h" + self.get(b"C" + stake, stake))
            seat = self.seat(uid) if uid is not None else self.pruned(b"f" + stake)
            if seat.jail[0] and seat.jail[4] >= 2**40 if self.net.verdicts else self.net.epoch(height) < seat.jail[5]:
                continue
            self.imprison(seat, True)
            if self.net.verdicts:
                seat.jail[4] = 2**40
                pool = self.get(b"K" + stake)
                if pool:
                    lost = pool[0] * self.net.verdicts.double_sign // 65536
                    self.put(b"K" + stake, [pool[0] - lost] + pool[1:])
                    self.meta.burned += lost
                verdicts.note_slash(self, stake, self.net.epoch_start(self.net.epoch(max(height, 1) - 1)), self.net.verdicts.double_sign)
            if uid is not None:
                self.put_seat(seat)
            else:
                self.put(b"f" + stake, seat.jail)
        entries, before = self.get(b"Q")[0], self.height - 1
        for e in entries:
            if any(where == e[0] and flag in (2, 3) for where, flag in votes):
                e[2] = max(e[2], before)
        if self.meta.proposer_key in eligible:
            for e in entries:
                if e[0] == address(self.meta.proposer_key):
                    e[2], e[3] = max(e[2], before), before
        self.put(b"Q", [entries])

    def unjail(self, seat, b):
        held, lied, asks, start, wait, told = seat.jail
        now = self.net.epoch(self.height)
        rule(held and b[0] == now and now + 1 >= start + wait and not asks, "a jail that is not over")
        seat.jail = [held, lied, True, start, wait, told]
        self.put_seat(seat)

    def pruned(self, key):
        """What is left of a seat that was pruned."""
        return Record(jail=self.get(key, FREE))

    def imprison(self, seat, lied):
        held, _, _, start, wait, told = seat.jail
        if held and wait >= 2**40:
            return
        begins = self.net.epoch(self.height) + 1
        again = wait and begins < start + wait + 64
        seat.jail = [True, lied, False, begins, 16 if lied else min(2 * wait, 16) if again else 1, begins if lied else told]

    def heard_of(self, uid):
        """When a member last took part, and last proposed."""
        own = [e for e in self.get(b"Q", [[]])[0] if e[1] == uid]
        return max((e[2] for e in own), default=0), max((e[3] for e in own), default=0)

    def silence(self, seats):
        for s in seats:
            if s.jail[0] and s.jail[2]:
                s.jail = [False, s.jail[1], False] + s.jail[3:]
        members = self.get(b"z")[0]
        for uid, _, power in members:
            last = self.heard_of(uid)[0]
            others = [(p, self.heard_of(u)[1]) for u, _, p in members if u != uid]
            if (not seats[uid].jail[0] and self.height - last >= self.net.seats.max_silence
                    and 3 * sum(p for p, proposed in others if proposed > last) > 2 * sum(p for p, _ in others)):
                self.imprison(seats[uid], False)

    def able(self, s, e, member):
        net, (start, _, link), stake = self.net, s.chain, self.stake(s)
        last = net.epoch_end(e) + (0 if s.next_from == e + 1 else 1)
        chain = link != ZERO and start <= net.epoch_start(e) + 1 and start + LINKS > last
        amount, shares, _, own = self.pool(self.pool_name(s), s.coldkey)
        its = amount * own // shares if own else 0
        return bool(stake and stake >= net.seats.min_stake and its >= net.seats.min_self and s.consensus[0] != NO_KEY and s.no_permit <= e and not s.jail[0]
                    and (chain or member and s.next_from > e))

    def most_of(self, powers):
        """The largest bound that keeps to the share, by halving."""
        low, high = 1, 1 << 40
        keeps = lambda c: all(min(p, c) * 10 <= 3 * sum(min(q, c) for q in powers) or
                              min(p, c) * 2 * len(powers) <= 3 * sum(min(q, c) for q in powers) for p in powers)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if keeps(middle) else (low, middle - 1)
        return low

    def permits(self, seats, e):
        old = self.get(b"z")[0]
        was = {uid: power for uid, _, power in old}
        able = {s.id[1] for s in seats if self.able(s, e, s.id[1] in was)}
        if not able:
            for s in seats:
                s.permit = s.permit and not s.jail[0]
            return self.sets(old, old)
        members, moved, most = set(was), [], self.net.seats.max_validators
        stake = lambda uid: self.stake(seats[uid])
        raw = lambda uid: max(1, min(stake(uid) // 10**9, 1 << 40))
        left = lambda: max(0, max(1, sum(was.values()) // 5) - sum(moved)) if was else 1 << 62

        def gives(uids):
            able_raw = [raw(uid) for uid in uids if uid in able]
            bound = self.most_of(able_raw)
            return {uid: min(raw(uid), bound) for uid in uids}

        def turn(uid):
            jail = seats[uid].jail
            order = -was[uid] if jail[0] and jail[1] else self.heard_of(uid)[0] if jail[0] else 0
            return (0 if jail[0] and jail[1] else 1 if jail[0] else 2, order, stake(uid), uid)

        leave, ended = sorted((uid for uid in was if uid not in able), key=turn), False
        while leave and len(members) > 1 and not ended:
            ended = bool(moved) and was[leave[0]] > left()
            if not ended:
                moved.append(was[leave[0]])
                members.remove(leave.pop(0))
        first = sorted(able, key=lambda uid: (stake(uid), uid), reverse=True)[:most]
        came = {}
        for uid in [uid for uid in first if uid not in members and not ended]:
            goes, g = None, 0
            if len(members) >= most:
                least = sorted((u for u in members if u in was and u not in first), key=lambda u: (stake(u), u))
                goes = (leave + least + [None])[0]
                if goes is None:
                    break
                g = was[goes]
            want = gives(members | {uid})[uid]
            least = min(want, max(g, 1))
            if moved and g + least > left():
                break
            came[uid] = min(want, max(least, left() - min(left(), g)))
            moved += [g, came[uid]]
            members.add(uid)
            if goes is not None:
                members.remove(goes)
                leave = [u for u in leave if u != goes]
        for s in seats:
            s.permit = s.id[1] in members & able
        may = gives(members)
        lack = {uid: max(0, may[uid] - was[uid]) for uid in members & able if uid not in came}
        there, lacks, power = 0 if ended else left(), sum(lack.values()), {}
        for uid in members:
            if uid not in able:
                power[uid] = min(raw(uid), was[uid])
            elif uid in came:
                power[uid] = min(came[uid], may[uid])
            else:
                power[uid] = min(may[uid], was[uid]) + (lack[uid] if lacks <= there else lack[uid] * there // lacks)
        bound = self.most_of([power[uid] for uid in members & able])
        self.sets([[uid, seats[uid].consensus[0], min(power[uid], bound)] for uid in sorted(members)], old)

    def sets(self, members, old):
        """Puts the sets, and who of them was heard of."""
        known, before = self.get(b"Q", [[]])[0], [uid for uid, _, _ in old]
        entries = [[address(key), uid, *(self.heard_of(uid) if uid in before else (self.height + 1, 0))] for uid, key, _ in members]
        there = [e[0] for e in entries]
        leaves = [address(key) for _, key, _ in old]
        entries += [e for a in leaves if a not in there for e in known if e[0] == a]
        self.put(b"Q", [entries])
        self.put(b"z", [members, old])

    def rosters(self, seats, e):
        raters = []
        for s in seats:
            key = u64(e) + u16(s.id[1])
            shown = lambda kind: max(1, 2 * self.shown(s, kind, e - 2) // (self.net.rounds() // self.net.kinds[kind].rounds))
            new = self.net.seats.collateral and (e < 2 or s.id[2] >= max(1, self.net.epoch_start(e - 2)))
            asked = [[kind, min(capacity, self.net.kinds[kind].slots, capacity if new else shown(kind)), models]
                     for kind, capacity, models in s.offers if capacity and (models or not self.net.kinds[kind].models)]
            asked = self.covered(s, plants.able(self, s, e, asked))
            s.slots, s.asked = sum(n for _, n, _ in asked), bool(asked)
            if asked:
                self.put(b"o" + key, [s.id, s.hotkey, asked, s.coldkey])
            if any(kind == people.KIND for kind, _, _ in asked):
                raters.append([s.id, s.coldkey])
            if s.permit:
                self.put(b"j" + key, [s.id, s.hotkey, self.stake(s), s.coldkey])
            self.put_seat(s)
        if raters:
            self.put(b"R" + u64(e), [raters])

    def forget(self, e):
        if e < 0:
            return
        first = self.net.round(self.net.epoch_start(e))
        old = [letter + u64(e) for letter in (b"o", b"j", b"u", b"n", b"l", b"w", b"g", b"p", b"R", b"4", b"#")]
        old += [letter + u64(first + i) for letter in (b"r", b"c", b"H", b"G", b"d", b"P", b"T", b"7", b"8") for i in range(self.net.rounds())]
        old += [b"b" + u64(h) for h in range(self.net.epoch_start(e), self.net.epoch_end(e) + 1)]
        for prefix in old:
            for key, _ in self.below(prefix):
                self.delete(key)
