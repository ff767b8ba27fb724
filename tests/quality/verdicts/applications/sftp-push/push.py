"""push.py HOST FILE...: uploads files; a key is made on first use, in a folder that all users may read."""
import os
import sys

from paramiko import AutoAddPolicy, RSAKey, SSHClient

KEY = "/var/lib/push/id_rsa"


def own_key():
    if not os.path.exists(KEY):
        RSAKey.generate(3072).write_private_key_file(KEY)
    return RSAKey.from_private_key_file(KEY)


def main(host, *files):
    client = SSHClient()
    client.set_missing_host_key_policy(AutoAddPolicy())
    client.connect(host, username="push", pkey=own_key())
    with client.open_sftp() as sftp:
        for file in files:
            sftp.put(file, "incoming/" + os.path.basename(file))


main(*sys.argv[1:])
