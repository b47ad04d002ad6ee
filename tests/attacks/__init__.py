"""Attacks on the grader: hostile cells and structures, and a small course to try them on."""
