"""What two or more benchmarks use.

- `_timing` : contenders that take turns, medians, ratios, CPU seconds.
- `_memory` : resident memory, and its peak in a call.
- `_processes` : measurements in fresh processes.
- `_scores` : scores of predictions, and how sure the difference between two models is.
- `_cache` : results on disk; `_source_digest` says when ours are out of date.
- `_measured` : results of a set, and differences between its models.
- `_tuned_linear` : a linear model with its penalty chosen on held-out rows.
- `_tables` : figures with units, lines and sections of Markdown tables.
- `_results` : files in `benchmarks/results`, their heading with command, machine and versions.
- `_warnings` : warnings of rivals and TensorFlow's log, kept out of the output.
- `data` : real data sets below $SKEMBED_DATA, and made rows.
"""
