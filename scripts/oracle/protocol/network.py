"""The network: genesis, parameters, clock, envelopes (protocol/SPEC.md, sections 3 and 4)."""

from form import *

SCHEDULE = {1: "tempo", 2: "round_length", 3: "commit_blocks", 4: "open_blocks", 5: "weight_blocks", 6: "seal_cards_blocks",
            7: "attest_blocks", 8: "open_cards_blocks", 9: "open_plants_blocks"}
BLOCK = {1: "commit_millis", 2: "propose_millis", 3: "vote_millis", 4: "max_bytes", 5: "max_weight"}
SEATS = {1: "max", 2: "max_validators", 3: "max_per_coldkey", 4: "min_stake", 5: "immunity", 6: "price", 7: "price_min",
         8: "price_max", 9: "price_half_life", 10: "bump_percent", 11: "unbonding", 12: "commission", 13: "max_silence", 14: "collateral",
         15: "unbonding_seconds", 16: "min_self"}
EMISSION = {1: "per_block", 2: "max_supply"}
YUMA = {1: "kappa", 2: "activity_cutoff", 3: "bonds_moving_average", 4: "bonds_penalty", 5: "yuma3", 6: "liquid_alpha",
        7: "alpha_low", 8: "alpha_high", 9: "steepness"}
TASKS = {1: "retention"}
GOSSIP = {1: "replay_window"}
KIND = {1: "kind", 2: "share", 3: "full", 4: "slots", 5: "judges", 6: "rounds", 7: "keep", 8: "models"}
PREFERENCE = {1: "pairs", 2: "ratings", 3: "memory", 4: "score", 5: "checkers"}
SCORE = {n + 1: name for n, name in enumerate(
    "gold_deviations setter_parts gate_from gate_width max_weight max_agreement free_agreement min_against voice_deviations same_voice "
    "keep_agreement keep_rest full_pay full_owners full_raters min_raters min_setters".split())}
INFERENCE = {1: "max_tokens", 2: "system", 3: "sampled_percent", 4: "speed_best", 5: "speed_worst"}
SYNTHETIC = {1: "max_tokens"}
PLANTS = {1: "rate", 2: "slash", 3: "fine", 4: "appeal"}
VERDICTS = {1: "seal_blocks", 2: "open_blocks", 3: "appeal", 4: "electors", 5: "fee", 6: "per_challenger", 7: "per_accused",
            8: "per_epoch", 9: "slash", 10: "breaker", 11: "double_sign"}
FEES = {1: "weight", 2: "byte", 3: "deposit"}


class Named:
    """A map by number, read by name."""

    def __init__(self, fields, numbers):
        must(list(fields) == list(numbers), "parameters")
        for n, name in numbers.items():
            setattr(self, name, fields[n])


class Network:
    def __init__(self, raw):
        params, self.time, self.accounts, self.seats_at_start, former = decode(raw)
        must(former is None, "a network that goes on with another: its state is not taken apart here")
        self.upgrades = params.pop(16, [])
        must(list(params) in (list(range(1, 15)), list(range(1, 16))), "parameters")
        self.chain = params[1] + "-" + base32(sha(encode([params, self.time, self.accounts, self.seats_at_start, former])))
        self.schedule, self.block = Named(params[2], SCHEDULE), Named(params[3], BLOCK)
        self.seats, self.tasks = Named(params[4], SEATS), Named(params[7], TASKS)
        self.changing = [(1, Named(params[5], EMISSION), Named(params[6], YUMA))]  # from which height on, the newest last
        for u in self.upgrades:
            height, emission, settings = self.changing[-1]
            must(u[1] > height and set(u) <= {1, 2, 3, 4}, "upgrades")
            self.changing.append((u[1], Named(u[3], EMISSION) if 3 in u else emission, Named(u[4], YUMA) if 4 in u else settings))
        self.gossip = Named(params[8], GOSSIP)
        self.kinds = {k.kind: k for k in (Named(k, KIND) for k in params[9])}
        must(list(self.kinds) == sorted(self.kinds) and len(self.kinds) == len(params[9]), "the kinds' order")
        self.inference, self.synthetic = Named(params[10], INFERENCE), Named(params[11], SYNTHETIC)
        self.preference = Named(params[12], PREFERENCE)
        self.fees, self.plants = Named(params[13], FEES), Named(params[14], PLANTS)
        self.verdicts = Named(params[15], VERDICTS) if 15 in params else None
        must(self.verdicts is None or any(params[15].values()), "parameters")
        self.preference.score = Named(self.preference.score, SCORE)
        for k in self.kinds.values():
            k.ids = [m[1] for m in k.models]

    # What upgrades change.
    def emission(self, h): return [e for height, e, _ in self.changing if height <= max(h, 1)][-1]
    def yuma(self, h): return [y for height, _, y in self.changing if height <= max(h, 1)][-1]

    # The clock.
    def epoch(self, h): return h // self.schedule.tempo
    def round(self, h): return h // self.schedule.round_length
    def epoch_start(self, e): return e * self.schedule.tempo
    def epoch_end(self, e): return self.epoch_start(e + 1) - 1
    def round_start(self, r): return r * self.schedule.round_length
    def round_epoch(self, r): return self.epoch(self.round_start(r))
    def commit_deadline(self, r): return self.round_start(r) + self.schedule.commit_blocks
    def open_deadline(self, r): return self.round_start(r) + self.schedule.open_blocks
    def attest_deadline(self, r): return self.round_start(r) + self.schedule.attest_blocks
    def seal_deadline(self, e): return self.epoch_start(e + 1) + self.schedule.seal_cards_blocks
    def show_deadline(self, e): return self.epoch_start(e + 1) + self.schedule.open_cards_blocks
    def plants_deadline(self, e): return self.epoch_start(e + 1) + self.schedule.open_plants_blocks
    def last_draw(self, e): return self.seal_deadline(e) - (-(-self.seats.max_validators // 3) + 1)
    def weights_start(self, e): return self.epoch_start(e) + self.schedule.weight_blocks

    def set_in(self, kind, r):
        """The round in which tasks of a kind are set that fall due in r; None if none do."""
        n = self.kinds[kind].rounds
        return None if (r + 1) % n else r + 1 - n

    def rounds(self): return self.schedule.tempo // self.schedule.round_length

    def open(self, raw, domain, limit):
        """The sender, height and payload of an envelope."""
        fields = shape(decode(raw, limit), ("text", "text", "b33", "u64", "b", "b64"), "envelope")
        must(fields[0] == domain and fields[1] == self.chain, "an envelope of another domain or chain")
        verify(fields[2], domain, encode(fields[:5] + [bytes(64)]), fields[5])
        return fields[2], fields[3], decode(fields[4], limit)

    def seal(self, d, domain, height, payload):
        fields = [domain, self.chain, public(d), height, encode(payload), bytes(64)]
        return encode(fields[:5] + [sign(d, domain, encode(fields))])
