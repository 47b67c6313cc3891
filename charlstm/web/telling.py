"""S"""
from typing import Any
def telling_units(checkpoint: Any, text: str) -> list[dict[str, Any]]:
    return []
def readable(checkpoint: Any, text: str) -> str:
    return "".join(c for c in text if c in set(checkpoint.vocabulary.characters))
