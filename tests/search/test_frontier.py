"""The queue: its orders, ties, and entries that are out of date."""

from __future__ import annotations

import pytest
from toy_games import state

from proofloom.search.frontier import Order, PriorityFrontier
from proofloom.search.tree import Node, Status


def node(number: int, score: float, depth: int) -> Node:
    return Node(number, state(str(number)), (number,), score=score, depth=depth)


NODES = [node(0, -1.0, 1), node(1, -4.0, 8), node(2, -3.0, 2), node(3, -1.0, 3)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.LOG_PROBABILITY, [0, 3, 2, 1]),
        (Order.LENGTH_NORMALISED, [3, 1, 0, 2]),
        (Order.DEPTH_FIRST, [1, 3, 2, 0]),
        (Order.BREADTH_FIRST, [0, 2, 3, 1]),
    ],
)
def test_orders(order: Order, expected: list[int]) -> None:
    frontier = PriorityFrontier(order.priority())
    for one in NODES:
        frontier.push(one)
    popped = [frontier.pop() for _ in NODES]
    assert [one.number for one in popped if one] == expected
    assert frontier.pop() is None


def test_a_power_of_zero_is_the_plain_order() -> None:
    plain, normalised = Order.LOG_PROBABILITY.priority(), Order.LENGTH_NORMALISED.priority(0.0)
    assert [plain(one, -0.5) for one in NODES] == [normalised(one, -0.5) for one in NODES]


def test_ties_go_to_the_one_discovered_first_whatever_the_order_of_pushing() -> None:
    frontier = PriorityFrontier(Order.LOG_PROBABILITY.priority())
    frontier.push(NODES[3])
    frontier.push(NODES[0])
    assert frontier.pop() is NODES[0]


def test_a_node_that_moved_comes_once_and_at_its_new_place() -> None:
    low, high = node(0, -9.0, 1), node(1, -2.0, 1)
    frontier = PriorityFrontier(Order.LOG_PROBABILITY.priority())
    frontier.push(low)
    frontier.push(high)
    low.score = -1.0
    frontier.push(low)
    assert [frontier.pop(), frontier.pop(), frontier.pop()] == [low, high, None]


def test_a_node_that_was_taken_out_can_come_back() -> None:
    one = node(0, -1.0, 1)
    frontier = PriorityFrontier(Order.LOG_PROBABILITY.priority())
    frontier.push(one)
    assert frontier.pop() is one
    frontier.push(one)
    assert frontier.pop() is one


def test_what_is_ahead_counts() -> None:
    frontier = PriorityFrontier(Order.LOG_PROBABILITY.priority())
    frontier.push(NODES[0], ahead=-2.5)
    frontier.push(NODES[2], ahead=-0.25)
    assert [frontier.pop(), frontier.pop()] == [NODES[2], NODES[0]]


def test_nodes_with_nothing_left_to_do_are_left_out() -> None:
    one = node(0, -1.0, 1)
    frontier = PriorityFrontier(Order.LOG_PROBABILITY.priority())
    frontier.push(one)
    one.status = Status.CUT
    assert frontier.pop() is None
