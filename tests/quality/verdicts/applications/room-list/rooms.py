"""rooms.py ORDER: the rooms, sorted as a kiosk's user asks."""
import sys

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, select

ROOM = Table("room", MetaData(), Column("number", Integer), Column("name", String), Column("seats", Integer))
SORTABLE = {"number": ROOM.c.number, "name": ROOM.c.name, "seats": ROOM.c.seats.desc()}


def main(order):
    try:
        column = SORTABLE[order]
    except KeyError:
        sys.exit("sort by one of: " + ", ".join(SORTABLE))
    with create_engine("sqlite:////srv/rooms.db").connect() as connection:
        for row in connection.execute(select([ROOM]).order_by(column)):
            print(*row)


main(sys.argv[1])
