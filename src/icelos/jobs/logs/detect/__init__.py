"""Detectors of unusual behaviour that see every row, in one pass and little memory.

facets.py     which fields to watch         columns.py      rows as arrays of codes
reading.py    a log in batches              apart.py        the same by another process
table.py      from keys to slots            counters.py     counts that fade      latest.py  last values
behaviour.py  how unusual a row is          takeovers.py    one user's rows under another's name
training.py   trees out of a log            calibrating.py  the threshold
alerts.py     a budget of alerts a day      findings.py     why, in words of the row
model.py      a detector on disk            versions.py     which one is in force, and the way back
comparing.py  two on the same held-out days retraining.py   the better one is kept
explaining.py alerts as incidents           feedback.py     what analysts said of them
likeness.py   which technique a row is like teacher.py      what a GPT says of each field
student.py    trees that say what it would  scorer.py       batches to findings
scoring.py    every row of a log, its state and its place saved as one
"""
