#!/usr/bin/env python3
"""synthetic/main.py ASSAY [COUNT [FIRST]] - scores COUNT random files of synthetic data (40) by protocol/SPEC.md alone, and compares
every byte with what ASSAY, the program, makes of the same files with their lines in another order.

It leaves out what needs the sandbox (the field run, and the check "tests" of the family code), and of JSON Schema it knows what its own
files use. Python 3 without packages."""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

import score
import write


def main():
    assay, count, first = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40, int(sys.argv[3]) if len(sys.argv) > 3 else 0
    records = paid = 0
    reasons = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for seed in range(first, first + count):
            r = random.Random(seed)
            lines, sets = write.request(r)
            r.shuffle(lines)
            (folder / "file").write_text("\n".join(lines) + r.choice(["", "\n"]))
            flags = []
            for i, s in enumerate(sets):
                (folder / ("set%d" % i)).write_bytes(s)
                flags += ["--set", str(folder / ("set%d" % i))]
            ran = subprocess.run([assay, "dataset", "score", "--kind", "synthetic", "--json", *flags, str(folder / "file")], capture_output=True)
            if ran.returncode:
                sys.exit("file %d: %s" % (seed, ran.stderr.decode()))
            rows = score.file(lines, sets)
            want = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
            if want != ran.stdout:
                for a, b in zip(want.splitlines(), ran.stdout.splitlines()):
                    if a != b:
                        sys.exit("file %d: by the page\n%s\nby the program\n%s" % (seed, a.decode(), b.decode()))
                sys.exit("file %d: %d rows by the page, %d by the program" % (seed, len(rows), len(ran.stdout.splitlines())))
            for row in rows:
                records, paid = records + 1, paid + (row["pay"] > 0)
                reasons[row["reason"] or "paid"] = reasons.get(row["reason"] or "paid", 0) + 1
    print("synthetic: %d files of %d records equal, byte by byte; %s" % (
        count, records, ", ".join("%s %d" % (k, v) for k, v in sorted(reasons.items(), key=lambda x: -x[1]))))
    for reason in ("paid", "form", "schema", "length", "repetition", "overlap", "private", "checks", "alike", "novelty", "full"):
        if count >= 40 and reason not in reasons:
            sys.exit("no record of %d files is %s: the files show too little" % (count, reason))


main()
