"""Thin HTTP routes: parse, call one method, return."""
