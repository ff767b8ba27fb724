"""The copilot for programs that speak OpenAI's chat completions: /v1/chat/completions and /v1/models.

Knows that format; does not know how answers are made. What a client sends as its conversation is all the
memory there is. Try it: `OpenAI(base_url="http://127.0.0.1:8787/v1", api_key="icelos_...")`.
"""
