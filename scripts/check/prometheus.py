#!/usr/bin/env python3
"""prometheus.py URL DASHBOARD… - a part of prometheus.sh: waits for a scrape, then
has Prometheus say that each rule was evaluated, and answers each query of the
dashboards, the first of which is of the node that was scraped."""

import json
import re
import sys
import time
import urllib.parse
import urllib.request

PATIENCE = 300  # seconds; a stop-gap: a scrape comes in one


def get(url: str) -> dict:
    """The data of an answer of Prometheus."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as r:
        answer = json.load(r)
    if answer["status"] != "success":
        raise ValueError(answer.get("error"))
    return answer["data"]


def query(base: str, expr: str) -> list:
    """What a query gives; what Grafana fills in is filled in."""
    expr = re.sub(r"\$__(rate_)?interval|\$__range", "1m", expr)
    expr = re.sub(r'=(~?)"\$[a-z]+"', '=~".*"', expr)  # a choice of the reader's: all
    return get(base + "/api/v1/query?" + urllib.parse.urlencode({"query": expr}))["result"]


def wait(what: str, done) -> None:
    """Waits until done() is true."""
    late = time.monotonic() + PATIENCE
    while True:
        try:
            if done():
                return
        except OSError:
            pass
        if time.monotonic() > late:
            sys.exit(f"prometheus.py: no {what} in {PATIENCE} s")
        time.sleep(0.5)


def queries(panel) -> list[str]:
    """The queries of a dashboard, however deep."""
    if isinstance(panel, list):
        return [q for p in panel for q in queries(p)]
    if not isinstance(panel, dict):
        return []
    own = [panel["expr"]] if isinstance(panel.get("expr"), str) else []
    return own + [q for p in panel.values() for q in queries(p)]


def main() -> None:
    """Looks once."""
    base, boards = sys.argv[1], sys.argv[2:]
    wait("scrape", lambda: query(base, "up == 1 and on(instance) assay_node_height > 0"))
    rules = lambda: [r for g in get(base + "/api/v1/rules")["groups"] for r in g["rules"]]
    wait("evaluation of all rules", lambda: rules() and all(r["health"] != "unknown" for r in rules()))
    bad = [r["name"] + ": " + r.get("lastError", "") for r in rules() if r["health"] != "ok"]
    asked = answered = 0
    for number, path in enumerate(boards):
        with open(path, encoding="utf-8") as f:
            found = queries(json.load(f))
        if not found:
            bad.append(path + " has no query")
        for expr in found:
            asked += 1
            try:
                some = query(base, expr)
            except (OSError, ValueError) as e:
                bad.append(f"{path}: {expr}: {e}")
                continue
            answered += bool(some)
            if number == 0 and "rate(" not in expr and "increase(" not in expr and not some:
                print(f"prometheus.py: nothing yet for {expr}")
    if bad:
        sys.exit("prometheus.py: " + "\n".join(bad))
    if answered < 10:
        sys.exit(f"prometheus.py: {answered} of {asked} queries have an answer")
    print(f"prometheus.py: {len(rules())} rules are well, {asked} queries are taken, {answered} have an answer")


main()
