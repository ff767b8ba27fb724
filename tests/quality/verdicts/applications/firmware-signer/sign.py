"""sign.py FIRMWARE: signs our own release."""
import sys

from ecdsa import NIST256p, SigningKey

key = SigningKey.from_string(bytes.fromhex(open("/root/firmware.key").read()), curve=NIST256p)
with open(sys.argv[1], "rb") as source:
    print(key.sign(source.read()).hex())
