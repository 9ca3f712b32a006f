"""Terms and their vectors as files for other programs."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from skembed.inspection._projector_files import write_projector
from skembed.inspection._word2vec_files import writable_terms, write_word2vec


class TermFiles:
    """Methods that write `terms`, `vectors`, `counts` and `values` of a class to files."""

    terms: npt.NDArray[np.object_]
    vectors: npt.NDArray[np.floating[Any]]
    counts: npt.NDArray[np.number[Any]] | None
    values: npt.NDArray[np.floating[Any]] | None

    def save_word2vec_format(
        self, path: str | PathLike[str], *, binary: bool = False, space: str | None = None
    ) -> None:
        """Write a file in word2vec's format, which gensim and other programs read.

        Parameters
        ----------
        path : path-like
            The file to write. An existing file is overwritten.
        binary : bool, default=False
            Whether to write the binary format, which is smaller and always float32. The text
            format keeps all digits of the vectors.
        space : str, default=None
            String that replaces white space in terms, because white space ends a term in this
            format. None raises a ValueError for terms with white space.

        Raises
        ------
        ValueError
            If a term is empty or contains white space, or replacing it makes two terms equal.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from skembed import TermEmbeddings
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "vectors.txt")
        ...     TermEmbeddings(["good", "not bad"], [[1.0, 0.5], [0.25, 0.5]]).save_word2vec_format(
        ...         path, space="_"
        ...     )
        ...     print(path.read_text().rstrip())
        2 2
        good 1 0.5
        not_bad 0.25 0.5
        """
        write_word2vec(path, writable_terms(self.terms.tolist(), space), self.vectors, binary)

    def to_projector(self, folder: str | PathLike[str]) -> None:
        """Write the two files that TensorFlow's Embedding Projector loads.

        The files are vectors.tsv and metadata.tsv. metadata.tsv contains the terms and, if
        known, counts and values, with a header if there is more than one column. Control
        characters in terms are escaped, and terms that a spreadsheet could run as a formula get
        an apostrophe as prefix. To load the files, see https://projector.tensorflow.org, "Load".

        Parameters
        ----------
        folder : path-like
            Folder for the files. It is created if it does not exist.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from skembed import TermEmbeddings
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     TermEmbeddings(["good", "bad"], [[1, 0], [0, 1]]).to_projector(folder)
        ...     print(pathlib.Path(folder, "metadata.tsv").read_text().rstrip())
        good
        bad
        """
        write_projector(folder, self.terms.tolist(), self.vectors, self._columns())

    def _columns(self) -> dict[str, npt.NDArray[np.number[Any]]]:
        """Counts and values, as far as they are known."""
        columns = {"count": self.counts, "value": self.values}
        return {name: numbers for name, numbers in columns.items() if numbers is not None}
