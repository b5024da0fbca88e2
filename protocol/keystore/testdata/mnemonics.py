"""Writes mnemonics.json: keys from mnemonics, computed with the Python
standard library and the package `cryptography` 50.0.2, not with this project.
The words are the first and last 24-word samples of BIP 39's own test list.

    python mnemonics.py > mnemonics.json
"""
import hashlib, json
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

out = []
for words in ["abandon " * 23 + "art", "zoo " * 23 + "vote"]:
    seed = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048)
    for kind in ["hotkey", "coldkey"]:
        info = b"seed/" + kind.encode() + b"\0" + b"\0"  # label, zero, counter
        secret = HKDF(hashes.SHA256(), 32, b"assay/key/v1", info).derive(seed)
        key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1())
        public = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        out.append({"words": words, "kind": kind, "public": public.hex()})
print(json.dumps(out, indent=1))
