import shutil
import tempfile

from git import Repo


class Checkout:
    """A shallow clone that goes away with the block."""

    def __init__(self, address):
        self.address = address

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        return Repo.clone_from(self.address, self.folder, depth=20)

    def __exit__(self, *exception):
        shutil.rmtree(self.folder, ignore_errors=True)
