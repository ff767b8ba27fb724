"""Shows the slow queries that clients of the database sent: tail -f slow.log | slowlog.py"""
import sys

import sqlparse


def tables(statement):
    names = set()
    for token in statement.flatten():
        if token.ttype is sqlparse.tokens.Name:
            names.add(token.value)
    return sorted(names)


for line in sys.stdin:
    for statement in sqlparse.parse(line):
        print(",".join(tables(statement)), sqlparse.format(str(statement), reindent=True))
