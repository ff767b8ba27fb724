"""Sigma rules over rows: published detections, run offline in one pass in bounded memory.

rules.py       rules of files and folders, read and checked       compiling.py  a rule as a condition in SQL
logsources.py  which rows a rule's logsource means                taxonomy.py   Sigma's names of fields
values.py      the values of a row under Sigma's names            matching.py   rows in batches, findings
"""
