"""The public function: a fit on the workers of a Dask cluster."""

import pickle
import warnings
from collections.abc import Sequence
from threading import Thread
from typing import Any
from uuid import uuid4

from sklearn.base import clone

from skembed.dask._joint_run import train_together
from skembed.dask._on_worker import end
from skembed.dask._parts import parts_of
from skembed.dask._placing import folders_on, place
from skembed.dask._watching import lost_workers
from skembed.estimators import EmbeddingDNNClassifier, EmbeddingDNNRegressor
from skembed.training._distributed import check_distribution
from skembed.training._joint_fit import check_batch_size
from skembed.training._parameters import drawn_seed

_CLEANING = 5.0  # seconds in which workers that answer have ended their processes


def fit(
    estimator: Any,
    parts: Any,
    *,
    client: Any = None,
    label: Any = None,
    transformer: Any = None,
    sync_steps: int = 1,
    workers: Sequence[str] | None = None,
    start_timeout: float = 300.0,
) -> Any:
    """Fit an estimator on the workers of a Dask cluster, each on its parts of the data.

    Each Dask worker starts a training process, which reads the worker's parts one at a time. The
    processes train together, as with `distributed` and ``rows="own"``. Dask brings the data to
    the workers, and the fitted attributes back.

    Parameters
    ----------
    estimator : EmbeddingDNNClassifier or EmbeddingDNNRegressor
        Estimator to fit. Its fitted attributes are set; if the fit fails, they stay as they were.

    parts : list, Dask DataFrame, path or list of paths
        The data, in parts that fit into memory. Rows are shuffled only within a part.

        - A list of tuples (X, y) or (X, y, sample_weight), as accepted by `fit`. Each tuple, or
          its elements, can be a future or a delayed object.
        - A Dask DataFrame; each partition is a part.
        - The path of a Parquet file or folder, or a list of paths, which all workers can read.
          Each partition that `dask.dataframe.read_parquet` makes is a part.

        A part that a worker holds is trained on there. The others are dealt to the workers in
        turn. A worker without a part gets one of another worker.

    client : distributed.Client, default=None
        Client of the cluster. None means the current one.

    label : str, default=None
        Column with the labels, for a DataFrame or Parquet files.

    transformer : transformer, default=None
        Fitted transformer for the other columns of a DataFrame or Parquet files, such as
        `FieldTransformer`. The workers call its `transform` with a pandas DataFrame, or with a
        Series if it was fitted on one. None means that all other columns are numbers.

    sync_steps : int, default=1
        Steps between two exchanges, see `distributed`.

    workers : list of str, default=None
        Addresses of the Dask workers that train. None means all, or as many as there are parts,
        in the order of host and port.

    start_timeout : float, default=300.0
        Seconds to wait until each worker has a free thread, and until the training processes
        have found each other.

    Returns
    -------
    estimator
        The given estimator, fitted.

    Raises
    ------
    ValueError
        If there are fewer parts than `workers`, or an argument or a part is not valid. The
        message names the part and the worker.

    TypeError
        If the estimator or the parts are of another kind.

    RuntimeError
        If a worker or a training process is lost, within 30 seconds; or if a worker has no
        thread within `start_timeout`. The message names the worker.

    ImportError
        If Dask is not installed.

    Warns
    -----
    UserWarning
        If the ports of the training processes cannot be restricted to one address, which only
        Linux supports. The warnings of the first worker's fit are shown, too.

    See Also
    --------
    distributed : The same training with processes that you start yourself.

    Notes
    -----
    The results are those of `distributed` with the same shares of the data. The first worker, by
    host and port, makes the plan of a default fit from its parts and writes the files of a
    `FitCheckpoint`. Its folder is on the machine of that worker; to resume a fit, the first
    worker must be on the same machine, and the shares must be the same. Keras callbacks run on
    every worker, on copies.

    While a fit runs, each training process listens on a free port of its Dask worker's address.
    TensorFlow takes orders on that port from anyone who reaches it, without a password or
    encryption, also where Dask itself uses TLS. Use a network that only you can reach.

    Parts and estimator are written to a folder in the local directory of the Dask worker, which
    only its user can read. They are pickles that skembed reads in its own process; the folder is
    removed when the fit ends. A training process uses as many threads as its Dask worker has. Its
    memory is not part of the worker's memory limit.

    Examples
    --------
    >>> import numpy as np
    >>> import skembed.dask
    >>> from distributed import Client
    >>> from skembed import EmbeddingDNNClassifier
    >>> X = np.random.default_rng(0).integers(0, 2, (400, 10)).astype(np.float32)
    >>> y = X[:, 0] * X[:, 1]
    >>> parts = [(X[:200], y[:200]), (X[200:], y[200:])]
    >>> model = EmbeddingDNNClassifier(max_epochs=60, random_state=0)
    >>> with Client(processes=False, n_workers=1, dashboard_address="127.0.0.1:0") as client:
    ...     model = skembed.dask.fit(model, parts, client=client)
    >>> model.classes_
    array([0., 1.], dtype=float32)
    >>> bool(model.score(X, y) > 0.95)
    True
    """
    check_distribution("own", sync_steps, start_timeout)
    _check_estimator(estimator)
    client = _client(client)
    given = parts_of(parts, label, transformer)
    addresses = chosen_workers(client, workers, len(given))
    check_batch_size(estimator.batch_size, len(addresses))
    hosts = {address: _host(address) for address in addresses}
    payload, settings = _payload(estimator)
    number = uuid4().hex
    try:
        folders = folders_on(client, addresses, number, start_timeout)
        shares = place(client, given, addresses, folders)
        how = {"sync_steps": sync_steps, "start_timeout": start_timeout, "settings": settings}
        jobs = [{"index": n, "parts": share, **how} for n, share in enumerate(shares)]
        fitted = train_together(client, payload, jobs, hosts, folders)
    finally:
        # a worker without power does not answer, and the scheduler may not know of it yet
        cleaning = Thread(target=_clean, args=(client, addresses, number), daemon=True)
        cleaning.start()
        cleaning.join(_CLEANING)
    attributes, caught = pickle.loads(fitted)
    for category, message in caught:
        warnings.warn(message, category, stacklevel=2)
    _keep(estimator, attributes, settings)
    return estimator


