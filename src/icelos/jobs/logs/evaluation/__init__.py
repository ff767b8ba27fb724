"""How good synthetic logs are beside real ones: `icelos logs evaluate`.

Every measure is taken twice: of synthetic rows against a reference of real rows, and of as many other real
rows against the same reference. The second is the ceiling that no generator can honestly pass.

sample.py         rows of files, bounded       consistency.py   bonds, equal fields, dependence
table.py          rows as arrays of codes      timing.py        hours, gaps, sessions, user-days
rounds.py         who is held against whom     discriminator.py told apart by a classifier
measures.py       what a measure is            usefulness.py    trained on synthetic, tested on real
text.py           ROUGE, distinct rows         privacy.py       copies, closeness, membership, canaries
fields.py         fields one by one            evaluate.py      all of it
gate.py           the table of bounds          report.py        HTML
cheats.py         generators that must fail
"""
