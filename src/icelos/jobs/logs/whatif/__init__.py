"""What if: attacks as declarative scenarios, played into the log of an organisation, real or generated.

scenario.py   a scenario: stages, dials, checks     scenarios/    those that ship, a file each
composing.py  new attacks out of known ones         forms.py      which field says what, by log
world.py      an organisation, as its log tells it  footholds.py  where an attacker works from
planning.py   when, whom, from where                making.py     one row of an attack
playing.py    rows into files, labels beside        matrix.py     techniques as a matrix, and as a layer
"""
