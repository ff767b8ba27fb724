"""Icelos puts generative AI to work for defenders.

The package is five jobs (copilot, vulns, logs, mail and the pipelines that run them) on one core.
Importing it is light on purpose: heavy libraries load when a job that needs them is built.
"""

__version__ = "0.1.0"
