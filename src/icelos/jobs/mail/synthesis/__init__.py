"""Simulated mail with labels, written by ourselves: phrase banks, a composer, near copies, model writers.

Knows intents and languages; reads no real mail but to refuse near copies of it. Try it:

    from icelos.jobs.mail.synthesis.compose import compose
    print(compose(intent="invoice", language="de", seed=7).text)
"""
