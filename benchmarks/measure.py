"""Runs a command; measures its time, processor time and memory, of all its processes.

Memory is sampled four times a second: the resident sets of the command and all its children
together. What they share counts once each, so it is an upper bound; a peak between two samples is
missed. (/usr/bin/time -v tells the largest single process only.) Disk is the size of a folder's
files, looked at every other second.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

INTERVAL, DISK_INTERVAL = 0.25, 2.0  # seconds; a look at all processes takes milliseconds


@dataclass(frozen=True)
class Measured:
    """What a run took.

    Attributes:
        seconds: wall time.
        cpu: seconds of processor time, user and system, of all processes: as sampled, or as the
            kernel tells of those that were waited for, whichever is more.
        peak_mb: largest sum of resident sets, MiB.
        output: what it wrote to stdout.
        disk_mb: largest size of the watched folder, MiB; 0 without one.
    """

    seconds: float
    cpu: float
    peak_mb: float
    output: str
    disk_mb: float


def measure(
    command: Sequence[str | Path],
    log: Path,
    env: dict[str, str] | None = None,
    watch: Path | None = None,
) -> Measured:
    """Run a command to its end.

    Args:
        command: and its arguments.
        log: gets stderr, and stdout as `<log>.out`.
        env: variables beside those of this process.
        watch: folder whose size is looked at.

    Raises:
        SystemExit: it failed; the end of its log is shown.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    output = log.with_name(f"{log.name}.out")
    spent: dict[tuple[int, float], float] = {}  # process -> seconds
    peak, disk, looked, waited = 0, 0, 0.0, _waited_for()
    with log.open("wb") as err, output.open("wb") as out:
        start = time.perf_counter()
        root = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(env or {})})
        process = psutil.Process(root.pid)
        while True:
            resident = 0
            try:
                family = [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                family = []
            for member in family:
                try:
                    with member.oneshot():
                        times = member.cpu_times()
                        spent[member.pid, member.create_time()] = times.user + times.system
                        resident += member.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak = max(peak, resident)
            if watch and time.perf_counter() - looked > DISK_INTERVAL:
                disk, looked = max(disk, _size(watch)), time.perf_counter()
            try:
                # no poll(): the wait ends with the process, not with the interval
                status = root.wait(INTERVAL)
                break
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - start
    if status:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        sys.exit(f"{' '.join(map(str, command))}: exit status {status}\n{tail}")
    cpu = max(sum(spent.values()), _waited_for() - waited)
    return Measured(seconds, cpu, peak / 2**20, output.read_text(), disk / 2**20)


def _size(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # staging comes and goes
                total += Path(path, name).lstat().st_blocks * 512
    return total


def _waited_for() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
