"""Draws the heat map of the hall from the numbers in a CSV file written by our own loggers."""
import csv
import sys

from PIL import Image, ImageMath


def main(path, output):
    rows = [[float(cell) for cell in row] for row in csv.reader(open(path))]
    field = Image.new("F", (len(rows[0]), len(rows)))
    field.putdata([cell for row in rows for cell in row])
    scaled = ImageMath.eval("convert(min(max(a * 4, 0), 255), 'L')", a=field)
    scaled.save(output)


main(*sys.argv[1:3])
