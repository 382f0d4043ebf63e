"""Which model narrates, and how much of the machine it may take."""

from dataclasses import dataclass
from pathlib import Path

STARTER = "starter"


@dataclass(frozen=True, slots=True)
class NarratorSettings:
    """Chosen by the operator; every default suits a small machine and the bundled model."""

    model: str = STARTER  # the bundled model, a folder, or a name on the hub
    lora: Path | None = None  # a folder with a LoRA to merge into it
    device: str = "auto"  # "cuda", "mps" or "cpu"; auto takes the first of them there is
    precision: str = "auto"  # "fp32", "int8" (processors), "bf16" (GPUs); auto chooses
    threads: int = 0  # of the processor; 0: all of them, at most eight
    slots: int = 32  # passages written at once, as far as the memory for them goes
    slot_megabytes: int = 1024  # memory for them, taken as it is needed
    prefix_megabytes: int = 64  # memory for stories read before, so that they go on at once
    waiting: int = 64  # passages that may wait for a slot; more are refused
    drain_seconds: float = 10.0  # that passages in hand may take at shutdown
