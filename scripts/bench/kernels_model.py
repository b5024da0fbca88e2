"""What the kernels of engine/cuda should reach on an H200, from what NVIDIA's assembler
makes of them: a model that is written down, so that a measurement can prove it wrong.
kernels_report.py calls it and puts what it says into engine/SPEED.md.

Decode. A layer is a chain of kernels; a graph starts each GAP after the one before.
A block of linear_TYPE_1 or gated_TYPE reads its 32 rows at its multiprocessor's share of
what a copy reaches, with LATENCY at its begin and before each ROUND of chunks; blocks
follow one another, as many at once as registers allow, two of which hide each other's
begins. It cannot read faster than what its warps have asked for comes: 4 blocks of 32
each, within LATENCY. Kernels of few blocks wait for what they do in turn: L2 for each
batch of loads, BARRIER where warps meet, SHUFFLE and FLOAT for what depends on one another.

Kernels that begin early. One is let through its wait HANDOVER after the one before it has
ended; it begins BEGIN after all blocks of that one have, where registers and threads are
left beside them, and not sooner, though the hardware may begin more than one ahead; where
none are left, PLACED after the last of those blocks. From then on memory brings what it
has asked for, up to BROUGHT bytes a block, beside what the one before still reads; a
norm's BRINGERS ask for what the linear layer behind it reads, up to NORMS bytes. What
is there is read at L2_SPEED, asked for within NEAR; small kernels wait BUSY times as long
for the L2 cache as where memory stands still.

Many tokens. A warp of matrix_TYPE takes a loop of so many instructions for 32 weights
of 32 rows and 64 tokens, and A_CHUNK between chunks, one of chunks_TYPE so many; a scheduler begins one each
cycle, at ISSUE of what is ideal where there are warps enough, and waits STALL cycles a
turn where one warp alone is. Neither is done before its bytes have come from the L2
cache, and the weights from memory; a warp of chunks_TYPE has asked for one block of 32
beyond the one that it takes. Its sums meet after each round, at MEET cycles.
Attention of single tokens takes so many instructions for each position and element,
and a load for each, of which a multiprocessor begins one a cycle for a warp; that of
tiles so many for AHEAD keys or values and all of a warp's queries, each behind a wait for
the L2 cache, which other warps fill, and so many for a page.

All constants are of NVIDIA's documents but those marked as assumed."""

import collections
import math
import re
import sys

SMS, CLOCK, LANES = 132, 1.755e9, 128
COPY = 0.90 * 4.8e12  # bytes a second; 90 % of the peak is assumed
L2_SPEED = 5.5e12  # assumed
LATENCY, L2 = 650e-9, 160e-9  # of memory under load, and of the L2 cache; assumed
GAP, CALL = 1.1e-6, 2.4e-6  # between two kernels of a graph, and by calls of the driver; assumed
HANDOVER, BEGIN, PLACED, NEAR, BUSY = 0.6e-6, 1.0e-6, 0.25e-6, 300e-9, 1.25  # of kernels that begin early; assumed
BROUGHT, NORMS, BRINGERS = 128 * 1024, 16 << 20, 64  # MOST_BROUGHT of early.cuh; broughtNear and bringers of kernels.go
SHUFFLE, FLOAT = 23 / CLOCK, 4 / CLOCK
ISSUE, STALL, MEET = 0.88, 300, 700  # assumed; MEET from 200 instructions and 16 barriers
A_CHUNK = 293  # of matrix_q8_0: copies of the next chunk, 64 totals and 64 new sums
ROUND = 64  # chunks, and BARRIER of a block; assumed
BARRIER, PAGES, FEW = 30 / CLOCK, 8, 256  # PAGES that a block takes at a time where there are no more than FEW blocks
FULL = 96  # blocks of threads from which layers.go takes matrix_TYPE
MANY = {"attention_many": (128, 851, 168), "attention_wide": (256, 1673, 387)}  # fused steps of a turn; instructions for a cap of scores, which these models have not, and where a page is not seen whole
COUNTED = {"attention_many": 5457, "attention_wide": 10177, "matrix_q8_0": 2620}  # instructions of the kernels that MANY and A_CHUNK were counted in by hand
REGISTERS, WARPS = 65536, 64  # of a multiprocessor

