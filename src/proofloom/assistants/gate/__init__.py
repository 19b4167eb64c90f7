"""The gate: the one place where a proof becomes *proved*.  It knows nothing of search, policies or models."""

from proofloom.assistants.gate.axioms import BUNDLES
from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.rocq.gate import RocqGate

__all__ = ["BUNDLES", "GateLimits", "RocqGate"]
