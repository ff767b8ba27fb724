"""The learnt detector: what a mail says as text, numbers out of it, a model, its threshold, its versions.

It knows neither headers nor signals: `icelos.jobs.mail.judge` adds them up.
"""
