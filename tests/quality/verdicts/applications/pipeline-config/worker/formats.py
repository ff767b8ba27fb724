"""Decoders for job descriptions, by the suffix of the object in the bucket."""
import functools
import json

import yaml

read_yaml = functools.partial(yaml.load, Loader=yaml.FullLoader)

DECODERS = {
    ".json": json.loads,
    ".yml": read_yaml,
    ".yaml": read_yaml,
}


def decoder_for(name):
    for suffix, decoder in DECODERS.items():
        if name.endswith(suffix):
            return decoder
    raise ValueError("no decoder for %s" % name)
