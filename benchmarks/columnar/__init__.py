"""Memory and rows per second of a fit on a folder of Parquet files, against one from memory.

- `_made_folder` : a folder of the size that is asked for, of made rows.
- `_worker` : one fit, in a fresh process, from the folder or from memory.

`__main__` makes the folder, asks for both fits, writes the table and removes the folder.
"""
