"""mirror.py URL...: lists what package pages of third parties offer."""
import sys

from setuptools.package_index import PackageIndex


def offers(address):
    index = PackageIndex(index_url=address)
    index.process_url(address, retrieve=True)
    return sorted(index.package_pages)


for argument in sys.argv[1:]:
    print(argument, *offers(argument))
