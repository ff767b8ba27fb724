import csv
import sys
from datetime import date

from babel import numbers
from babel.dates import format_date

for name, amount in csv.reader(sys.stdin):
    day = format_date(date.today(), format="long", locale="de_DE")
    print(name, day, numbers.format_currency(float(amount), "EUR", locale="de_DE"))
