"""Training, run in place: `python -m train configs/embedded.toml`."""
