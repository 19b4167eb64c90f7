"""Tiny models of families that are not ours, in folders, with tokenizers that know nothing of our markers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TEXTS = ["A : Type\na b c d : A\n⊢ a0 = a0", "⊢ P 3", "reflexivity", "auto", "no goals"]
_SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2}


def foreign_folder(family: str, folder: Path, context: int = 1024) -> Path:
    """A random `llama` (its tokenizer begins every text), `gpt_neox` or `qwen2`, for texts of `context` tokens."""
    import torch
    import transformers
    from tokenizers import ByteLevelBPETokenizer, processors

    raw: Any = ByteLevelBPETokenizer()
    raw.train_from_iterator(TEXTS * 3, vocab_size=300, special_tokens=["<end>", "<begin>"], show_progress=False)
    options: dict[str, Any] = {"eos_token": "<end>"}
    if family == "llama":
        raw._tokenizer.post_processor = processors.TemplateProcessing("<begin> $A", None, [("<begin>", 1)])
        options["bos_token"] = "<begin>"
    fast: Any = transformers.PreTrainedTokenizerFast
    tokenizer = fast(tokenizer_object=raw._tokenizer, **options)
    grouped = {} if family == "gpt_neox" else {"num_key_value_heads": 1}
    config = transformers.AutoConfig.for_model(
        family, vocab_size=304, max_position_embeddings=context, eos_token_id=0, **_SHAPE, **grouped
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
