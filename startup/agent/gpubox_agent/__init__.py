"""The programs on the box: the gate, the guard, the model list and the warm-up. Python 3.10 to 3.13."""
