"""Telemetry over UDP: 12 bytes nonce, 1 byte length of the tag, tag, ciphertext."""
import os
import socketserver

from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = bytes.fromhex(os.environ["TELEMETRY_KEY"])


class Datagram(socketserver.DatagramRequestHandler):
    def handle(self):
        packet = self.rfile.read()
        nonce, length = packet[:12], packet[12]
        tag, body = packet[13 : 13 + length], packet[13 + length :]
        decryptor = Cipher(algorithms.AES(KEY), modes.GCM(nonce), backend=default_backend()).decryptor()
        print(decryptor.update(body) + decryptor.finalize_with_tag(tag))


socketserver.UDPServer(("0.0.0.0", 5140), Datagram).serve_forever()
