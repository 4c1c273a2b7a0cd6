"""A hub on loopback: what `huggingface_hub` asks of one, for one model at one commit."""

import json
from hashlib import sha1, sha256
from pathlib import Path

from http_server import File

REPOSITORY, COMMIT = "invented/tiny-bert", "0123456789abcdef0123456789abcdef01234567"
LARGE = ".safetensors", ".bin"  # kept in LFS there


def hub_files(folder: Path) -> dict[str, File]:
    """Path on the server -> file, of all files of a model's folder."""
    files, tree = {}, []
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        blob = sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()
        entry = {"type": "file", "path": path.name, "size": len(content), "oid": blob}
        etag = blob
        if path.suffix in LARGE:
            etag = sha256(content).hexdigest()
            entry["lfs"] = {"oid": etag, "size": len(content), "pointerSize": 134}
        tree.append(entry)
        headers = {"X-Repo-Commit": COMMIT}
        files[f"/{REPOSITORY}/resolve/{COMMIT}/{path.name}"] = File(
            content, etag=f'"{etag}"', headers=headers
        )
    listing = json.dumps(tree).encode()
    files[f"/api/models/{REPOSITORY}/tree/{COMMIT}"] = File(listing, kind="application/json")
    return files
