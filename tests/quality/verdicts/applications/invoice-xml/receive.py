import asyncore
import smtpd

import invoices


class Receiver(smtpd.SMTPServer):
    def process_message(self, peer, mailfrom, rcpttos, data, **options):
        print(mailfrom, invoices.totals(data), len(invoices.normalised(data)))


Receiver(("0.0.0.0", 8025), None)
asyncore.loop()
