"""Asks servers and judges what they answer: targets, runner, mock, command line."""
