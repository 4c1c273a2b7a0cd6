"""Checks of the machine: Python, packages, Java, memory, disk, cores, GPU.

Each takes what it looks at as arguments, so that a test can show it a machine that it has not got.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from importlib.metadata import distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from bali.doctor.result import FAIL, OK, WARN, Result, from_error, size
from bali.umls.jvm import find_java, java_version

PYTHON = (3, 11)
RUNS_NEED = ("pipeline", "train")  # extras of pyproject.toml
INSTALL = "pip install --constraint constraints.txt '.[pipeline,train]'"
SHM = 2**30  # bytes; a container's default of 64 MB stops data-loading workers
# umls_tables was measured on 17M + 60M rows, 7.9 GB of RRF, with 6,144 MB (benchmarks/README.md)
LARGE_MB, SMALL_RRF = 6144, 2**30


def check_python(version: tuple[int, int]) -> Result:
    """The Python that scispaCy's numpy and the pins are made for."""
    found = ".".join(map(str, version))
    if version == PYTHON:
        return Result("Python", OK, found)
    return Result("Python", FAIL, found, f"use Python {'.'.join(map(str, PYTHON))}")


def plain_name(name: str) -> str:
    """A distribution's name in normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(root: Path) -> tuple[dict[str, str], list[str]]:
    """Pins of all packages, and the names of those that a run imports itself.

    Args:
        root: the folder of constraints.txt and pyproject.toml.

    Returns:
        Normal name -> version, from constraints.txt; names from pyproject.toml.
    """
    lines = (root / "constraints.txt").read_text().split()
    pins = {plain_name(name): pin for name, _, pin in (line.partition("==") for line in lines)}
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    direct = list(project["dependencies"])
    for extra in RUNS_NEED:
        direct += project["optional-dependencies"][extra]
    return pins, [plain_name(requirement.partition("==")[0]) for requirement in direct]


def installed() -> dict[str, str]:
    """Normal name -> version of every installed distribution, local parts (+cpu) left out."""
    return {plain_name(d.metadata["Name"]): d.version.partition("+")[0] for d in distributions()}


def unfindable(needed: list[str]) -> list[str]:
    """Those of the installed distributions of which a module cannot be found."""
    modules: dict[str, list[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            modules.setdefault(plain_name(name), []).append(module)
    return [name for name in needed if any(find_spec(m) is None for m in modules.get(name, ()))]


def check_packages(
    pins: Mapping[str, str], needed: list[str], found: Mapping[str, str], broken: list[str]
) -> Result:
    """What a run imports is installed; what is installed is what is pinned.

    Args:
        pins: name -> version.
        needed: names that a run cannot do without.
        found: name -> installed version.
        broken: installed, but not to be found by an import.
    """
    if missing := sorted(name for name in needed if name not in found or name in broken):
        return Result("packages", FAIL, f"not to be imported: {', '.join(missing)}", INSTALL)
    others = [
        f"{name} {found[name]} (pinned {pin})"
        for name, pin in sorted(pins.items())
        if found.get(name, pin) != pin
    ]
    if others:
        return Result("packages", WARN, f"not as tested: {', '.join(others)}", INSTALL)
    return Result("packages", OK, f"{sum(name in found for name in pins)} as pinned")


def check_java(environ: Mapping[str, str]) -> Result:
    """A Java that Spark runs on."""

    def look() -> str:
        java = find_java(environ)
        return f"{java_version(java)} at {java}"

    return from_error("Java", look)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ram() -> int:
    """Bytes of memory, or what the control group leaves of it."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    bound = limit.read_text().strip() if limit.is_file() else "max"
    return min(total, int(bound)) if bound.isdecimal() else total


def check_memory(memory_mb: int, total: int) -> Result:
    """Spark's job fits into the memory, with room for the system.

    Args:
        memory_mb: of the job, MiB: heap and what stands beside it.
        total: bytes of memory.
    """
    found = f"{size(total)}; umls_tables takes {size(memory_mb * 2**20)}"
    lower = "lower it: --set-resources umls_tables:mem_mb=..."
    if memory_mb * 2**20 > total:
        return Result("memory", FAIL, found, lower)
    if memory_mb * 2**20 > 0.8 * total:
        return Result("memory", WARN, found, f"{lower}, or run nothing beside it")
    return Result("memory", OK, found)


def check_disk(check: str, folder: Path, needed: int, why: str) -> Result:
    """A disk has room for what a run writes there.

    Args:
        check: name of the check.
        folder: need not exist yet.
        needed: bytes, an estimate.
        why: what the estimate is made of.
    """
    parent = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(parent).free
    found = f"{size(free)} free in {folder}; needs about {size(needed)} ({why})"
    if free < needed:
        return Result(check, FAIL, found, "make room, or work elsewhere (--directory, TMPDIR)")
    if free < 2 * needed:
        return Result(check, WARN, found, "the need is an estimate: watch it")
    return Result(check, OK, found)


def check_cores(number: int) -> Result:
    """More than one core."""
    if number > 1:
        return Result("cores", OK, str(number))
    return Result("cores", WARN, "1", "nothing will run side by side")


def check_spark_memory(memory_mb: int, rrf: int) -> Result:
    """Spark's job is given as much memory as it was measured to run in.

    Args:
        memory_mb: of the job, MiB.
        rrf: bytes of the RRF files.
    """
    found = f"{size(memory_mb * 2**20)} for {size(rrf)} of RRF"
    if rrf > SMALL_RRF and memory_mb < LARGE_MB:
        remedy = f"--set-resources umls_tables:mem_mb={LARGE_MB} (then --memory-mb {LARGE_MB} here)"
        return Result("memory of umls_tables", WARN, found, remedy)
    return Result("memory of umls_tables", OK, found)


def check_shared_memory(folder: Path) -> Result:
    """/dev/shm, by which workers of a data loader hand over batches."""
    if not folder.is_dir():
        return Result("shared memory", WARN, f"no {folder}", "mount one: --shm-size=8g in Docker")
    free = shutil.disk_usage(folder).free
    found = f"{size(free)} free in {folder}"
    if free < SHM:
        return Result("shared memory", WARN, found, "give more: --shm-size=8g in Docker")
    return Result("shared memory", OK, found)


def check_gpu() -> Result:
    """A GPU that torch sees."""
    try:
        import torch  # heavy, and absent in Spark's environment
    except ImportError as error:
        return Result("GPU", FAIL, f"torch does not load ({error})", INSTALL)
    if not torch.cuda.is_available():
        remedy = "training will use the CPU; for a GPU install torch's CUDA build and a driver"
        return Result("GPU", WARN, f"none seen by torch {torch.__version__}", remedy)
    names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    return Result("GPU", OK, ", ".join(names))
