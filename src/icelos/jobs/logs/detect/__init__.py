"""Detectors of unusual behaviour that see every row, in one pass and little memory.

facets.py     which fields to watch         columns.py    rows as arrays of codes
table.py      from keys to slots            counters.py   counts that fade      latest.py  last values
behaviour.py  how unusual a row is          takeovers.py  one user's rows under another's name
training.py   trees and a threshold         alerts.py     a budget of alerts a day
model.py      a detector on disk            findings.py   why, in words of the row
explaining.py alerts as incidents           feedback.py   what analysts said of them
scoring.py    every row of a log, its state and its place saved as one
"""
