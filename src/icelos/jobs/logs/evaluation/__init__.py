"""How good synthetic logs are beside real ones: `icelos logs evaluate`.

Every measure is taken twice: of synthetic rows against a reference of real rows, and of as many other real
rows against the same reference. The second is the ceiling that no generator can honestly pass.

sample.py         rows of files, bounded       consistency.py   bonds, equal fields, dependence
table.py          rows as arrays of codes      timing.py        hours, gaps, sessions, user-days
measures.py       what a measure is            discriminator.py told apart by a classifier
text.py           ROUGE, distinct rows         usefulness.py    trained on synthetic, tested on real
fields.py         fields one by one            privacy.py       copies, closeness, membership, canaries
gate.py           the table of bounds          evaluate.py      all of it
report.py         HTML                         cheats.py        generators that must fail
"""
