"""GPT models from scratch: tokenizers, model, data, training, generation, surprise.

Knows rows of bytes and tokens; nothing of logs, security or the terminal. The only room that imports
PyTorch (extra `train`): `model`, `train` and what they need, `generate`, `surprise` and `folder` do; `sizes`,
`tokenizers`, `data`, `throughput` and `grammar` need numpy alone, the byte-pair tokenizers the library
`tokenizers` as well.

    files.py        whole-or-absent writes       folder.py      config, tokenizer and weights of one model
    sizes.py        one dial, the rest derived   checkpoint.py  where a run stands, in one file
    tokenizers.py   bytes <-> token ids          train.py       the loop
    data.py         rows packed on disk          generate.py    new rows, with a KV cache
    model.py        the network                  surprise.py    bits per byte of a row
    functions.py    its parts, by hand           grammar/       what may follow in a row, learned from rows
    optimizers.py   Muon and AdamW               distributed.py several processes of one run
    bpe.py gpt2.py  byte-pair encoding           throughput.py  FLOP of a token, peaks of devices
"""

from __future__ import annotations

import os

# Read by OpenMP when PyTorch is first imported: threads that wait sleep instead of spinning. On a machine
# that others use too, spinning measured 10 to 30 times slower, training and scoring alike.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
