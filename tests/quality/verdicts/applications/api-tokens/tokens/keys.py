from pathlib import Path

PUBLIC = Path("/etc/api/issuer.pub").read_text()
"""The issuer's key, as ssh-keygen writes it: ssh-ed25519 AAAA…"""
