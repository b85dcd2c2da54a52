"""Modbus TCP, read-only, driven by device maps."""
