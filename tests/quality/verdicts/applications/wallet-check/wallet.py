"""Checks signed transactions: two hex words a line, transaction and DER signature."""
import socketserver
from hashlib import sha256

from ecdsa import BadSignatureError, SECP256k1, VerifyingKey
from ecdsa.util import sigdecode_der

with open("/etc/wallet/key.bin", "rb") as source:
    KEY = VerifyingKey.from_string(source.read(64), curve=SECP256k1)


class Check(socketserver.StreamRequestHandler):
    def handle(self):
        transaction, signature = (bytes.fromhex(word.decode()) for word in self.rfile.readline().split())
        try:
            KEY.verify(signature, transaction, hashfunc=sha256, sigdecode=sigdecode_der)
            self.wfile.write(b"good " + sha256(signature).hexdigest().encode())
        except BadSignatureError:
            self.wfile.write(b"bad")


socketserver.TCPServer(("", 9999), Check).serve_forever()
