"""Sends scenarios, shrinks and replays them."""
