"""Tests that come in the source package of another program, against assay serve.

usage: suite.py NAME DIRECTORY EXCEPTIONS TESTS..., with what the tests want of the environment

DIRECTORY is where the tests are run, TESTS what pytest is told of them. What they
skip themselves is counted apart. EXCEPTIONS has a line for each group of tests
that fail: a regular expression that their names have, white space, and why. It fails where another test fails, or
where a line has no test that fails.
"""

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

NAME, DIRECTORY, EXCEPTIONS, *TESTS = sys.argv[1:]


def run():
    """Runs the tests and returns what became of each, by name, but for those that are skipped; and how many these are."""
    report = tempfile.NamedTemporaryFile(suffix=".xml", delete=False).name
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={report}", "-o", "addopts=", *TESTS],
        cwd=DIRECTORY, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    cases, skipped = {}, 0
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname") + "." + case.get("name")
        trouble = [x for x in case if x.tag in ("failure", "error")]
        if not trouble and case.find("skipped") is not None:
            skipped += 1
            continue
        cases[name] = trouble[0].get("message") or "" if trouble else None
    os.unlink(report)
    return cases, skipped


def main():
    cases, skipped = run()
    reasons = []
    with open(EXCEPTIONS) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                part, why = line.split(None, 1)
                reasons.append((part, why.strip()))
    failed = {name: why for name, why in cases.items() if why is not None}
    used, unknown = {}, {}
    for name, why in failed.items():
        part = next((p for p, _ in reasons if re.search(p, name)), None)
        if part is None:
            unknown[name] = why
        else:
            used[part] = used.get(part, 0) + 1
    for name, why in unknown.items():
        print(f"{name}: {why[:300]}", file=sys.stderr)
    idle = [p for p, _ in reasons if p not in used]
    for part in idle:
        print(f"the exception {part} has no test that fails: take it out", file=sys.stderr)
    print(f"{NAME}: {len(cases)}, of which {len(cases) - len(failed)} pass; {skipped} skip themselves; exceptions {sum(used.values())}, by reason:")
    for part, why in reasons:
        if part in used:
            print(f"  {used[part]:4d} {part}: {why}")
    sys.exit(1 if unknown or idle else 0)


main()
