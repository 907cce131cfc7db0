"""Speed, sizes and accuracy beside other systems: ``python -m benchmarks``.

A folder for each of arrays, networks, photographs, models of others, and the tour; `harness` times
candidates in turn, `machine` says where.
"""
