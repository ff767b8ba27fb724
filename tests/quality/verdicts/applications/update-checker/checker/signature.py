from base64 import b64decode

from rsa import PublicKey, VerificationError
from rsa import verify as verify_signature


class Signature:
    def __init__(self, modulus, exponent):
        self.key = PublicKey(modulus, exponent)

    def holds(self, content, encoded):
        try:
            verify_signature(content, b64decode(encoded), self.key)
        except VerificationError:
            return False
        return True
