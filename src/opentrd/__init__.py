"""OpenTRD."""
