#!/usr/bin/env python3
"""synthetic/main.py ASSAY [COUNT [FIRST]] - scores COUNT random files of synthetic data (40) by protocol/SPEC.md alone, and compares
every byte with what ASSAY, the program, makes of the same files with their lines in another order.

Programs, which are its own, run in Python itself, far below the fuel and memory that the page gives them. Python 3 without packages."""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

import gates
import schema
import write


def main():
    assay, count, first = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40, int(sys.argv[3]) if len(sys.argv) > 3 else 0
    records = paid = refused = 0
    reasons, found = {}, set()
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
            try:
                rows = gates.file(lines, sets)
            except schema.Refused as why:
                if ran.returncode == 0 or b"schema" not in ran.stderr:
                    sys.exit("file %d: refused by the page (%s), and not by the program: %s" % (seed, why, ran.stderr.decode()))
                refused += 1
                continue
            if ran.returncode:
                sys.exit("file %d: %s" % (seed, ran.stderr.decode()))
            want = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
            if want != ran.stdout:
                for a, b in zip(want.splitlines(), ran.stdout.splitlines()):
                    if a != b:
                        sys.exit("file %d: by the page\n%s\nby the program\n%s" % (seed, a.decode(), b.decode()))
                sys.exit("file %d: %d rows by the page, %d by the program" % (seed, len(rows), len(ran.stdout.splitlines())))
            for row in rows:
                found |= {(c["check"], c["pass"]) for c in row["checks"]}
                records, paid = records + 1, paid + (row["pay"] > 0)
                reasons[row["reason"] or "paid"] = reasons.get(row["reason"] or "paid", 0) + 1
    print("synthetic: %d files of %d records equal, byte by byte, %d schemas refused; %s" % (
        count - refused, records, refused, ", ".join("%s %d" % (k, v) for k, v in sorted(reasons.items(), key=lambda x: -x[1]))))
    for reason in ("paid", "form", "schema", "length", "repetition", "overlap", "private", "checks", "run", "alike", "novelty", "full"):
        if count >= 40 and reason not in reasons:
            sys.exit("no record of %d files is %s: the files show too little" % (count, reason))
    checks = {"form", "result", "fields", "facts", "tests", "turns", "length", "keyword", "mark", "bullets", "end", "title"}
    if count >= 40 and found != {(c, p) for c in checks for p in (True, False)}:
        sys.exit("checks that pass always or never: %s: the files show too little" % {c for c in checks for p in (True, False) if (c, p) not in found})


main()
