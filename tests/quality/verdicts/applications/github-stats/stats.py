"""stats.py: reads repository addresses that users submitted, one a line, and counts commits."""
import re
import sys
import tempfile

import git

ALLOWED = re.compile(r"https://github\.com/[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def count(address):
    if not ALLOWED.fullmatch(address):
        raise ValueError("not a repository at GitHub: %r" % address)
    with tempfile.TemporaryDirectory() as folder:
        return sum(1 for _ in git.Repo.clone_from(address, folder).iter_commits())


for line in sys.stdin:
    print(count(line.strip()))
