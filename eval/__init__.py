"""Evaluation of what labels communiqués: scores, intervals, agreement, reports; run in place, `python -m eval`."""
