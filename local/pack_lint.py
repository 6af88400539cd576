"""Says what must be mended in prompt packs, with the file, the line, the prompt and the reason of each finding.

    python -m local.pack_lint packs/*.yaml
    python -m local.pack_lint --write-schema

Exit status: 0 when every pack is fit to be published, 1 when there is something to mend.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from rekindle.errors import RekindleError
from rekindle.packs import Pack, PackError, pack_schema, parse_pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA: Final = Path(__file__).parent.parent / "packs" / "pack.schema.json"


class PackFileError(RekindleError):
    """A file is no pack yet, or not a sound one. `findings` are lines to print, each with its place."""

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = tuple(findings)


def read_pack(path: Path) -> Pack:
    """The pack in a YAML file. Raises `PackFileError` with every finding."""
    root, document = _yaml(path, _text(path))
    try:
        return parse_pack(document)
    except PackError as error:
        raise PackFileError([f"{path}:{_line(root, each.path)}: {each}" for each in error.findings]) from error


def schema_text() -> str:
    """What `packs/pack.schema.json` has to contain."""
    return json.dumps(pack_schema(), ensure_ascii=False, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Checks the named packs and returns the exit status."""
    parser = argparse.ArgumentParser(prog="pack-lint", description="Say what must be mended in prompt packs.")
    parser.add_argument("packs", nargs="*", type=Path, metavar="PACK", help="a YAML file with a pack")
    parser.add_argument("--write-schema", action="store_true", help="write the JSON Schema of packs, and go on")
    chosen = parser.parse_args(arguments)
    if not (chosen.packs or chosen.write_schema):
        parser.error("name at least one pack")
    if chosen.write_schema:
        SCHEMA.write_text(schema_text(), encoding="utf-8")
        print(f"{SCHEMA}: written")
    status = 0
    for path in chosen.packs:
        try:
            pack = read_pack(path)
        except PackFileError as error:
            print(*error.findings, sep="\n")
            status = 1
        else:
            print(f"{path}: {len(pack.prompts)} prompts, no findings")
    return status


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PackFileError([f"{path}: cannot be read: {error.strerror}"]) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = "is not saved as UTF-8; in your editor, choose “save with encoding” and UTF-8"
        raise PackFileError([f"{path}:{line}: {reason}"]) from error


def _loader(path: Path, text: str) -> yaml.SafeLoader:
    try:
        return yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"an invisible character (U+{ord(text[error.position]):04X})"
        raise PackFileError([f"{path}:{line}: is not valid YAML: {character} must be taken out"]) from error


def _yaml(path: Path, text: str) -> tuple[yaml.Node, object]:
    """The document twice: as nodes, which know their lines, and as plain data."""
    loader = _loader(path, text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise PackFileError([f"{path}: is empty"])
        # YAML would quietly keep the last of two, so nothing else in such a file can be trusted.
        if twins := [f"{path}:{line}: {reason}" for line, reason in _twin_keys(root)]:
            raise PackFileError(twins)
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(filter(None, (error.context, error.problem)))
        raise PackFileError([f"{path}:{mark.line + 1 if mark else 1}: is not valid YAML: {reason}"]) from error
    except RecursionError as error:
        raise PackFileError([f"{path}: is not valid YAML: it is nested too deeply"]) from error
    except (ValueError, LookupError, AttributeError) as error:  # such as a date with a thirteenth month
        raise PackFileError([f"{path}: is not valid YAML: it has a value that cannot be read: {error}"]) from error
    finally:
        loader.dispose()


def _twin_keys(root: yaml.Node) -> Iterator[tuple[int, str]]:
    """Each key that its block already has, with its line."""
    waiting, met = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in first:
                    yield line, f"{name} stands twice in one block; the first is on line {first[name]}"
                first.setdefault(name, line)
                children.append(value)
        elif isinstance(node, yaml.SequenceNode):
            children += node.value
        for child in children:
            if id(child) not in met:  # an alias leads back to a node already seen
                met.add(id(child))
                waiting.append(child)


def _line(root: yaml.Node, path: tuple[str | int, ...]) -> int:
    """The line of the place that a path leads to, or of the last step that exists."""
    node, line = root, root.start_mark.line
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            key, node = found[0]
            line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1


if __name__ == "__main__":
    sys.exit(main())
