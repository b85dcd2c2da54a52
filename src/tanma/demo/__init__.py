"""A seeded, invented region, written as the table packages that departments would hand over."""

from tanma.demo.generate import generate
from tanma.demo.manifest import Manifest, Step, read

__all__ = ["Manifest", "Step", "generate", "read"]
