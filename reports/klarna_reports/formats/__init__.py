"""Renderings for programs and for other tools, one file each."""
