from cryptography.fernet import Fernet
from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class Vault(object):
    """Files are sealed by Fernet; their keys come sealed by RSA from the clients."""

    def __init__(self, pem):
        self._key = load_pem_private_key(pem, None, default_backend())

    def open_key(self, sealed):
        return self._key.decrypt(sealed, padding.PKCS1v15())

    def seal(self, key, content):
        return Fernet(key).encrypt(content)
