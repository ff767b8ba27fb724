"""Accepts SSH connections and writes down the passwords that are tried."""
import socket
import threading

import paramiko

HOST_KEY = paramiko.RSAKey.from_private_key_file("/etc/honeypot/host.key")


class Door(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        print(username, password, flush=True)
        return paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username):
        return "password"


def serve(connection):
    transport = paramiko.Transport(connection)
    transport.add_server_key(HOST_KEY)
    transport.start_server(server=Door())
    transport.accept(30)
    transport.close()


listener = socket.create_server(("0.0.0.0", 2222))
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
