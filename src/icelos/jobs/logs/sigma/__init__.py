"""Sigma rules over rows: published detections, run offline in one pass in bounded memory.

rules.py       rules of files and folders, parsed and compiled    compiling.py  a rule as a condition of SQLite
logsources.py  which rows a rule's logsource means                taxonomy.py   Sigma's names of fields, by log
values.py      the values of a row under Sigma's names            matching.py   rows in batches, findings out
"""
