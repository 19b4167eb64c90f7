"""What `doctor` says of extras: what each is for and how it is installed; nothing is needed."""

from __future__ import annotations

from proofloom.app.doctor.packages import examine_extras


def test_an_extra_is_there_when_all_of_its_packages_are() -> None:
    parts = {part.name: part for part in examine_extras(lambda package: package not in ("gguf", "faiss"))}
    assert [name for name, part in parts.items() if part.works] == ["model", "minilm"]
    assert parts["train"].seen == "gguf not installed"
    assert parts["vector"].told().splitlines() == [
        "without  vector      faiss not installed",
        "                     for vectors of more than 200,000 premises: pip install 'proofloom[vector]'",
    ]
    assert not any(part.needed for part in parts.values())
