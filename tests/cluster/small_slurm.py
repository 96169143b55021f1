"""A Slurm of two small nodes on this machine: its own keys, ports and folders, gone when the test ends."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
_PATIENCE_S = 40
# Enough for a job that is tried again with twice its memory, and no more than the machine has.
_NODE_MEMORY_MB = min(11_000, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20)
# Where a job's own Snakemake looks for Slurm: it forgets the environment that names another place.
_STANDARD_PLACE = Path("/etc/slurm/slurm.conf")

_SLURM_CONF = """\
ClusterName=small
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
AuthType=auth/munge
# A job of a node that went down waits as long as its credential holds: two minutes unless told otherwise.
AuthInfo=socket={folder}/munge.socket,cred_expire=15
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
MpiDefault=none
SwitchType=switch/none
# Tells the processes of its jobs from those of others.
TaskProlog={folder}/task_prolog.sh
# No control groups, which a container may not make: memory is measured every second instead.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,NoShared
AccountingStorageType=accounting_storage/none
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdTimeout=10
SlurmctldTimeout=10
InactiveLimit=0
KillWait=2
MinJobAge=600
OverTimeLimit=0
ReturnToService=2
NodeName=small1 NodeAddr=127.0.0.1 NodeHostname={host} Port={first_port} CPUs=2 RealMemory={memory_mb}
NodeName=small2 NodeAddr=127.0.0.1 NodeHostname={host} Port={second_port} CPUs=2 RealMemory={memory_mb} Gres=gpu:1
PartitionName=compute Nodes=small1,small2 Default=YES MaxTime=600 State=UP
PartitionName=gpu Nodes=small2 MaxTime=600 State=UP
"""


@dataclass
class SmallSlurm:
    """A running Slurm.

    Attributes
    ----------
    folder : of its configuration, state and logs.
    environment : in which its commands, and Snakemake, find it.
    daemons : its processes by name: `munged`, `slurmctld`, `small1`, `small2`.
    """

    folder: Path
    environment: dict[str, str]
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start one of its processes in the foreground, its output in a file."""
        with (self.folder / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output, start_new_session=True)

    def start_node(self, name: str) -> None:
        """Start a node, or start it again."""
        self.start(name, "slurmd", "-D", "-N", name)

    def stop(self, name: str) -> None:
        """End one of its processes as a power cut would; a node takes its jobs with it, before anybody can report their end."""
        jobs = self.processes("", name) if name.startswith("small") else []
        keepers = {parent for job in jobs if _command(parent := _parent(job)).startswith(b"slurmstepd")}
        process = self.daemons.pop(name)
        process.kill()
        for each in (*keepers, *jobs):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.wait()

    def ask(self, *command: str) -> str:
        """What a command of Slurm says."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout

    def processes(self, words: str, node: str = "") -> list[int]:
        """Processes of jobs of this Slurm whose command has these words in it, on one node or on all."""
        wanted = [f"SLURM_CONF={self.folder / 'slurm.conf'}".encode(), f"SLURMD_NODENAME={node}".encode()]
        of_jobs = [process for process in _all_processes() if all(part in _environment(process) for part in wanted)]
        return [process for process in of_jobs if words.encode() in _command(process)]

    def node_states(self) -> dict[str, str]:
        """The state of each node."""
        lines = self.ask("sinfo", "--noheader", "--Node", "--format=%N %T", "--partition=compute").splitlines()
        return dict(line.split() for line in lines)

    def wait_until(self, states: dict[str, str]) -> None:
        """Wait for nodes to reach states; what else they may be called after is not looked at."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            found = self.node_states()
            if all(found.get(name, "").startswith(state) for name, state in states.items()):
                return
            time.sleep(0.5)
        logs = "\n".join(f"{path.name}: {path.read_text(errors='replace')[-1500:]}" for path in sorted(self.folder.glob("*.log")))
        raise TimeoutError(f"nodes are {self.node_states()}, not {states}\n{logs}")


