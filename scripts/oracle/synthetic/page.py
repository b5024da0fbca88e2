"""What protocol/SPEC.md names by its hash."""

import hashlib
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPEC = (ROOT / "protocol" / "SPEC.md").read_text(encoding="utf-8")


def data(path):
    """The file that the page names, as JSON."""
    raw = (ROOT / path).read_bytes()
    named = re.search(r"`%s`, with the SHA-256\s+`([0-9a-f]{64})`" % re.escape(path), SPEC)
    assert named and named[1] == hashlib.sha256(raw).hexdigest(), "the page names another " + path
    return json.loads(raw)
