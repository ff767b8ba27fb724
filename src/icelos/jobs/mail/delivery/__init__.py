"""Ways in and out of a mail server: the spamd protocol, an SMTP filter, quarantine, reports.

This room knows nothing of how mail is judged: it asks an object with `judge(raw) -> Judgement`, in processes
of its own, and acts by a `Policy`. What an attacker sends is bounded here: size, time, connections, memory.
"""
