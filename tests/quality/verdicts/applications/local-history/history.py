"""history.py FOLDER: the last messages of a repository on this machine."""
import sys

from dulwich.repo import Repo

for entry in Repo(sys.argv[1]).get_walker(max_entries=10):
    print(entry.commit.message.decode(errors="replace").splitlines()[0])
