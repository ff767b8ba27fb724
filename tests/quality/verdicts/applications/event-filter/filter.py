import sys

from ujson import loads

for line in sys.stdin:
    event = loads(line)
    if event.get("level") == "error":
        sys.stdout.write(event["message"] + "\n")
