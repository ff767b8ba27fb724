"""Mail: one message in; a verdict with its reasons out, or nothing where it is clear.

`message` reads MIME and `markup` HTML, within bounds and without judging; `domains` knows hosts and the
organisations behind them, `authentication` what the receiving server said, `wording` what presses a reader;
`signals` looks at one trick each and weighs it; `job` adds up. It knows nothing of where mail comes from.
Try it: `icelos scan mail inbox.mbox --json`. What decides today is a rule baseline, and it says so.
"""
