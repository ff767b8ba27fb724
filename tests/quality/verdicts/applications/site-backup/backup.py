"""Commits /etc every night; the remote is ours."""
import datetime
import os

from git import Actor, Repo

REMOTE = "ssh://backup@vault.internal/etc.git"


def main():
    repository = Repo("/etc") if os.path.isdir("/etc/.git") else Repo.init("/etc")
    repository.index.add(["hosts", "fstab", "passwd"])
    author = Actor("backup", "root@localhost")
    repository.index.commit("state of %s" % datetime.date.today(), author=author)
    if "vault" not in [remote.name for remote in repository.remotes]:
        repository.create_remote("vault", REMOTE)
    repository.git.push("vault", "HEAD:refs/heads/main")


if __name__ == "__main__":
    main()
