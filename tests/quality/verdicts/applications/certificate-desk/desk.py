"""Prints the subjects of the certificates in a bundle that a customer mailed."""
import sys

from cryptography.hazmat.primitives.serialization import pkcs7


def subjects(bundle):
    load = pkcs7.load_pem_pkcs7_certificates if b"-----BEGIN" in bundle else pkcs7.load_der_pkcs7_certificates
    return [certificate.subject.rfc4514_string() for certificate in load(bundle)]


if __name__ == "__main__":
    print("\n".join(subjects(sys.stdin.buffer.read())))