Model = collections.namedtuple("Model", "name layers width heads kv head ffn vocab tied")
MODELS = (Model("1B", 16, 2048, 32, 8, 64, 8192, 128256, True), Model("8B", 32, 4096, 32, 8, 128, 14336, 128256, False))
BYTES = {"q8_0": 34 / 32, "q4_k": 144 / 256, "q6_k": 210 / 256}  # of a weight
PASS = 1024  # tokens of prompts that go through the layers at once, on a device of so many multiprocessors
STEPS = {"q8_0": 3, "q4_k": 4}  # float steps of 32 weights and a token
OUTPUT = {"q8_0": "q8_0", "q4_k": "q6_k"}  # the type of embedding and output


def instructions(sass):
    """Of each kernel its instructions and its loops, as pairs of their first and last."""
    found = {}
    for part in re.split(r"^\.text\.", sass, flags=re.MULTILINE)[1:]:
        lines, labels, loops = [], {}, []
        for line in part.splitlines():
            if label := re.match(r"^(\.L_x_\d+):", line):
                labels[label[1]] = len(lines)
            elif (op := re.match(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+\s+)?(\w+)([^;]*)", line)) and op[1] != "NOP":
                to = re.search(r"`\((\.L_x_\d+)\)", op[2])
                if op[1] == "BRA" and to and to[1] in labels:
                    loops.append((labels[to[1]], len(lines) + 1))
                lines.append(op[1])
        found[re.match(r"\w+", part)[0]] = (lines, loops)
    return found


def loop(kernel, op, times):
    """How many instructions the shortest loop has that has an operation so often."""
    lines, loops = kernel
    return min(to - at for at, to in loops if sum(x.startswith(op) for x in lines[at:to]) >= times)


class Chip:
    """The model of a chip that runs kernels: of each its registers, and SASS. It refuses other kernels than those of which constants were counted."""

    def __init__(self, registers, sass):
        self.registers, self.sass = registers, sass
        for kernel, length in COUNTED.items():
            if len(sass[kernel][0]) != length:
                sys.exit(f"kernels_model.py: {kernel} has {len(sass[kernel][0])} instructions, not {length}; hint: count its part of MANY or A_CHUNK anew")

    def of_block(self, kernel, threads):
        """Registers of a block of threads."""
        return math.ceil(self.registers[kernel] / 8) * 8 * threads

    def resident(self, kernel, threads):
        """Blocks at once on a multiprocessor."""
        return max(1, min(REGISTERS // self.of_block(kernel, threads), WARPS * 32 // threads))

    def single(self, kind, matrices, kernel="linear_{}_1", early=False, near=0):
        """Seconds of linear_TYPE_1 over matrices (rows, columns) that run beside each other; or of gated_TYPE over one whose columns are those of both. near bytes are in the L2 cache."""
        kernel = kernel.format(kind)
        share, blocks, begins, data = COPY / SMS, 0, 0, 0
        near = min(1, near / sum(rows * cols for rows, cols in matrices) / BYTES[kind])
        for rows, cols in matrices:
            n, warps, own = self.shape(rows, cols, kernel, early)
            at_once = self.resident(kernel, 32 * warps)
            size = own * cols * BYTES[kind]
            asked = min(at_once, math.ceil(n / SMS)) * warps * 4 * 32 * 32 * BYTES[kind]
            rounds = math.ceil(cols / 256 / ROUND)
            blocks += n
            data += n * size * ((1 - near) / min(share, asked / LATENCY) + near / min(L2_SPEED / SMS, asked / NEAR))
            first = min(n, SMS * at_once)
            turn = min(1, near * n * size / (first * warps * 4 * 32 * 32 * BYTES[kind]))  # of what is asked for first is there
            wait = LATENCY + turn * (NEAR - LATENCY)
            begins += (first * (wait - LATENCY) + n * rounds * LATENCY) / at_once**2
        turns = math.ceil(blocks / SMS) / (blocks / SMS)  # the last turn leaves multiprocessors idle
        busy = max(data / SMS * min(turns, 1.35), data / SMS)
        return busy + begins / SMS + wait

    def shape(self, rows, cols, kernel, early):
        """Blocks of a linear layer of one token, their warps and rows, as layers.go has them."""
        warps = min(8 if rows >= 8192 else 16, math.ceil(cols / 256))
        if kernel.startswith("linear") and cols % 512 == 0 and cols // 256 >= (8 if early else 16) and math.ceil(rows / 16) <= SMS:
            return math.ceil(rows / 16), min(warps, cols // 512), 16
        return math.ceil(rows / 32), warps, 32

    def turns(self, n):
        return math.ceil(n / 1024)

    def small(self, m, positions, n=1, L2=L2):
        """Seconds of a norm that is quantised, of place and of attention, for n tokens."""
        few = n * self.turns(m.width) <= FEW  # rows are taken by as many blocks as they have turns
        loads = math.ceil(m.width / 256 / 64)
        turn = L2 + 10 * SHUFFLE + 60 * FLOAT
        norm = loads * L2 + 4 * SHUFFLE + (16 + m.width / 256) * FLOAT + 60 * FLOAT + (1 if few else self.turns(m.width)) * turn
        place = self.turns((m.heads // m.kv + 1) * m.head) * (2 * L2 + 20 * FLOAT) + 5 * SHUFFLE
        at_once = PAGES if n * m.heads <= FEW else 1
        rounds, batch = math.ceil(math.ceil(positions / 64) / at_once), L2 + 32 * 2 * FLOAT
        slices = math.ceil(m.head / 64)
        keys, values = math.ceil(m.head / 32) * batch, slices * math.ceil(min(64, positions) / 32) * batch
        meet = (3 + slices) * BARRIER + at_once * (1 + slices) * (BARRIER + FLOAT)  # what shared memory answers, and a step
        return norm, place, rounds * (keys + values + 9 * SHUFFLE + 90 * FLOAT + meet) + L2

    def row(self, m, positions, n=1):
        """Seconds of what is no linear layer, for each of n tokens in one layer; and how many kernels follow one another."""
        norm, place, attention = self.small(m, positions, n)
        small = L2 + 10 * SHUFFLE + 80 * FLOAT
        if n == 1:  # the gate's kernel has it at its end
            return 2 * norm + place + attention + small - L2, 8
        return 2 * norm + place + attention + small, 9

    def decode(self, m, kind, positions=80, gap=GAP):
        """Seconds of a step of one sequence."""
        layer = [[(m.width, m.width), (m.kv * m.head, m.width), (m.kv * m.head, m.width)], [(m.width, m.width)]]
        layer += [[(m.width, m.ffn)]]
        other, kernels = self.row(m, positions)
        blocks = math.ceil(m.ffn / 32)
        if blocks <= SMS or math.ceil(blocks / SMS) * SMS * 10 <= blocks * 11:  # as layers.go has it
            ffn = self.single(kind, [(m.ffn, 2 * m.width)], "gated_{}")
        else:
            ffn, kernels = self.single(kind, [(m.ffn, m.width)] * 2) + L2, kernels + 1
        beside = kernels - 8 if gap > GAP else 0  # of gate and up, where they are two
        a_layer = sum(self.single(kind, x) for x in layer) + ffn + other + (kernels + beside) * gap
        return m.layers * a_layer + self.chosen(m, kind, gap)

    def chosen(self, m, kind, gap):
        """Seconds of the logits and a choice."""
        choose = math.ceil(m.vocab / 8192) * (L2 + 60 * FLOAT) + 4 * gap
        return self.single(OUTPUT[kind], [(m.vocab, m.width)]) + choose

    def early(self, m, kind, positions=80):
        """Seconds of decode where kernels begin early."""
        norm, place, attention = self.small(m, positions, L2=BUSY * L2)
        small = lambda seconds, kernel, blocks, threads: (seconds, kernel, blocks, threads, None, None)

        def linear(rows, cols, kernel="linear_{}_1"):
            kernel = kernel.format(kind)
            blocks, warps, _ = self.shape(rows, cols, kernel, True)
            return None, kernel, blocks, 32 * warps, rows, cols

        a_norm = small(norm, "norm_quantise", self.turns(m.width), 1024)
        heads = (m.heads // m.kv + 1) * m.head
        chain = [a_norm, linear(m.width + 2 * m.kv * m.head, m.width), small(place, "place", m.kv, min(1024, heads))]
        chain += [small(attention, "attention", m.heads, 64 * PAGES), linear(m.width, m.width)]
        chain += [a_norm, linear(m.ffn, 2 * m.width, "gated_{}"), linear(m.width, m.ffn)]
        total = near = ahead = 0
        for i, this in enumerate(chain + chain):  # a layer behind another
            seconds, kernel, blocks, threads, rows, cols = this
            after = chain[(i + 1) % len(chain)]
            if i == len(chain):
                total = 0
            own = 0
            if rows:
                own = max(0, rows * cols * BYTES[kind] - near)
                seconds = self.single(kind, [(rows, cols)], kernel, True, near)
            near = 0
            if after is a_norm:  # which brings what the layer behind it reads
                threads_left = WARPS * 32 - threads * min(math.ceil(blocks / SMS), self.resident(kernel, threads))
                left = REGISTERS - self.of_block(kernel, threads) * min(math.ceil(blocks / SMS), self.resident(kernel, threads))
                fits = blocks <= SMS and (threads_left >= 1024 and left >= self.of_block("norm_quantise", 1024) or SMS - blocks >= BRINGERS / 2)
                begin = BEGIN if fits else seconds + PLACED
                ahead = COPY * max(0, seconds + HANDOVER - begin) - own * max(0, 1 - begin / seconds)
            elif this is a_norm:
                near = min(ahead + COPY * (seconds + HANDOVER), NORMS)
            elif after[4]:  # a linear layer
                begin, here = BEGIN, blocks
                if blocks > SMS:  # when the last turn has begun, and where it leaves room
                    begin, here = BEGIN + seconds * (1 - 1 / math.ceil(blocks / SMS)), blocks % SMS or SMS
                left = (REGISTERS - self.of_block(kernel, threads)) // self.of_block(after[1], after[3])
                there = min(after[2], (SMS - here) * self.resident(after[1], after[3]) + here * left)
                free = COPY * max(0, seconds + HANDOVER - begin) - own * max(0, 1 - begin / seconds)
                a_block = min(BROUGHT, after[4] * after[5] * BYTES[kind] / after[2])
                at_end = min(COPY * (HANDOVER - PLACED), min(after[2], SMS * self.resident(after[1], after[3])) * a_block)
                near = max(0, at_end if seconds > BEGIN else 0, min(free, there * a_block))
            total += seconds + HANDOVER
        return m.layers * total + self.chosen(m, kind, GAP)

    def turns_of(self, blocks, at_once, turn):
        """Cycles of a multiprocessor for all its blocks: turn(n) is a turn's where n blocks are there."""
        full, rest = divmod(math.ceil(blocks / SMS), at_once)
        return full * turn(at_once) + (turn(rest) if rest else 0)

    def beside(self, kind, sizes, tokens):
        """Seconds of layers of (rows, columns), of as many columns each, that run beside each other, as layers.go begins them."""
        cols, tiles, time = sizes[0][1], math.ceil(tokens / 64), 0
        wide = [r for r, _ in sizes if math.ceil(r / 256) * tiles >= FULL]
        few = [r for r, _ in sizes if math.ceil(r / 256) * tiles < FULL]
        if wide:
            body, at_once = loop(self.sass[f"matrix_{kind}"], "IMMA", 16), self.resident(f"matrix_{kind}", 256)
            turn = lambda n: max(2 * n * body / ISSUE, body + STALL)
            blocks = sum(math.ceil(r / 256) for r in wide) * tiles
            cycles = self.turns_of(blocks, at_once, turn) * cols / 32 + math.ceil(blocks / SMS) * 2 * A_CHUNK * cols / 256
            moved = blocks * (256 * cols * BYTES[kind] + 64 * cols * 1.25)
            time += max(cycles / CLOCK, moved / L2_SPEED) + LATENCY
        if few:
            body, at_once = loop(self.sass[f"chunks_{kind}"], "IMMA", 16), self.resident(f"chunks_{kind}", 256)
            body *= 0.15 + 0.85 * min(tokens, 64) / 64  # of 16 tokens each
            turn = lambda n: max(2 * n * body / ISSUE, body + STALL)
            blocks, rounds = sum(math.ceil(r / 32) for r in few) * tiles, math.ceil(cols / 2048)
            cycles = self.turns_of(blocks, at_once, lambda n: rounds * (turn(n) * 8 + n * MEET))
            moved = blocks * (32 * cols * BYTES[kind] + 64 * cols * 1.25)
            weights = sum(few) * cols * BYTES[kind]
            there = min(COPY, SMS * min(at_once, math.ceil(blocks / SMS)) * 8 * 32 * 32 * BYTES[kind] / LATENCY)
            time += max(cycles / CLOCK, moved / L2_SPEED, weights / there) + 2 * LATENCY
        return time

    def tiled(self, m, tokens, positions):
        """Seconds of attention_many in a layer: tokens of one sequence, which see so many positions on average."""
        of_tiles = lambda queries: math.ceil(tokens / (queries * m.kv // m.heads)) * m.kv
        kernel, queries = ("attention_wide", 32) if m.head <= 128 and of_tiles(32) >= 2 * SMS else ("attention_many", 16)
        (steps, cap, unseen), (lines, loops) = MANY[kernel], self.sass[kernel]
        of = lambda at, to, op: sum(x == op for x in lines[at:to])
        four = sorted((to - at, at, to) for at, to in loops if of(at, to, "FFMA") == steps)  # scores, values; both again where not all is seen
        inner = [x[0] for x in four]
        over = lambda *some: min(to - at for at, to in loops if all(at <= four[i][1] and four[i][2] <= to for i in some)) - sum(inner[i] for i in some)
        left = sum(to - at for at, to in loops if of(at, to, "FFMA") == steps // 8)  # what eight do not divide, of which there is nothing
        page = over(0, 1, 2, 3) - cap - unseen - left + over(1, 3) * (math.ceil(m.head / 64) - 1)
        at_once = min(self.resident(kernel, 64), 228 // (37 if queries == 16 else 41))
        blocks = of_tiles(queries)
        warps = min(at_once, blocks / SMS) * 2 / 4  # of a scheduler
        turn = lambda x: max(warps * x / ISSUE, x + L2 * CLOCK)
        batches, pages = math.ceil(m.head / 64) * 8, math.ceil(positions / 64)
        cycles = (pages - 1) * (turn(inner[0]) * m.head / 8 + turn(inner[1]) * batches)
        cycles += turn(inner[2]) * m.head / 8 + turn(inner[3]) * batches + pages * max(warps * page / ISSUE, 1.5 * page) + warps * unseen / ISSUE
        return max(1, blocks / SMS / at_once) * cycles / CLOCK

    def many(self, m, kind, tokens, positions, wanted, one_sequence):
        """Seconds of a pass of tokens, each of which sees so many positions."""
        groups = [[(m.width, m.width)] + [(m.kv * m.head, m.width)] * 2, [(m.width, m.width)], [(m.ffn, m.width)] * 2, [(m.width, m.ffn)]]
        lines = sum(self.beside(kind, x, tokens) for x in groups)
        # A key and a value for each position and element: instructions of a turn of 32, four warps of a cycle, and one load.
        body = loop(self.sass["attention"], "LDG", 32) / 32
        visits = tokens * m.heads * max(64, positions) * m.head * 2 / 32  # of warps
        attention = max(visits * body / 4 / ISSUE, visits * (1 + 0.25)) / SMS / CLOCK
        if one_sequence:
            attention = self.tiled(m, tokens, positions)
        serial = self.row(m, positions if not one_sequence else 0, tokens)[0]
        other = serial + tokens * 4 * (6 * m.width + 3 * m.ffn + 4 * m.heads * m.head) / L2_SPEED
        logits = self.beside(OUTPUT[kind], [(m.vocab, m.width)], wanted) if wanted >= 16 else wanted * self.single(OUTPUT[kind], [(m.vocab, m.width)])
        return m.layers * (lines + attention + other + 9 * GAP) + logits


def macs(m):
    return m.layers * (2 * m.width * m.width + 2 * m.width * m.kv * m.head + 3 * m.width * m.ffn)


def ceiling(m, kind, n):
    """Seconds that AC1's float steps and ordered attention take at least, and those of products of bytes."""
    attention = m.layers * m.heads * m.head * n * (n + 1)
    return (n * macs(m) * STEPS[kind] / 32 + attention) / LANES / SMS / CLOCK, n * macs(m) / 4096 / SMS / CLOCK


def rows(registers, sass):
    """The lines of the table: what, demand, and of each model and type the prediction."""
    chip, table = Chip(registers, sass), collections.defaultdict(list)
    for m in MODELS:
        for kind in ("q8_0", "q4_k"):
            read = macs(m) * BYTES[kind] + m.vocab * m.width * BYTES[OUTPUT[kind]]
            one, graphs, calls = chip.early(m, kind), chip.decode(m, kind), chip.decode(m, kind, gap=CALL)
            batch = chip.many(m, kind, 64, 80, 64, False)
            passes = 2048 // PASS
            prefill = sum(chip.many(m, kind, PASS, PASS * i + PASS // 2, 1 if i == passes - 1 else 0, True) for i in range(passes))
            least, peak = ceiling(m, kind, 2048)
            alone = 512 * chip.early(m, kind, 768) + chip.many(m, kind, 512, 256, 1, True)
            verify = 64 * chip.many(m, kind, 1024, 512, 512, True)
            together = 512 * chip.many(m, kind, 64, 768, 64, False) + 64 * chip.many(m, kind, 512, 256, 1, True)
            hash_ = m.width * 4 / 1.4e9 + 3e-6  # a processor's SHA instructions, and the floats' way; assumed
            hidden = chip.single(OUTPUT[kind], [(m.vocab, m.width)])
            for what, text in (
                ("decode, one sequence, % of a copy (≥ 60)", f"{100 * read / COPY / one:.0f} ({1 / one:.0f} tokens/s; {100 * read / COPY / graphs:.0f} where none begins early; {100 * read / COPY / calls:.0f} without graphs)"),
                ("decode, batch 64 ÷ batch 1 (≥ 25)", f"{64 * one / batch:.1f} ({64 / batch:.0f} tokens/s)"),
                ("prefill 2,048, % of the ceiling (≥ 50)", f"{100 * least / prefill:.1f} ({2048 / prefill:.0f} tokens/s; {100 * peak / prefill:.1f} of the int8 peak)"),
                ("verify 64 × (512 + 512) ÷ one by one (≤ 0.10)", f"{verify / 64 / alone:.3f} ({verify / together:.2f} of together)"),
                ("fingerprints, % of a step (≤ 2)", f"{max(0, 100 * (hash_ - hidden) / one):.1f} ({hash_ * 1e6:.0f} µs beside {hidden * 1e6:.0f})"),
            ):
                table[what].append(text)
    names = [f"{m.name} {kind.upper()}" for m in MODELS for kind in ("q8_0", "q4_k")]
    lines = ["| predicted, H200 | " + " | ".join(names) + " |\n", "|---|" + "---|" * len(names) + "\n"]
    return lines + [f"| {what} | " + " | ".join(x) + " |\n" for what, x in table.items()]
