"""Suggests the product that a customer may have meant."""
import sys

from nltk.metrics.distance import edit_distance

PRODUCTS = ["lamp", "table", "chair", "carpet"]

for line in sys.stdin:
    word = line.strip()[:40]
    print(min(PRODUCTS, key=lambda product: edit_distance(word, product)))
