"""What is wrong with a config, a line a mistake: the key, its value, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml


def mistakes(config: Mapping[str, Any], schema_file: Path) -> Iterator[str]:
    """Check a config against its JSON schema.

    Args:
        config: the settings.
        schema_file: YAML, JSON Schema 2020-12.

    Yields:
        One line a mistake, in the order of the keys.
    """
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
            purpose = error.schema.get("description", "see config.yaml")
            yield f"config: {where}: {error.message}; it is: {purpose}"
