"""signer.py TEXT: prints a signed request for the publishing API."""
import os
import sys

from oauthlib.oauth1 import Client

client = Client(os.environ["CONSUMER"], os.environ["CONSUMER_SECRET"])
uri, headers, body = client.sign(
    "https://api.example.com/1/update",
    http_method="POST",
    body={"status": sys.argv[1]},
    headers={"Content-Type": "application/x-www-form-urlencoded"},
)
print(uri, headers["Authorization"], body)
