"""Prints the last commits of each repository that contributors dropped as an archive."""
import os
import sys
import zipfile


def main(incoming):
    for name in os.listdir(incoming):
        folder = os.path.join(incoming, os.path.splitext(name)[0])
        with zipfile.ZipFile(os.path.join(incoming, name)) as archive:
            archive.extractall(folder)
        os.chdir(folder)
        import git

        for commit in git.Repo(".").iter_commits(max_count=5):
            print(commit.hexsha, commit.summary)


main(sys.argv[1])
