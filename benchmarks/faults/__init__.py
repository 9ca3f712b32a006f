"""What goes wrong in use, tried in processes of their own: each must be told, or do no harm.

- `_faults` : bad input and hostile parameters, and what must come of each.
- `_processes` : one of them in a process with bounds on time and memory.
- `_damage` : files with thousands of random changes, some with digests that are right again.
- `_kills` : fits that are killed at random moments and go on from their checkpoint.
- `_threads` : predictions of several threads beside fits.

`__main__` has the options. ``make faults`` runs all of it.
"""
