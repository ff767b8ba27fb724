"""Polls the central bank's rates once an hour."""
import json
import time

import urllib3

URL = "https://rates.example.org/v1/latest.json"
pool = urllib3.PoolManager(timeout=10.0, retries=False)


def latest():
    reply = pool.request("GET", URL, redirect=False)
    return json.loads(reply.data.decode("utf-8"))["rates"]


if __name__ == "__main__":
    while True:
        with open("/var/lib/rates/latest.json", "w") as sink:
            json.dump(latest(), sink)
        time.sleep(3600)
