"""Texts that a merchant could send: of the maximum length, and in many scripts."""

__all__ = ["LONGEST", "WORLD_TEXTS"]

LONGEST = "d" * 255
"""The longest described reference or description: 255 characters, each one byte."""

WORLD_TEXTS = (
    "Rücksendung: größe paßt nicht",
    "返品しました",
    "возврат",
    "تم الإرجاع",
    "החזרה 123",
    "e\u0301te\u0301 and n\u0303",
    "T-Shirt 👕 → 💶",
    "👩\u200d👩\u200d👧\u200d👦",
    'a "quoted" \\ back/slash <b>&amp;</b> {{x}} ${x} %s \';--',
    "two\nlines\tand a tab",
    "ä" * 255,
)
"""Texts beyond ASCII or with characters that are often mishandled, up to 255 characters."""
