"""Every sentence that the command line asks for is there, with a value for each of its slots."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from manager.messages import doctor, terminal

MANAGER = Path(terminal.__file__).parents[1]
CHECKS = {"good", "note", "skipped", "wrong"}


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted([MANAGER / "assembly.py", MANAGER / "main.py", *(MANAGER / "cli").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield f"{path.name}:{node.lineno}", node


def written(node: ast.expr) -> list[str]:
    """The texts that an argument may be, as far as they are written in it."""
    if isinstance(node, ast.IfExp):
        return written(node.body) + written(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) else []


def missing(text: str, call: ast.Call) -> set[str]:
    given = {each.arg for each in call.keywords}
    return set() if None in given else set(re.findall(r"\{(\w+)\}", text)) - given


def test_each_sentence_is_there_and_gets_its_values() -> None:
    asked = [(at, code, call) for at, call in calls("sentence") for code in written(call.args[0])]
    assert len(asked) > 50
    for at, code, call in asked:
        assert missing(terminal._SENTENCES[code], call) == set(), at


def test_each_finding_is_there_and_gets_its_values() -> None:
    asked = [
        (at, check, code, call)
        for at, call in calls(*CHECKS)
        if len(call.args) == 2
        for check in written(call.args[0])
        for code in written(call.args[1])
    ]
    assert len(asked) > 35
    for at, check, code, call in asked:
        assert missing(" ".join(doctor._FINDINGS[check][code]), call) == set(), at


def test_no_sentence_is_left_over() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in [MANAGER / "assembly.py", MANAGER / "main.py", *MANAGER.glob("cli/**/*.py")]
    )
    built = ("label.", "cost.", "moment.", "create.")  # put together from a code
    alone = [code for code in terminal._SENTENCES if not code.startswith(built)]
    assert [code for code in alone if f'"{code}"' not in source and f"'{code}'" not in source] == []
