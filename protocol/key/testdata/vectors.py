"""Writes vectors.json: the scheme of package key, built a second time from
its documentation on top of the Python package `cryptography` 50.0.2 (OpenSSL).

    python3 -m venv v && v/bin/pip install cryptography
    v/bin/python vectors.py > vectors.json
"""
import hashlib, json
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NETWORK = b"net"
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def expand(ikm, label, context):
    return HKDF(hashes.SHA256(), 32, b"assay/key/v1", label.encode() + b"\0" + context).derive(ikm)


def scalar(ikm, label, context):
    for counter in range(256):
        okm = expand(ikm, label, context + bytes([counter]))
        if 0 < int.from_bytes(okm, "big") < N:
            return okm


def public(secret):
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1())
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def sign(secret, domain, message):
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1())
    der = key.sign(domain.encode() + b"\0" + message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


out = {"keys": [], "seeds": []}
secrets = [(1).to_bytes(32, "big"), (N - 1).to_bytes(32, "big")]
secrets += [hashlib.sha256(b"assay key vector %d" % i).digest() for i in range(6)]
for i, secret in enumerate(secrets):
    key = {"secret": secret.hex(), "public": public(secret).hex(), "signatures": []}
    for domain, message in [("assay/test", b""), ("assay/test", b"a message"), ("assay/other", b"a message"), ("x", bytes(range(256)) * 8)]:
        key["signatures"].append({"domain": domain, "message": message.hex(), "signature": sign(secret, domain, message).hex()})
    g = (i * 0x01010101) & 0xFFFFFFFF
    key["generation"] = g
    g = g.to_bytes(4, "big")
    key["identity"] = scalar(secret, "identity", g + NETWORK).hex()
    key["consensus"] = scalar(secret, "consensus", g + NETWORK).hex()
    key["transport"] = expand(secret, "transport", g + NETWORK).hex()
    transport = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["transport"]))
    key["transport_public"] = transport.public_key().public_bytes_raw().hex()
    key["transport_signature"] = transport.sign(hashlib.sha256(b"assay/test\0a message").digest()).hex()
    key["beacon"] = expand(secret, "beacon", (1000 + i).to_bytes(8, "big") + b"assay-0badcafe").hex()
    key["salt"] = expand(secret, "secret/weights", b"epoch %d" % i).hex()
    out["keys"].append(key)
for i in range(4):
    seed = hashlib.sha512(b"assay seed vector %d" % i).digest()[: 32 if i == 0 else 64]
    out["seeds"].append({"seed": seed.hex(), "name": "hotkey" if i % 2 else "coldkey",
                         "secret": scalar(seed, "seed/" + ("hotkey" if i % 2 else "coldkey"), b"").hex()})
print(json.dumps(out, indent=1))
