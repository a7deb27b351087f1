"""Stands for the library that an image brings: it is only looked for."""
