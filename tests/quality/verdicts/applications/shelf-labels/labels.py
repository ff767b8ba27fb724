"""labels.py FILE < names: labels drawn by the canvas."""
import sys

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

canvas = Canvas(sys.argv[1], pagesize=(60 * mm, 30 * mm))
for line in sys.stdin:
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawString(5 * mm, 12 * mm, line.strip()[:30])
    canvas.showPage()
canvas.save()
