"""The logs job: make rows, learn rows, write rows, judge rows. Knows logs; the networks are `icelos.gpt`'s.

organisation.py  people and their bonds      training.py    rows of files into a model
rhythm.py        when they sign in           generation.py  rows out of a model
signins.py       what then stands in a row   surprise.py    a row's bits per byte as a finding
simulate.py      all of it into a file       rules.py       findings from fields, by schema:
job.py           `icelos scan logs`          entra.py, cloudtrail.py, office365.py
"""
