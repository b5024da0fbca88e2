#!/usr/bin/env python3
"""Makes vectors.json from protocol/SPEC.md's section on planted answers: plain SHA-256, nothing of this repository's."""
import hashlib
import json
import struct

sha = lambda b: hashlib.sha256(b).digest()
H = lambda domain, x: sha(domain.encode() + b"\0" + x)


def tree(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1" + tree(leaves[:k]) + tree(leaves[k:]))


def leaf(hotkey, task, position, token, state):
    return sha(b"\0assay/ac1/leaf\0" + hotkey + task + struct.pack("<QI", position, token) + state)


seed, task_seed, hotkey, task = sha(b"seed"), sha(b"task seed"), b"\2" + sha(b"hotkey"), sha(b"task")
start, epoch, uid, registered, rate = 7, 19, 513, 1 << 33, 4096
links = [seed]
for _ in range(4096):
    links.append(H("assay/1/plant/link", links[-1]))
links.reverse()  # the anchor first
link = links[epoch - start + 1]
beta = H("assay/1/plant", link + task_seed + struct.pack(">HQ", uid, registered))
draws = [sha(beta + struct.pack(">H", s)) for s in range(1024)]
planted = [s for s, d in enumerate(draws) if int.from_bytes(d[:8], "big") < rate << 48]
runs = []
for s, n in zip(planted, (1, 2, 3, 7, 64)):
    states = [sha(b"state %d %d" % (s, i)) for i in range(n)]
    tokens, first = [11 * i + s for i in range(n)], 40
    place = int.from_bytes(draws[s][8:16], "big") % n
    altered = H("assay/1/plant/state", beta + struct.pack(">HI", s, place) + states[place])
    leaves = [leaf(hotkey, task, first + i, t, altered if i == place else h) for i, (t, h) in enumerate(zip(tokens, states))]
    runs.append(dict(slot=s, first=first, tokens=tokens, states=[h.hex() for h in states], place=place, altered=altered.hex(), root=tree(leaves).hex()))
print(json.dumps(dict(
    seed=seed.hex(), start=start, anchor=links[0].hex(), epoch=epoch, link=link.hex(), task_seed=task_seed.hex(), uid=uid, registered=registered,
    hotkey=hotkey.hex(), task=task.hex(), rate=rate, planted=planted, runs=runs), indent=1))
