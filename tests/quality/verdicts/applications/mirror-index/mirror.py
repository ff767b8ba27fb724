"""mirror.py URL NAME...: lists the releases that an index of a third party offers."""
import sys

from pkg_resources import Requirement
from setuptools.package_index import PackageIndex


def releases(address, name):
    index = PackageIndex(index_url=address)
    index.find_packages(Requirement.parse(name))
    return [distribution.version for distribution in index[name]]


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        print(wanted, *releases(sys.argv[1], wanted))
