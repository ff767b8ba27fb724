"""badge.py PERCENT FILE: a coverage badge."""
import sys

import cairosvg

TEMPLATE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20">'
    '<rect width="90" height="20" fill="green"/><text x="5" y="14">%d %%</text></svg>'
)
cairosvg.svg2png(bytestring=(TEMPLATE % int(sys.argv[1])).encode(), write_to=sys.argv[2])
