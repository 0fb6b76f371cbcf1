"""Samples that `ldp init` starts a project from."""
