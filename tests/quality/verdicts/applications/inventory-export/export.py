"""Writes the inventory as YAML for the label printer: export.py OUTPUT < rows.csv"""
import csv
import sys

import yaml


def main(argv):
    rows = list(csv.DictReader(sys.stdin))
    with open(argv[1], "w") as sink:
        yaml.dump({"labels": rows}, sink, default_flow_style=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
