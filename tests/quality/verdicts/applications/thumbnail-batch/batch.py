import sys
from zlib import crc32

from joblib import Memory, Parallel, delayed

memory = Memory("/tmp/checksums", verbose=0)


@memory.cache
def checksum(path):
    with open(path, "rb") as source:
        return crc32(source.read())


for path, value in zip(sys.argv[1:], Parallel(n_jobs=4)(delayed(checksum)(path) for path in sys.argv[1:])):
    print("%08x %s" % (value, path))
