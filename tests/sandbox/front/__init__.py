"""Tests of the sockets of the edge."""
