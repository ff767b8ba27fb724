"""One door to models: any OpenAI-compatible endpoint, the embedded model, the sentence encoder.

Knows messages, budgets, caches and redaction; nothing of security or of documents.
"""
