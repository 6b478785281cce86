"""Sends requests to servers and judges the responses: targets, runner, mock, command line."""
