"""Documents about verdicts: VEX in three formats (written and read), SARIF, and reports for people.

One neutral `Statement` (model.py) stands between findings and formats. Who is meant by a statement, and
whether it is the component at hand, is decided in products.py alone. Knows nothing of how verdicts are
made. Try it: `icelos vulns analyze IMAGE --advisories FEED --format openvex`.
"""
