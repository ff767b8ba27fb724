"""What is in a log, read as it is: rows of many formats as flat fields, and what each field holds.

rows.py         rows of files        formats.py      what texts look like
fields.py       one field's profile  cardinality.py  how many different values, in bounded memory
profile.py      all of it            parts.py        a log in parts, read by several processes
"""
