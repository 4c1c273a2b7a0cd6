"""The digest of a step's code, so that Snakemake reruns what an edit touched and nothing else.

Snakemake sees no edit inside a package that `shell:` calls. Each rule therefore carries, as a
param, the digest of its step's module and of all modules of `bali` that it imports, directly or
not. What is digested is the syntax tree without docstrings; comments and layout are not in it.

Standard library only: the Snakefile imports this in whatever Python runs Snakemake.
"""

from __future__ import annotations

import ast
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def code_digest(step: str, root: Path = ROOT) -> str:
    """Digest of a step's code.

    Args:
        step: "<stage>.<step>", as in "umls.tables".
        root: the folder that holds the package `bali`.

    Returns:
        12 hex digits; equal for sources that differ in comments, layout and docstrings only.

    Raises:
        FileNotFoundError: there is no such step.
    """
    modules = reachable_modules(f"bali.{step}", root)
    sources = {name: module_file(name, root) for name in sorted(modules)}
    parts = (f"{name}\n{_tree(path.read_bytes())}\n" for name, path in sources.items() if path)
    return sha256("".join(parts).encode()).hexdigest()[:12]


def reachable_modules(module: str, root: Path = ROOT) -> set[str]:
    """Names of `module` and of every module of `bali` that it imports, at any depth."""
    if module_file(module, root) is None:
        raise FileNotFoundError(f"{root / module.replace('.', '/')}.py: no such module")
    seen: set[str] = set()
    queue = [module]
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue.extend(imported_modules(name, root))
            queue.extend(name.rsplit(".", 1)[:-1])  # importing a module runs its packages too
    return seen


def imported_modules(module: str, root: Path = ROOT) -> frozenset[str]:
    """Modules of `bali` that `module` names in import statements, late ones included."""
    path = module_file(module, root)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())) if path else ():
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    # "bali.errors.InputError" is a name in a module, not a module: it has no file
    ours = {name for name in found if name.split(".")[0] == "bali"}
    parents = {
        ".".join(name.split(".")[:n]) for name in ours for n in range(1, name.count(".") + 1)
    }
    return frozenset(name for name in ours | parents if module_file(name, root))


def module_file(module: str, root: Path) -> Path | None:
    """The source file of a module or package, or None."""
    base = root.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _tree(source: bytes) -> str:
    """The syntax tree as text, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
