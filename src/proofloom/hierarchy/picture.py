"""A tree drawn in lines of text: one line for a family of leaves, one for each inner node, branches in between."""

from __future__ import annotations

from collections.abc import Sequence

from proofloom.hierarchy.nested import NONE, NestedSignal

_GAP = " "
_MORE = " …"


def picture(tree: NestedSignal, texts: Sequence[str] | None = None, *, signal: int = 0, width: int = 100) -> list[str]:
    """The lines of one signal of the batch; `texts` (N) are those of its tokens, by default their numbers.  Long
    families of leaves are cut.

    A node is called by its key if it is a field of a record, else by the domain of its children.  Raises `ValueError`
    if the texts are not as many as the tokens.
    """
    texts = [str(token) for token in range(tree.tokens)] if texts is None else texts
    if not 0 <= signal < tree.batch:
        raise ValueError(f"signal {signal}: wanted one from 0 to {tree.batch - 1}")
    if len(texts) != tree.tokens:
        raise ValueError(f"{len(texts)} texts: wanted {tree.tokens}, one for each token of the tree")
    children: dict[int, list[int]] = {}
    for node in range(tree.batch, tree.nodes):
        children.setdefault(int(tree.parent[node]), []).append(node)

    def name(node: int) -> str:
        if tree.key[node] != NONE:
            return tree.domains[int(tree.domain[node])].keys[int(tree.key[node])]
        return "" if tree.leaf[node] else tree.domains[int(tree.domain[children[node][0]])].name

    def leaf_text(leaf: int) -> str:
        slot = int(tree.slot[leaf])
        own = slot != NONE and bool(tree.size[leaf])
        return texts[slot - signal * tree.tokens].strip() if own else "(padding)"

    def leaves_of(node: int, below: list[int], room: int) -> str:
        whole = _GAP.join(filter(None, map(leaf_text, below or [node]))) or "(white space)"
        return whole if len(whole) <= room else whole[: max(room - len(_MORE), 0)] + _MORE

    lines: list[str] = []
    waiting = [(signal, "", "")]  # no recursion, as trees may be deep
    while waiting:
        node, first, rest = waiting.pop()
        below = children.get(node, [])
        if all(tree.leaf[child] for child in below):
            label = f"{name(node)}: " if tree.key[node] != NONE else ""
            lines.append(first + label + leaves_of(node, below, width - len(first) - len(label)))
            continue
        lines.append(first + name(node))
        waiting.extend(
            (child, rest + ("└─ " if child == below[-1] else "├─ "), rest + ("   " if child == below[-1] else "│  "))
            for child in reversed(below)
        )
    return lines
