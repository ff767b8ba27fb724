"""Checks the addresses in the list that the network team keeps: inventory.py < list"""
import sys

from validators import ipv4, mac_address

for number, line in enumerate(sys.stdin, 1):
    address, hardware = line.split()
    if not (ipv4(address) and mac_address(hardware)):
        print("line %d is wrong" % number)
