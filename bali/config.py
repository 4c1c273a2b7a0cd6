"""The config as commands read it, and what is wrong with one, a line a mistake."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from bali.errors import InputError
from bali.files import require_file

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"


def read_config(path: Path | None) -> dict[str, Any]:
    """All settings: config.yaml, overridden as by `snakemake --configfile`.

    Args:
        path: the keys that differ: dicts merge, lists are replaced; None: none differs.

    Raises:
        InputError: a file is missing or no YAML, or a setting is wrong.
    """
    config = read_yaml(CONFIG)
    if path:
        config = merged(config, read_yaml(path))
    for mistake in mistakes(config, SCHEMA):
        raise InputError(f"{path or CONFIG}: {mistake.removeprefix('config: ')}")
    return config


def read_files(paths: Iterable[Path]) -> dict[str, Any]:
    """Config files merged in turn, as `snakemake --configfile` takes them; not checked.

    Raises:
        InputError: one is missing, no YAML, or no mapping.
    """
    return reduce(merged, map(read_yaml, paths), {})


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one config file.

    Raises:
        InputError: there is no such file, it is no YAML, or no mapping.
    """
    require_file(path, "give the file that you give to snakemake as --configfile")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: no YAML ({reason}); correct it") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: no config; config.yaml shows all keys")
    return found


def merged(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with the keys of `changes`, as Snakemake merges configs: lists are replaced."""
    result = dict(config)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def mistakes(config: Mapping[str, Any], schema_file: Path) -> Iterator[str]:
    """Check a config against its JSON schema.

    Args:
        config: the settings.
        schema_file: YAML, JSON Schema 2020-12.

    Yields:
        One line a mistake: numbers that are none, then what breaks the schema, by the keys.
    """
    for where, value in _numbers(config, ""):
        if not math.isfinite(value):  # a bound of the schema would let NaN through
            yield f"config: {where}: {value} is no finite number; give one"
    schema = yaml.safe_load(schema_file.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: [str(p) for p in e.path]):
        where = ".".join(str(part) for part in error.absolute_path)
        known = ", ".join(error.schema.get("properties", ()))
        if error.validator == "additionalProperties":
            for key in sorted(set(error.instance) - set(error.schema["properties"])):
                name = f"{where}.{key}" if where else key
                yield f"config: {name} is no setting; {where or 'the config'} has {known}"
        elif error.validator == "required":
            yield f"config: {error.message} in {where or 'the config'}; config.yaml shows all keys"
        else:
            purpose = _purpose(schema, error.absolute_schema_path) or "see config.yaml"
            yield f"config: {where}: {error.message}; it is: {purpose}"


def _purpose(schema: Mapping[str, Any], path: Iterable[str | int]) -> str:
    """The description of the setting that a path into the schema leads to; "" if it has none.

    It stands beside a `$ref`, which the path steps over, or in what that names.
    """
    node: Any = schema
    found, names_setting = "", False
    for key in path:
        while isinstance(node, Mapping) and key not in node and "$ref" in node:
            node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
            found = found or node.get("description", "")
        node = node[key]
        own = node.get("description", "") if isinstance(node, Mapping) else ""
        found = own if names_setting else own or found
        names_setting = key == "properties" and not names_setting
    return found


def _numbers(part: object, where: str) -> Iterator[tuple[str, float]]:
    """All floats of a config, by the keys that lead to them."""
    if isinstance(part, float):
        yield where, part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _numbers(value, f"{where}.{key}" if where else str(key))
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from _numbers(value, f"{where}.{number}")
