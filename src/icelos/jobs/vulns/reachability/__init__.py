"""Which functions an application's calls lead to, read from its source and that of its packages."""

from icelos.jobs.vulns.reachability.answers import Call, Reach, Standing, Step
from icelos.jobs.vulns.reachability.graph import CallGraph
from icelos.jobs.vulns.reachability.modules import Limits

__all__ = ["Call", "CallGraph", "Limits", "Reach", "Standing", "Step"]
