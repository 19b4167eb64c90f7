"""Hierarchical self-attention (Amizadeh et al. 2025): exact, fast, and beside the plain forms it must agree with."""

from proofloom.attention.hierarchical.arrivals import Arrival, KeyTiedCache, arrivals
from proofloom.attention.hierarchical.exact import hierarchical_attention
from proofloom.attention.hierarchical.key_tied import KeyTiedLayout, key_tied_attention, lay_out_key_tied
from proofloom.attention.hierarchical.layout import Layout, lay_out

__all__ = [
    "Arrival",
    "KeyTiedCache",
    "KeyTiedLayout",
    "Layout",
    "arrivals",
    "hierarchical_attention",
    "key_tied_attention",
    "lay_out",
    "lay_out_key_tied",
]
