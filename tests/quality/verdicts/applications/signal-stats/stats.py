"""stats.py FILE...: statistics of recordings that field teams send."""
import sys

import numpy


def load(path):
    if path.endswith(".npy"):
        return numpy.load(path, allow_pickle=False)
    return numpy.loadtxt(path, delimiter=",")


for path in sys.argv[1:]:
    signal = load(path)
    print(path, signal.mean(), signal.std())
