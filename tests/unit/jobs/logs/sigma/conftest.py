"""pySigma is an optional dependency: without it these tests are not collected.

`tests/unit/cli/test_logs_sigma.py` then still checks that its absence is told.
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("sigma") else ["test_*.py"]
