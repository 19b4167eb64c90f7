"""`fit` learns, trains the plain model with lambda = 0, and goes on after an interruption as if there had been none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from kept_records import Kept

from proofloom.attention.flow_loss import FlowSettings, Normaliser
from proofloom.attention.interface import use_flow_attention
from proofloom.attention.learned_levels import LearnedLevels
from proofloom.training.batches import BatchOrder, collate
from proofloom.training.checkpoint import Checkpoints
from proofloom.training.config import FitConfig, Precision, TrainingError, learning_rate
from proofloom.training.fit import TrainingData, fit, gradients, heights
from proofloom.training.loss import validate
from proofloom.training.metrics import TRAIN, VALIDATION
from proofloom.training.optimisers import adamw

CONFIG = FitConfig(
    epochs=2, batch=6, pool=2, learning_rate=3e-3, evaluate_every=3, checkpoint_every=3, log_every=1, seed=1,
    evaluation_examples=8, precision=Precision.FLOAT32, flow=FlowSettings(strength=0.5, layers=4),
)  # fmt: skip
STEPS = 8
ONE_STEP = replace(CONFIG, epochs=0.1)


@pytest.fixture(scope="module")
def data(examples: Any) -> TrainingData:
    return TrainingData(examples, examples)


@pytest.fixture
def whole(data: TrainingData, new_model: Callable[..., Any], kept: dict[str, Any]) -> tuple[Kept, list[Any]]:
    """What a run with dropout says if nobody interrupts it, and its weights."""
    if not kept:
        log, model = Kept(), new_model(dropout=0.2)
        fit(model, data, CONFIG, log)
        kept["whole"] = log, [one.detach() for one in model.parameters()]
    found: tuple[Kept, list[Any]] = kept["whole"]
    return found


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


def test_it_learns_the_tactics_and_says_how(data: TrainingData, new_model: Callable[..., Any]) -> None:
    log, before = Kept(), torch.get_rng_state()
    found = fit(new_model(), data, replace(CONFIG, epochs=6, learning_rate=2e-2), log)
    losses = log.seen(TRAIN, "loss")
    assert len(losses) == 24
    assert losses[0] > 5 > 1.5 > losses[-1]
    assert log.seen(VALIDATION, "step") == [*range(0, 24, 3), 24]
    assert found.loss == log.seen(VALIDATION, "loss")[-1]
    assert found.exact > log.seen(VALIDATION, "exact")[0] == 0
    flows = log.seen(VALIDATION, "flow")
    assert flows[0] > 0.1
    assert flows[-1] < 0.5 * flows[0]
    assert log.seen(TRAIN, "learning_rate")[:2] == [0.02, pytest.approx(0.02, abs=2e-4)]
    assert torch.equal(before, torch.get_rng_state())


def test_lambda_0_trains_the_plain_model_bit_for_bit(data: TrainingData, new_model: Callable[..., Any]) -> None:
    config, log, fitted = replace(CONFIG, flow=replace(CONFIG.flow, strength=0.0)), Kept(), new_model()
    fit(fitted, data, config, log)
    plain = new_model().train()  # the loop as it would be written without any of this
    assert plain.config._attn_implementation == "sdpa"
    order, optimiser, losses = BatchOrder(data.train.lengths, 6, 2, seed=1), adamw(plain, config), list[float]()
    for step in range(STEPS):
        batch = collate(data.train, sorted_by_length(data, order.batch(step)), 0)
        optimiser.param_groups[0]["lr"] = optimiser.param_groups[1]["lr"] = learning_rate(config, step, STEPS)
        logits = plain(batch.tokens, logits_to_keep=batch.columns).logits.flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, batch.targets.flatten(), reduction="sum") / batch.words
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    assert log.seen(TRAIN, "loss") == losses
    assert log.seen(TRAIN, "flow") == [0.0] * STEPS
    for one, other in zip(fitted.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)
    with_flow = Kept()
    fit(new_model(), data, ONE_STEP, with_flow)
    assert with_flow.seen(TRAIN, "loss") == losses[:1]
    assert with_flow.seen(TRAIN, "gradient_norm") != log.seen(TRAIN, "gradient_norm")[:1]


def sorted_by_length(data: TrainingData, numbers: Any) -> Any:
    return numbers[data.train.lengths[numbers].argsort(kind="stable")]


def test_an_interrupted_run_goes_on_as_if_there_had_been_no_interruption(
    data: TrainingData, whole: tuple[Kept, list[Any]], new_model: Callable[..., Any], tmp_path: Path
) -> None:
    undisturbed, weights = whole
    other = Kept()
    fit(new_model(), data, ONE_STEP, other)
    assert other.seen(TRAIN, "loss") != undisturbed.seen(TRAIN, "loss")[:1]  # randomness is used
    checkpoints, log = Checkpoints(tmp_path / "checkpoint.pt"), Kept(interrupt=7)
    with pytest.raises(KeyboardInterrupt):
        fit(new_model(dropout=0.2), data, CONFIG, log, checkpoints)
    assert 0 < len(log.seen(TRAIN, "loss")) < STEPS
    torch.manual_seed(77)
    again = new_model(dropout=0.2)
    fit(again, data, CONFIG, log, checkpoints)
    assert log.records == undisturbed.records
    for one, same in zip(weights, again.parameters(), strict=True):
        assert torch.equal(one, same)


def test_an_interruption_within_a_step_keeps_the_step_before(
    data: TrainingData, whole: tuple[Kept, list[Any]], new_model: Callable[..., Any], tmp_path: Path
) -> None:
    log, checkpoints = Kept(), Checkpoints(tmp_path / "checkpoint.pt")
    model = new_model(dropout=0.2)
    passes = []

    def interrupt(*_: Any) -> None:
        passes.append(model.training)
        if passes.count(True) == 6:
            raise KeyboardInterrupt

    model.gpt_neox.final_layer_norm.register_forward_hook(interrupt)  # behind all dropout of the pass
    with pytest.raises(KeyboardInterrupt):
        fit(model, data, CONFIG, log, checkpoints)
    assert len(log.seen(TRAIN, "loss")) == 5
    fit(new_model(dropout=0.2), data, CONFIG, log, checkpoints)
    assert log.records == whole[0].records
    done = Kept()
    fit(new_model(dropout=0.2), data, CONFIG, done, checkpoints)  # it is at its end: only the result is said again
    assert done.records == whole[0].records[-1:]


def test_a_step_in_parts_has_the_gradient_of_the_whole(data: TrainingData, new_model: Callable[..., Any]) -> None:
    numbers = BatchOrder(data.train.lengths, 12, 1, 0).batch(0)
    for normaliser in Normaliser:
        found = []
        for most in (10**6, 200):
            model = new_model().train()
            use_flow_attention(model)
            config = replace(CONFIG, micro_tokens=most, flow=replace(CONFIG.flow, normaliser=normaliser))
            report = gradients(model, data, numbers, config)
            found.append((report.loss, report.flow, [one.grad for one in model.parameters()]))
        (loss, flow, wanted), (part_loss, part_flow, parts) = found
        torch.testing.assert_close((loss, flow), (part_loss, part_flow))
        assert flow > 0
        torch.testing.assert_close(parts, wanted, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("most", [10**6, 200])
def test_the_prompt_counts_as_much_as_it_is_said_to(
    data: TrainingData, new_model: Callable[..., Any], most: int
) -> None:
    numbers, config = BatchOrder(data.train.lengths, 12, 1, 0).batch(0), replace(CONFIG, micro_tokens=most, clip=1e9)
    found = {}
    for weight in (0.0, 0.5, 1.0):
        model = new_model().train()
        use_flow_attention(model)
        report = gradients(model, data, numbers, replace(config, prompt_loss=weight))
        found[weight] = report.loss, [one.grad for one in model.parameters()]
    assert found[0.0][0] == pytest.approx(float(found[1.0][0]), rel=1e-5)  # what is told is the loss of tactics
    model, read, words = new_model().train(), 0, torch.zeros(())
    for number in numbers:  # the mean over all words of all prompts, one by one
        start, prompt = int(data.train.starts[number]), int(data.train.prompts[number])
        tokens = torch.from_numpy(data.train.tokens[start : start + prompt].astype("int64"))[None]
        logits = model(tokens).logits[0, :-1]
        words = words + torch.nn.functional.cross_entropy(logits, tokens[0, 1:], reduction="sum")
        read += prompt - 1
    (words / read).backward()
    for plain, half, whole, one in zip(*(found[weight][1] for weight in found), model.parameters(), strict=True):
        torch.testing.assert_close(whole - plain, one.grad, atol=2e-6, rtol=2e-3)
        torch.testing.assert_close(half - plain, one.grad / 2, atol=2e-6, rtol=2e-3)


def learned_config(**changes: Any) -> FitConfig:
    return replace(CONFIG, flow=replace(CONFIG.flow, learned=True, **changes))


def test_levels_are_learned_and_go_on_after_an_interruption(
    data: TrainingData, new_model: Callable[..., Any], tmp_path: Path
) -> None:
    config, undisturbed, found = learned_config(strength=1.0, anchor=0.001), Kept(), []
    for log, checkpoints in [(undisturbed, None), (Kept(interrupt=7), Checkpoints(tmp_path / "checkpoint.pt"))]:
        learned, model = LearnedLevels(), new_model(dropout=0.2)
        if checkpoints:
            with pytest.raises(KeyboardInterrupt):
                fit(model, data, config, log, checkpoints, learned)
            learned, model = LearnedLevels(), new_model(dropout=0.2)
        fit(model, data, config, log, checkpoints, learned)
        assert log.records == undisturbed.records
        found.append([*model.parameters(), *learned.parameters()])
    for one, same in zip(*found, strict=True):
        assert torch.equal(one, same)
    told = undisturbed.seen(VALIDATION, "level of conclusion")
    assert told[0] == pytest.approx(3.75)
    assert told[0] != told[-1] == heights(learned)["level of conclusion"]
    now, then = (validate(model, data.validation, config, 0, levels).flow for levels in (learned, LearnedLevels()))
    assert now < then  # they moved to where this attention is charged less


def test_the_anchor_pulls_the_levels_back_once_a_step_however_it_is_computed(
    data: TrainingData, new_model: Callable[..., Any]
) -> None:
    numbers, pulls = BatchOrder(data.train.lengths, 12, 1, 0).batch(0), []
    for anchor, most in ((0.0, 10**6), (3.0, 200)):
        learned, model = LearnedLevels(), new_model().train()
        with torch.no_grad():
            learned.logits[3].mul_(0.5)
        use_flow_attention(model)
        gradients(model, data, numbers, replace(learned_config(anchor=anchor), micro_tokens=most), learned)
        pulls.append(learned.logits.grad)
    (back,) = torch.autograd.grad(learned.divergence(), learned.logits)
    torch.testing.assert_close(pulls[1] - pulls[0], CONFIG.flow.strength * 3.0 * back, atol=1e-6, rtol=1e-4)
    assert pulls[0].any()


def test_learned_levels_at_their_start_cost_what_the_fixed_ones_do(
    data: TrainingData, new_model: Callable[..., Any]
) -> None:
    numbers, flows = BatchOrder(data.train.lengths, 12, 1, 0).batch(0), []
    for learned in (None, LearnedLevels(certainty=1 - 1e-7)):
        model = new_model().train()
        use_flow_attention(model)
        config = learned_config() if learned else CONFIG
        flows.append(gradients(model, data, numbers, config, learned).flow)
    torch.testing.assert_close(flows[0], flows[1], atol=1e-5, rtol=0)
    assert flows[0] > 0.01


def test_goals_that_are_apart_charge_nothing_between_them(data: TrainingData, new_model: Callable[..., Any]) -> None:
    numbers = BatchOrder(data.train.lengths, 12, 1, 0).batch(0)
    for learned in (False, True):
        model, config = new_model().train(), replace(CONFIG, flow=replace(CONFIG.flow, separate_goals=True))
        use_flow_attention(model)
        levels = LearnedLevels(certainty=1 - 1e-7) if learned else None
        config = replace(config, flow=replace(config.flow, learned=learned))
        assert gradients(model, data, numbers, config, levels).flow < 1e-5  # types come first in each goal


def test_half_precision_learns_too(data: TrainingData, new_model: Callable[..., Any]) -> None:
    log, model = Kept(), new_model()
    fit(model, data, replace(CONFIG, epochs=1, evaluate_every=99, precision=Precision.BFLOAT16), log)
    losses = log.seen(TRAIN, "loss")
    assert losses[-1] < losses[0]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_what_cannot_be_trained_is_refused(data: TrainingData, new_model: Callable[..., Any], tmp_path: Path) -> None:
    nobody = replace(data.train, prompts=data.train.prompts[:0], starts=data.train.starts[:1])
    with pytest.raises(TrainingError, match="there are no validation examples"):
        TrainingData(data.train, nobody)
    with pytest.raises(ValueError, match="flow layers=5: wanted at most 4"):
        fit(new_model(), data, replace(CONFIG, flow=FlowSettings(layers=5)), Kept())
    broken = new_model()
    with torch.no_grad():
        broken.lm_head.weight[0] = torch.nan
    with pytest.raises(TrainingError, match=r"the gradient is nan .*learning_rate than 0.003"):
        fit(broken, data, CONFIG, Kept())
    with pytest.raises(ValueError, match="flow learned=False: wanted learned levels if it is, and none if it is not"):
        fit(new_model(), data, CONFIG, Kept(), None, LearnedLevels())
    checkpoints = Checkpoints(tmp_path / "checkpoint.pt")
    with pytest.raises(KeyboardInterrupt):
        fit(new_model(), data, CONFIG, Kept(interrupt=2), checkpoints)
    with pytest.raises(TrainingError, match="it was made with seed=1, now it is 2"):
        fit(new_model(), data, replace(CONFIG, seed=2), Kept(), checkpoints)


def test_a_run_goes_on_from_the_weights_that_it_started_from_only(
    data: TrainingData, new_model: Callable[..., Any], tmp_path: Path
) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoint.pt")
    fit(new_model(), data, ONE_STEP, Kept(), checkpoints)
    fit(new_model(), data, ONE_STEP, Kept(), checkpoints)
    odd = new_model()
    odd.register_buffer("scale", torch.tensor(2.0))  # a number without dimensions
    with pytest.raises(TrainingError, match="it was made with first weights="):
        fit(odd, data, ONE_STEP, Kept(), checkpoints)
    other = new_model()
    with torch.no_grad():
        next(other.parameters())[0, 0] += 1
    with pytest.raises(TrainingError, match="it was made with first weights="):
        fit(other, data, ONE_STEP, Kept(), checkpoints)


def test_the_flow_loss_of_a_plain_model_is_measured_with_one_layer_too(
    data: TrainingData, new_model: Callable[..., Any]
) -> None:
    plain = replace(ONE_STEP, flow=FlowSettings(strength=0, layers=1))
    found = fit(new_model(), data, plain, Kept())
    assert found.flow > 0
