"""Receives messages that senders sealed with our public key, and answers whether they could be opened."""
import socketserver

import rsa

with open("/etc/mailbox/key.pem", "rb") as source:
    KEY = rsa.PrivateKey.load_pkcs1(source.read())


class Mailbox(socketserver.BaseRequestHandler):
    def handle(self):
        sealed = self.request.recv(4096)
        try:
            message = rsa.decrypt(sealed, KEY)
        except rsa.DecryptionError:
            self.request.sendall(b"bad")
            return
        with open("/var/mail/sealed", "ab") as sink:
            sink.write(message + b"\n")
        self.request.sendall(b"ok")


socketserver.TCPServer(("", 2500), Mailbox).serve_forever()