def _clean(client: Any, addresses: Sequence[str], number: str) -> None:
    """End what still trains, and remove the folders, on workers that are there."""
    try:
        lost = lost_workers(client, addresses)
        there = [address for address in addresses if address not in lost]
        if there:
            client.run(end, number, workers=there, on_error="ignore")
    except Exception:  # the client or the scheduler has gone: the tasks see that, and end
        return


def chosen_workers(client: Any, given: Sequence[str] | None, n_parts: int) -> list[str]:
    """Addresses of the workers that train, sorted by host and port.

    Raises
    ------
    ValueError
        If there are none, a given one is not there, or there are fewer parts than given ones.
    """
    there = sorted(client.scheduler_info()["workers"], key=_host_and_port)
    if given is None:
        if not there:
            raise ValueError("The Dask cluster has no workers; start some, or wait for them.")
        return there[:n_parts]
    missing = sorted(set(given) - set(there))
    if missing or not given:
        raise ValueError(f"workers is {list(given)}, expected some of the cluster's: {there}.")
    if n_parts < len(set(given)):
        raise ValueError(
            f"{len(set(given))} workers cannot share {n_parts} parts; split the data into more "
            "parts, or pass fewer workers."
        )
    return sorted(set(given), key=_host_and_port)


def _client(given: Any) -> Any:
    try:
        from distributed import default_client
    except ImportError as error:
        raise ImportError(
            "skembed.dask.fit needs Dask; install skembed with the extra dask."
        ) from error
    if given is None:
        try:
            given = default_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client; make one with distributed.Client(address), or pass it as "
                "client."
            ) from error
    if given.asynchronous:
        raise TypeError("client is asynchronous, expected one with asynchronous=False.")
    return given


def _check_estimator(estimator: Any) -> None:
    if not isinstance(estimator, EmbeddingDNNClassifier | EmbeddingDNNRegressor):
        raise TypeError(
            f"estimator is of type {type(estimator).__name__}, expected an EmbeddingDNNClassifier "
            "or EmbeddingDNNRegressor. Fit the transformers of a pipeline before, and pass them as "
            "transformer."
        )
    estimator._validate_params()


def _host_and_port(address: str) -> tuple[str, int | str]:
    host, _, port = address.rpartition(":")
    return host, int(port) if port.isdigit() else port


def _host(address: str) -> str:
    """IPv4 address of the machine of a Dask worker.

    Raises
    ------
    ValueError
        If it has another one.
    """
    import socket

    from distributed.comm import get_address_host

    host = get_address_host(address)
    if ":" in host:
        raise ValueError(
            f"Dask worker {address} has an IPv6 address, which is not supported; start it with "
            "the option --host and an IPv4 address."
        )
    return socket.gethostbyname(host)


def _payload(estimator: Any) -> tuple[bytes, list[str]]:
    """The estimator for other processes, and the names of its attributes that no fit sets.

    A network that training goes on with is part of it.
    """
    import cloudpickle

    bare = clone(estimator)
    settings = list(vars(bare))
    if estimator.warm_start:
        for name, value in vars(estimator).items():
            vars(bare).setdefault(name, value)
    if estimator.random_state is not None:
        bare.set_params(random_state=drawn_seed(estimator.random_state))
    try:
        return cloudpickle.dumps(bare, protocol=5), settings
    except Exception as error:
        raise TypeError(
            f"The estimator cannot be sent to other processes: {error}. Pass callbacks and other "
            "parameters that can be pickled."
        ) from error


def _keep(estimator: Any, fitted: dict[str, Any], settings: Sequence[str]) -> None:
    """Set the fitted attributes, and delete those of an earlier fit."""
    for name in set(vars(estimator)) - set(settings) - set(fitted):
        delattr(estimator, name)
    vars(estimator).update(fitted)
