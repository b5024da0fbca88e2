#!/usr/bin/env python3
"""preference/main.py ASSAY [FILES] - scores random files of preference data by protocol/SPEC.md alone, and compares.

ASSAY is the shipped program; of each of FILES files (60 if nothing is said) its output must be the same, byte by byte. The files are
made from their number: of few and of many raters, in one or in several epochs, of honest people, cliques, copies and nonsense, with
golds in all mixtures. Some are scored in two parts with carried sums between. Python 3 without packages."""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

from score import score


def behave(r, kind, truth, z, length, shared):
    if kind == "coin":
        return r.choice((-1, 1))
    if kind == "engine":
        return z
    if kind == "longer":
        return length
    if kind == "clique":
        return shared if r.random() < 0.9 else r.choice((-1, 0, 1, None))
    if kind == "nonsense":
        return r.choice((-1, 0, 1, None))
    return truth if r.random() < float(kind) else -truth


def make(number):
    """The lines of one file, and its epochs."""
    r = random.Random(number)
    raters = r.randint(1, 14)
    names = [r.choice((i, "r%d" % i, "ü<&>\u2028%d" % i, str(i))) for i in range(raters)]
    kinds = [r.choice(("0.9", "0.8", "0.7", "0.6", "coin", "engine", "longer", "clique", "clique", "nonsense")) for _ in names]
    if r.random() < 0.5:  # mostly honest, so that there is something to pay
        kinds = [k if r.random() < 0.35 else r.choice(("0.9", "0.8", "0.7")) for k in kinds]
    epochs = sorted(r.sample(range(1, 8), r.choice((1, 1, 2, 3))))
    if r.random() < 0.05:
        epochs.append(epochs[-1] + r.choice((256, 257, 1 << 40)))
    gold_share, silent = r.choice((0, 0.2, 0.4, 0.9)), r.choice((0, 0, 0.1))
    setters, lines = r.randint(1, 5), []
    for epoch in epochs:
        for i in range(r.choice((3, 40, 150))):
            truth = r.choice((-1, 1))
            length, z = r.choice((-1, 0, 1)), truth if r.random() < 0.6 else r.choice((-1, 0, 1))
            gold, cell = r.choice((None, None, 0)), r.choice((0, 0, 0, 1))
            if r.random() < gold_share:
                gold, cell = truth, r.choice((0, 1))
                z = truth if cell == 0 else -truth
            shared, answers = r.choice((-1, 1)), []
            for k in r.sample(range(raters), r.randint(0, min(raters, 6))):
                x = None if r.random() < silent else behave(r, kinds[k], truth, z, length, shared)
                answers.append([names[k], x])
            setter = r.randrange(setters) if r.random() < 0.8 else 0
            lines.append((epoch, json.dumps({
                "pair": i, "stratum": [length, z], "gold": gold, "cell": cell, "setter": setter, "answers": answers, "epoch": epoch,
            }, ensure_ascii=r.random() < 0.5)))
    r.shuffle(lines)
    return lines, epochs


def run(assay, lines, *flags):
    done = subprocess.run([assay, "dataset", "score", "--kind", "preference", "--json", *flags, "-"],
                          input="\n".join(lines).encode(), capture_output=True)
    if done.returncode != 0:
        raise SystemExit("preference: " + done.stderr.decode())
    return done.stdout.decode()


def main(assay, files="60"):
    paid = merged = 0
    with tempfile.TemporaryDirectory() as tmp:
        sums = str(pathlib.Path(tmp) / "sums")
        for number in range(int(files)):
            lines, epochs = make(number)
            want = score(line for _, line in lines)
            if number % 3 == 0 and len(epochs) > 1:
                run(assay, [line for epoch, line in lines if epoch < epochs[-1]], "--carry-out", sums)
                got = run(assay, [line for epoch, line in lines if epoch == epochs[-1]], "--carry", sums)
            else:
                got = run(assay, [line for _, line in lines])
            if got != want:
                raise SystemExit("preference: file %d: got\n%swant\n%s" % (number, got, want))
            rows = [json.loads(line) for line in want.splitlines()]
            paid += sum(row["pay"] > 0 for row in rows)
            merged += sum(row["voice"] > 65536 for row in rows)
    if not paid or not merged:
        raise SystemExit("preference: the files pay nobody or find no voice: they show nothing")
    print("preference: %s files equal to the unit, %d raters paid, %d in a voice with others" % (files, paid, merged))


if __name__ == "__main__":
    main(*sys.argv[1:])