def _all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _parent(process: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return 0


def _command(process: int) -> bytes:
    return _from_proc(process, "cmdline")


def _environment(process: int) -> bytes:
    return _from_proc(process, "environ")


def _from_proc(process: int, name: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/{name}").read_bytes()
    return b""


def left_behind(place: Path) -> bool:
    """Whether a test that was killed has left its link there, to a Slurm that no longer runs.

    As long as it stays, every Snakemake of the machine waits nine seconds for a controller when it starts.
    """
    if not place.is_symlink():
        return False
    configuration = place.readlink()
    ours = configuration.parent.name.startswith("slurm") and any(part.startswith("pytest-of-") for part in configuration.parts)
    return ours and not any(f"SLURM_CONF={configuration}".encode() in _environment(process) for process in _all_processes())


def reason_against() -> str | None:
    """Why no Slurm can be started here; none where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:{_SYSTEM_PATH}") is None]
    if missing:
        return f"{', '.join(missing)} not installed: `make test-cluster` installs the packages slurm-wlm and munge as root"
    if _STANDARD_PLACE.exists() and not left_behind(_STANDARD_PLACE):
        return f"{_STANDARD_PLACE}: this machine has a Slurm of its own"
    return None if os.geteuid() == 0 else "the nodes of a Slurm are started as root only"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _configured(folder: Path, memory_mb: int) -> SmallSlurm:
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    for name in ("state", "small1", "small2"):
        (folder / name).mkdir()
    ports = {name: _free_port() for name in ("controller_port", "first_port", "second_port")}
    text = _SLURM_CONF.format(host=socket.gethostname().split(".")[0], folder=folder, memory_mb=memory_mb, **ports)
    (folder / "slurm.conf").write_text(text)
    # A graphics card on paper: jobs that ask for one get it, and there is nothing behind it.
    (folder / "gres.conf").write_text("NodeName=small2 Name=gpu File=/dev/null\n")
    prolog = folder / "task_prolog.sh"
    prolog.write_text(f"#!/bin/sh\necho export SLURM_CONF={folder / 'slurm.conf'}\n")
    prolog.chmod(0o755)
    path = f"{os.environ['PATH']}:{_SYSTEM_PATH}"
    return SmallSlurm(folder, {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": path})


def _start(slurm: SmallSlurm) -> None:
    files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid", "log-file": "munge.log", "seed-file": "munge.seed"}
    options = [f"--{option}={slurm.folder / name}" for option, name in files.items()]
    slurm.start("munged", "munged", "--foreground", "--force", *options)
    deadline = time.monotonic() + _PATIENCE_S
    while not (slurm.folder / "munge.socket").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    slurm.start("slurmctld", "slurmctld", "-D")
    for node in ("small1", "small2"):
        slurm.start_node(node)
    slurm.wait_until({"small1": "idle", "small2": "idle"})


@contextmanager
def small_slurm(folder: Path, memory_mb: int = _NODE_MEMORY_MB) -> Iterator[SmallSlurm]:
    """A Slurm of two nodes of two processors each, which is stopped at the end; the test is skipped where none can be started."""
    reason = reason_against()
    if reason:
        pytest.skip(reason)
    slurm = _configured(folder, memory_mb)
    _STANDARD_PLACE.parent.mkdir(exist_ok=True)
    if left_behind(_STANDARD_PLACE):
        _STANDARD_PLACE.unlink()
    _STANDARD_PLACE.symlink_to(folder / "slurm.conf")
    try:
        _start(slurm)
        yield slurm
    finally:
        _STANDARD_PLACE.unlink()
        slurm.ask("scancel", "--state=RUNNING", "--state=PENDING", "--user=root")
        for name in ("small1", "small2", "slurmctld", "munged"):
            if name in slurm.daemons:
                slurm.stop(name)
