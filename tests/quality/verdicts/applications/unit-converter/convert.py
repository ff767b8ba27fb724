"""A converter with its rates in a file; requests is left in requirements.txt from an older release."""
import json
import sys

RATES = json.load(open("rates.json"))


def main(amount, source, target):
    print(round(float(amount) * RATES[target] / RATES[source], 2))


main(*sys.argv[1:4])
