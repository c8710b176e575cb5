"""Tests of the sandbox's edge."""
