"""How many proofs of the installed standard library the gate lets through unchanged: all of them, or it is too strict.

Files are drawn over the folders of the library, a few proofs from each.  The reference is the file with these proofs
replaced by `Admitted.`, the candidate is the file as it is; every refusal is printed with its reason.  A proof that
rests on an axiom which nothing else in its file uses has to be refused; it is checked again with all bundles on.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from proofloom.assistants.gate import BUNDLES, GateLimits, RocqGate
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.source import Proof, Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.rocq.vernacular import command_of
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.proofs import Finding, Verdict

PROOFS = 200
QUICK_PROOFS = 6
PER_FILE = 4
QUICK_FOLDERS = ("Arith", "Bool", "Lists", "Logic")
LARGEST = 150_000


@dataclass(frozen=True)
class Group:
    """Proofs of one file that are checked against one reference."""

    folder: str
    file: Path
    source: Source
    proofs: tuple[Proof, ...]

    @property
    def reference(self) -> bytes:
        """The file with these proofs admitted."""
        text = self.source.data
        for proof in sorted(self.proofs, key=lambda proof: -proof.start):
            admitted = Source(text).with_admitted(_again(text, proof))
            text = admitted
        return text


def _again(text: bytes, proof: Proof) -> Proof:
    """The same proof in a text that differs only after it."""
    return next(other for other in Source(text).proofs if other.start == proof.start)


def eligible(source: Source) -> list[Proof]:
    """Proofs that have a name of their own which is still there when the file is loaded.

    A `Let` is gone with its section; obligations and morphisms have no name in the source.
    """
    counts = Counter(proof.path for proof in source.proofs)
    return [
        proof
        for proof in source.proofs
        if counts[proof.path] == 1
        and not (command := command_of(source.restated(proof).statement)).unsupported
        and command.name == proof.name
        and command.kind != "Let"
    ]


def groups(toolchain: RocqToolchain, generator: random.Random, quick: bool) -> Iterator[Group]:
    """Groups without end or repetition of a proof, in turn from each folder of the library."""
    files: dict[str, list[Path]] = {}
    for file in sorted(toolchain.standard_folder.rglob("*.v")):
        folder = file.relative_to(toolchain.standard_folder).parts[0]
        if file.stat().st_size <= LARGEST and (not quick or folder in QUICK_FOLDERS):
            files.setdefault(folder, []).append(file)
    for names in files.values():
        generator.shuffle(names)
    while files:
        for folder in sorted(files):
            while files[folder]:
                file = files[folder].pop()
                source = Source.read(file)
                proofs = eligible(source)
                if proofs:
                    chosen = generator.sample(proofs, min(PER_FILE, len(proofs)))
                    yield Group(folder, file, source, tuple(chosen))
                    break
            else:
                del files[folder]


def parts(group: Group) -> Iterator[Group]:
    """The group cut in such a way that no statement says something about a hole.

    A proof that ends in `Defined.` may be part of what a later statement says, as a definition is; so it is the only
    hole of its reference.
    """
    opaque = tuple(proof for proof in group.proofs if not proof.ending.startswith("Defined"))
    singles = ((proof,) for proof in group.proofs if proof not in opaque)
    yield from (replace(group, proofs=proofs) for proofs in (opaque, *singles) if proofs)


def check(gate: RocqGate, toolchain: RocqToolchain, group: Group) -> list[tuple[Proof, Verdict]]:
    """The verdicts on a group; a reference that does not compile with all its holes is made anew for each.

    A proof that the rest of the file computes with cannot be left open, so such a reference says nothing of the gate.
    """
    settings = settings_for(group.file, toolchain)
    found = []
    reference = group.reference
    for proof in group.proofs:
        found.append((proof, gate.check(reference, group.source.data, proof.path, settings)))
        if not_compiled(found[0][1]) and len(group.proofs) > 1:
            single = (replace(group, proofs=(proof,)) for proof in group.proofs)
            return [pair for one in single for pair in check(gate, toolchain, one)]
    return found


def not_compiled(verdict: Verdict) -> bool:
    """True if the reference itself is refused by the compiler."""
    return verdict.finding is Finding.NOT_CHECKED and "the reference: it does not compile" in verdict.reason


def run(figures: Figures, wanted: int, generator: random.Random, quick: bool) -> None:
    """Draw groups until `wanted` proofs are checked."""
    toolchain = find_toolchain()
    limits = GateLimits(seconds=3600)  # of wall clock: other work on the machine must not look like a refusal
    gate = RocqGate(toolchain, limits=limits)
    lenient = RocqGate(toolchain, axioms=tuple(BUNDLES), limits=limits)
    folders: Counter[str] = Counter()
    findings: Counter[str] = Counter()
    files: set[Path] = set()
    refusals: list[str] = []
    by_bundle: list[str] = []
    unusable = 0
    seconds: list[float] = []
    started = time.monotonic()
    for group in groups(toolchain, generator, quick):
        name = group.file.relative_to(toolchain.standard_folder)
        for proof, verdict in (pair for part in parts(group) for pair in check(gate, toolchain, part)):
            if not_compiled(verdict):
                unusable += 1
                figures.say(f"unusable {name} {proof.path}: the rest of the file needs this proof")
                continue
            folders[group.folder] += 1
            files.add(group.file)
            seconds.append(verdict.seconds)
            if verdict.finding is Finding.FORBIDDEN_AXIOM:
                single = replace(group, proofs=(proof,))
                verdict = check(lenient, toolchain, single)[0][1]
                by_bundle.append(f"{name} {proof.path}: {', '.join(verdict.bundles)}")
                figures.say(f"with bundles {verdict.finding} {by_bundle[-1]}")
            findings[verdict.finding.value] += 1
            if not verdict.accepted:
                refusals.append(f"{name} {proof.path}: {verdict.finding.value}: {verdict.reason}")
                figures.say(f"REFUSED {refusals[-1]}")
        figures.say(f"{sum(findings.values())} checked, {findings['accepted']} accepted, {name} done")
        if sum(findings.values()) >= wanted:
            break
    gate.close()
    lenient.close()
    report(figures, findings, refusals, sorted(seconds))
    figures.figure("unusable_references", unusable)
    figures.figure("accepted_with_bundles", by_bundle)
    figures.figure("files", len(files))
    figures.figure("folders", dict(sorted(folders.items())))
    figures.figure("wall_seconds", round(time.monotonic() - started, 1))


def report(figures: Figures, findings: Counter[str], refusals: Sequence[str], seconds: Sequence[float]) -> None:
    """Record the counts and the goals."""
    checked = sum(findings.values())
    figures.figure("checked", checked)
    figures.figure("findings", dict(findings))
    figures.figure("refusals", list(refusals))
    figures.figure("median_seconds", round(seconds[len(seconds) // 2], 2))
    figures.figure("slowest_seconds", round(seconds[-1], 2))
    figures.goal("accepted_share", findings["accepted"] / checked, 1.0)
    figures.goal("false_refusals", len(refusals), 0, better="lower")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--proofs", type=int, default=PROOFS, help=f"how many proofs at least (default {PROOFS})")
    options = parser.parse_args()
    figures = Figures("gate_stdlib", quiet=options.json)
    wanted = QUICK_PROOFS if options.quick else options.proofs
    run(figures, wanted, random.Random(options.seed), options.quick)
    if not options.quick:
        figures.goal("proofs_checked", figures.record["checked"], PROOFS)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
