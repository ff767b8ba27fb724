"""GPT models from scratch: tokenizers, model, training, generation. Knows nothing of security.

The only room that imports PyTorch (extra `train`).
"""
