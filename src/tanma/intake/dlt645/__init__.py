"""DL/T 645-2007: frames of Chinese electricity meters, over TCP or a transparent gateway."""
