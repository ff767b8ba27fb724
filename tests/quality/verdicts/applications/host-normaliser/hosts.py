"""hosts.py < names: host names of new customers in ASCII; DNS allows 253 characters."""
import sys

import idna


def main():
    for line in sys.stdin:
        name = line.strip()
        if len(name) > 253:
            print("too long", file=sys.stderr)
            continue
        print(idna.encode(name).decode("ascii"))


main()
