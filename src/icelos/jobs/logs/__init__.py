"""The logs job: make rows, learn rows, write rows, judge rows. Knows logs; the networks are `icelos.gpt`'s.

simulation/      an organisation and its logs    training.py    rows of files into a model
profile/         what is in a log                evaluation/    synthetic rows beside real ones
job.py           `icelos scan logs`              generation.py  rows out of a model
rules.py         findings from fields, by schema surprise.py    a row's bits per byte as a finding
roles.py         who, when, with what, by kind   row_formats.py rows as CSV, CEF, Parquet
whatif/          attacks played into a log       detect/        detectors that see every row
watch.py         a detector as part of the job   coverage.py    who would see which attack
entra.py, cloudtrail.py, office365.py            the schemas
"""
