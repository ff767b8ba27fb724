import sys
from urllib.parse import quote

import httplib2


def main():
    http = httplib2.Http(timeout=5)
    for line in sys.stdin:
        address = "http://weather.internal/v1/" + quote(line.strip(), safe="")
        print(http.request(address)[1].decode())


main()
