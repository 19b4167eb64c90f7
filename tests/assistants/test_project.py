"""Logical names and options: as the file's own build would give them, and nothing that weakens the logic."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.rocq.project import FileSettings, is_identifier, settings_for
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.session import AssistantError


def installation(library: Path, version: tuple[int, int, int] = (8, 16, 1)) -> RocqToolchain:
    return RocqToolchain(version, ("coqc",), ("coqidetop",), ("coqchk",), library)


def write(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture
def toolchain(tmp_path: Path) -> RocqToolchain:
    return installation(tmp_path / "lib")


@pytest.mark.parametrize(
    ("path", "version", "wanted"),
    [
        ("theories/Lists/List.v", (8, 16, 1), FileSettings("Coq.Lists.List")),
        ("theories/Init/Logic.v", (8, 16, 1), FileSettings("Coq.Init.Logic", ("-noinit",))),
        ("user-contrib/Ltac2/Init.v", (8, 16, 1), FileSettings("Ltac2.Init")),
        ("theories/Init/Logic.v", (9, 0, 0), FileSettings("Corelib.Init.Logic", ("-noinit",))),
        ("user-contrib/Stdlib/Lists/List.v", (9, 0, 0), FileSettings("Stdlib.Lists.List")),
    ],
)
def test_files_of_the_library(tmp_path: Path, path: str, version: tuple[int, int, int], wanted: FileSettings) -> None:
    assert settings_for(write(tmp_path / path), installation(tmp_path, version)) == wanted


def test_a_package_with_short_names_gets_its_folder(toolchain: RocqToolchain) -> None:
    package = toolchain.contributions / "Pack"
    write(package / "sub" / "Other.vo")
    write(toolchain.theories / "Lists" / "List.vo")
    short = write(package / "A.v", "Require Import List. (* Require Other. *)\nRequire Export Other.\n")
    long = write(
        package / "B.v", "Require Import List.\nFrom Pack Require Import Other.\nRequire Import Pack.sub.Other.\n"
    )
    assert settings_for(short, toolchain) == FileSettings("Pack.A", ("-R", str(package), "Pack"))
    assert settings_for(long, toolchain) == FileSettings("Pack.B")


def test_a_lone_file_sees_its_folder_only_if_it_needs_a_neighbour(toolchain: RocqToolchain, tmp_path: Path) -> None:
    write(tmp_path / "home" / "Near.v")
    alone = write(tmp_path / "home" / "Foo.v", "Require Import List.")
    beside = write(tmp_path / "home" / "Bar.v", "Require Import List Near.")
    assert settings_for(alone, toolchain) == FileSettings("Foo")
    assert settings_for(beside, toolchain) == FileSettings("Bar", ("-Q", str(tmp_path / "home"), ""))


@pytest.mark.parametrize("name", ["1st.v", "a-b.v", "a b.v", "a.b.v"])
def test_a_file_whose_name_is_no_identifier_is_refused(toolchain: RocqToolchain, tmp_path: Path, name: str) -> None:
    with pytest.raises(AssistantError, match=r"is not an identifier.*rename it"):
        settings_for(write(tmp_path / "home" / name), toolchain)


def test_only_v_files(toolchain: RocqToolchain, tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match=r"Foo\.txt: wanted a file that ends in \.v"):
        settings_for(tmp_path / "Foo.txt", toolchain)


@pytest.mark.parametrize("name", ["_CoqProject", "_RocqProject"])
def test_the_nearest_project_file_counts(toolchain: RocqToolchain, tmp_path: Path, name: str) -> None:
    write(tmp_path / "p" / name, "-Q . Outer")
    write(tmp_path / "p" / "inner" / name, "-R theories Inner\n-Q tests Inner.Tests -I ../plugin\n")
    inner = tmp_path.resolve() / "p" / "inner"
    options = (
        "-I",
        str(inner.parent / "plugin"),
        "-Q",
        str(inner / "tests"),
        "Inner.Tests",
        "-R",
        str(inner / "theories"),
        "Inner",
    )
    in_theories = settings_for(write(inner / "theories" / "sub" / "A.v"), toolchain)
    assert in_theories == FileSettings("Inner.sub.A", options)
    assert settings_for(write(inner / "tests" / "B.v"), toolchain) == FileSettings("Inner.Tests.B", options)
    assert settings_for(write(inner / "C.v"), toolchain) == FileSettings("C", options)
    assert settings_for(write(tmp_path / "p" / "D.v"), toolchain).logical_name == "Outer.D"
    assert settings_for(write(tmp_path / "p" / "no-name" / "E.v"), toolchain).logical_name == "E"


def in_project(toolchain: RocqToolchain, tmp_path: Path, text: str) -> tuple[str, ...]:
    write(tmp_path / "p" / "_CoqProject", text)
    options = settings_for(write(tmp_path / "p" / "A.v"), toolchain).options
    root = str(tmp_path.resolve() / "p")
    return tuple(option.replace(root, "ROOT") for option in options)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ()),
        ('-R . ""', ("-R", "ROOT", "")),
        ("# -Q x X\n-Q a A#-Q b B\n", ("-Q", "ROOT/a", "A")),
        ('-Q "a b" A', ("-Q", "ROOT/a b", "A")),
        ('-arg "-w -all" -Q a A', ("-Q", "ROOT/a", "A", "-w", "-all")),
        ("-arg -w -arg +x,-y", ("-w", "+x,-y")),
        ("-arg \"-set 'Default Goal Selector=!'\"", ("-set", "Default Goal Selector=!")),
        ("-arg -noinit -arg -q -arg -time", ("-noinit",)),
        ('-arg "-native-compiler no" -arg -noglob', ()),
        ("COQDOC = doc\nA.v src/x.ml -docroot D -install none -generate-meta-for-package p", ()),
        ('COQEXTRAFLAGS = "-w none"', ("-w", "none")),
        ("-native-compiler yes\r\n-R\r\na\tA", ("-R", "ROOT/a", "A")),
    ],
)
def test_project_files_are_read_as_their_own_tool_reads_them(
    toolchain: RocqToolchain, tmp_path: Path, text: str, wanted: tuple[str, ...]
) -> None:
    assert in_project(toolchain, tmp_path, text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-arg -type-in-type", "-type-in-type is refused: it switches the universe checks off"),
        ("-arg -impredicative-set", "-impredicative-set is refused: it makes Set impredicative"),
        ("-arg -load-vernac-source -arg x.v", "-load-vernac-source is refused"),
        ("-arg '-l' -arg x", "refused"),
        ("-arg -lv -arg x", "-lv is refused"),
        ("-arg -require-import -arg Plugin", "-require-import is refused"),
        ("-arg -ri -arg Plugin", "-ri is refused"),
        ("-arg -init-file -arg x", "-init-file is refused: it runs commands"),
        ("-arg -boot", "-boot is refused"),
        ('COQEXTRAFLAGS = "-type-in-type"', "-type-in-type is refused"),
        ("-arg \"-set 'Universe Checking=false'\"", "is refused: it changes what is checked"),
        ("-arg \"-unset 'Guard Checking'\"", "is refused: it changes what is checked"),
        ("-arg -no-such-option", "-no-such-option is refused"),
        ("-type-in-type", "unknown entry '-type-in-type'"),
        ("-Q a", "-Q wants 2 values"),
        ("-I", "-I wants 1 values"),
        ("-arg", "-arg wants a value"),
        ("-arg -w", "argument -w wants 1 value"),
        ("-Q a b-c", "'b-c' is not a logical prefix"),
        ('-Q "a A\nB', "line 1: a quote is not closed"),
    ],
)
def test_what_is_dangerous_or_wrong_is_refused_in_one_line(
    toolchain: RocqToolchain, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(AssistantError, match=message) as caught:
        in_project(toolchain, tmp_path, text)
    assert str(tmp_path.resolve() / "p" / "_CoqProject") in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_project_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("project")
    (folder / "_CoqProject").write_text(text, "utf-8", "surrogateescape", newline="")
    try:
        settings = settings_for(write(folder / "A.v"), installation(folder / "lib"))
    except AssistantError as error:
        assert "_CoqProject" in str(error)
    else:
        assert all(isinstance(option, str) for option in settings.options)


def test_identifiers() -> None:
    for good in ("a", "a'", "x₀", "éα", "_x1"):
        assert is_identifier(good)
    for bad in ("", "1a", "a-b", "a b", "'a", "a.b"):
        assert not is_identifier(bad)


@pytest.mark.rocq
def test_rocq_compiles_with_the_settings_of_a_project(tmp_path: Path) -> None:
    toolchain = find_toolchain()
    write(tmp_path / "p" / "_CoqProject", '-R src Proj\n-Q lib Proj.Lib -arg "-w -all" -arg -noglob\n')
    files = [
        write(tmp_path / "p" / "lib" / "Base.v", "Definition one := 1."),
        write(
            tmp_path / "p" / "src" / "deep" / "Mid.v",
            "From Proj.Lib Require Import Base.\nDefinition two := one + one.",
        ),
        write(tmp_path / "p" / "src" / "Top.v", "Require Import Mid.\nDefinition x := two. Check Proj.Top.x."),
    ]
    for file in files:
        compile_file(toolchain, file)
    lone = [
        write(tmp_path / "q" / "Near.v", "Definition a := 1."),
        write(tmp_path / "q" / "Far.v", "Require Import Near. Check Near.a."),
    ]
    for file in lone:
        compile_file(toolchain, file)


def compile_file(toolchain: RocqToolchain, file: Path) -> None:
    settings = settings_for(file, toolchain)
    command = [*toolchain.coqc, "-q", *settings.options, str(file)]
    result = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
