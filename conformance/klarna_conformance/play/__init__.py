"""Plays scenarios, shrinks and replays them."""
