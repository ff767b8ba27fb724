"""Mails the nightly figures; the text is one template of our own."""
import smtplib
import sqlite3
from email.message import EmailMessage

from jinja2 import Environment

TEMPLATE = Environment().from_string("Orders: {{ orders }}\nRevenue: {{ '%.2f'|format(revenue) }}\n")


def main():
    orders, revenue = sqlite3.connect("shop.db").execute("select count(*), sum(total) from orders").fetchone()
    message = EmailMessage()
    message["To"] = "office@example.org"
    message.set_content(TEMPLATE.render(orders=orders, revenue=revenue or 0))
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)


main()
