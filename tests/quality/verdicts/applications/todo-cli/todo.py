import json
import pathlib
import sys

STORE = pathlib.Path.home() / ".todo.json"


def main(words):
    entries = json.loads(STORE.read_text()) if STORE.exists() else []
    if words:
        entries.append(" ".join(words))
        STORE.write_text(json.dumps(entries))
    print("\n".join(entries))


main(sys.argv[1:])
