"""The set-up files agree with each other, and the scripts say in one sentence what they cannot do."""

import os
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dashboard.settings import Settings

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TARGETS = ("run", "demo", "test", "check", "bench", "soak")


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def sh(script: str, *, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(["bash", str(ROOT / script)], cwd=cwd, env=env, capture_output=True, text=True)


@pytest.fixture
def bare_path(tmp_path):
    """A PATH with the few programs the scripts need, as a normal user sees it, and nothing to find or install."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "cat", "cksum", "grep", "rm"):
        (folder / name).symlink_to(next(p for d in ("/usr/bin", "/bin") if (p := Path(d, name)).exists()))
    program(folder / "id", "echo 1000")
    return folder


def program(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_constraints_are_plain_pins():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line), line


def test_everything_the_project_asks_for_is_pinned_with_all_it_brings():
    pinned = {plain(name) for name in pins()}
    waiting = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
    seen = set()
    while waiting:
        wanted = waiting.pop()
        assert plain(wanted.name) in pinned, f"{wanted.name} is not in constraints.txt"
        for extra in wanted.extras | {""}:
            if (plain(wanted.name), extra) not in seen:
                seen.add((plain(wanted.name), extra))
                brings = [Requirement(line) for line in metadata.requires(wanted.name) or []]
                waiting += [found for found in brings if not found.marker or found.marker.evaluate({"extra": extra})]
    assert len(seen) > 80


def test_the_build_backend_is_the_pinned_one():
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert backend == [f"setuptools=={pins()['setuptools']}"]


def test_the_example_environment_names_every_setting_and_no_other():
    named = re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert len(named) == len(set(named))
    of_the_demo = {"DEMO_PASSWORD"}  # read by `make demo` alone
    assert set(named) == {name.upper() for name in Settings.__annotations__} | of_the_demo


def test_the_readme_explains_every_setting_and_every_target():
    readme = (ROOT / "README.md").read_text()
    for name in Settings.__annotations__:
        assert f"`{name.upper()}`" in readme, f"{name.upper()} is not in README.md"
    for target in TARGETS:
        assert f"`make {target}`" in readme, f"make {target} is not in README.md"


def test_every_folder_the_readme_maps_is_there():
    mapped = re.findall(r"^([a-z_]+)/ ", (ROOT / "README.md").read_text(), re.M)
    assert {"dashboard", "templates", "static", "tests"} <= set(mapped)
    for name in mapped:
        assert (ROOT / name).is_dir() or (ROOT / "dashboard" / name).is_dir(), f"{name}/ is not there"


def test_every_target_does_its_own_set_up():
    makefile = (ROOT / "Makefile").read_text()
    for target in TARGETS:
        assert re.search(rf"^{target}: setup$", makefile, re.M), target


def test_ci_runs_the_readme_s_commands_and_nothing_else():
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make check", "make test"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_no_machine_s_path_and_no_registry_is_in_the_tree():
    foreign = r"(^|[^A-Za-z0-9_.])/(root|home|work)/[a-z]|index-url|find-links"
    outside = (":!static/vendor", ":!tests/vendor", ":!tests/test_build.py")
    command = ["git", "grep", "-nIE", foreign, "--", *outside]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode in (0, 1), found.stderr
    assert found.stdout == ""


def test_the_browser_is_the_one_named_in_chromium(bare_path, tmp_path):
    mine = program(tmp_path / "my chromium", "true")
    assert sh("tools/chromium.sh", PATH=str(bare_path), CHROMIUM=str(mine)).stdout == f"{mine}\n"


def test_the_browser_is_found_on_the_path(bare_path):
    theirs = program(bare_path / "google-chrome", "true")
    assert sh("tools/chromium.sh", PATH=str(bare_path)).stdout == f"{theirs}\n"


def test_a_browser_named_but_missing_is_not_silently_replaced(bare_path):
    program(bare_path / "chromium", "true")
    told = sh("tools/chromium.sh", PATH=str(bare_path), CHROMIUM="/no/such/chromium")
    assert told.returncode == 1
    assert "/no/such/chromium" in told.stderr


def test_without_a_browser_one_sentence_says_what_to_do(bare_path):
    told = sh("tools/chromium.sh", PATH=str(bare_path))
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("The browser tests need Chromium: install it, or name one in CHROMIUM.")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (None, "there is no python3 on the PATH"),
        ('case "$*" in *version_info*) exit 1;; esac; echo Python 3.9.2', "is Python 3.9.2. Name another"),
        ('case "$*" in *ensurepip*) exit 1;; esac', "Install the package python3-venv"),
    ],
)
def test_a_python_that_will_not_do_is_explained_in_one_line(bare_path, tmp_path, python, sentence):
    for name in ("pyproject.toml", "constraints.txt", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    if python:
        program(bare_path / "python3", python)
    told = sh("tools/venv.sh", cwd=tmp_path, PATH=str(bare_path))
    assert told.returncode == 1
    assert sentence in told.stderr
    assert told.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()
