"""Closing gaps: what the detector missed, its intents, synthetic mail of them, a new model, and how much it
helped.

It knows examples as numbers; `icelos.jobs.mail.improve.mailboxes` makes them from mail.
"""
