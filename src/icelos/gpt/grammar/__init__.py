"""A grammar learned from rows, and the tokens that it lets follow. Knows bytes and tokens, nothing of logs.

    rows.py          a row taken apart: JSON objects with their raw text, CEF, columns
    formats.py       what a value looks like: UUID, time, address, number, text
    learned.py       what was learned: the shape of grammar.json
    learn.py         from rows to that
    dependencies.py  which values of one field go with which of another
    parts.py         pieces of a row that take bytes: literal, value list, characters, number, time
    expressions.py   how pieces follow each other: sequence, choice, keys of an object, array
    compile.py       from what was learned, and conditions, to expressions
    conditions.py    a field that must have a value, a time that must lie in a range
    automaton.py     which bytes may follow, found out as they are asked for
    vocabulary.py    which tokens may follow, and what can be copied without asking the model

A grammar allows nothing that was not seen: it is a part of the rows' format and never the whole of it.
"""
