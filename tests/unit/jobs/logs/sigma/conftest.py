"""pySigma is an optional dependency: without it there is nothing to test here but that this is told."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("sigma") else ["test_[!a]*.py"]
