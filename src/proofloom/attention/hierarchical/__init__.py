"""Hierarchical self-attention (Amizadeh et al. 2025): exact, fast, and beside the plain forms it must agree with."""

from proofloom.attention.hierarchical.exact import hierarchical_attention
from proofloom.attention.hierarchical.layout import Layout, lay_out

__all__ = ["Layout", "hierarchical_attention", "lay_out"]
