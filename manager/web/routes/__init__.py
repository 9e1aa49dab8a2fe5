"""The routes, one file per topic: parse, call one method, return."""
