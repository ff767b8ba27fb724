"""What is in a log, read as it is: rows of many formats as flat fields, and what each field holds.

rows.py         rows of files        kinds.py        which product wrote them, who and when
formats.py      what texts look like cardinality.py  how many different values, in bounded memory
fields.py       one field's profile  profile.py      all of it: `icelos logs profile`
"""
