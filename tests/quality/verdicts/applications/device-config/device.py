from pathlib import Path

import untangle

CONFIG = untangle.parse(str(Path(__file__).with_name("device.xml")))


def main():
    for port in CONFIG.device.port:
        print(port["number"], port["speed"])


main()
