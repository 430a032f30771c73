# SPDX-License-Identifier: GPL-3.0-or-later
"""A Slurm of one machine: its own programs, started as root without systemd, on ports and folders of a test."""

import os
import shutil
import socket
import subprocess
import time

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scontrol", "squeue")
_CONF = """\
ClusterName=understudy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=10
NodeName=localhost NodeAddr=127.0.0.1 NodeHostname={host} CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs():
    """The programs that are not on this machine."""
    return [name for name in PROGRAMS if _find(name) is None]


def _find(name):
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class Cluster:
    """The running programs; `environment` is what the commands need."""

    def __init__(self, folder):
        self.folder = folder
        self._processes = []
        for name in ("state", "spool", "munge"):
            (folder / name).mkdir(mode=0o700)
        key = folder / "munge" / "key"
        key.write_bytes(os.urandom(64))
        key.chmod(0o400)
        ports = _free_ports(2)
        conf = folder / "slurm.conf"
        conf.write_text(
            _CONF.format(
                folder=folder,
                host=socket.gethostname().partition(".")[0],
                controller_port=ports[0],
                node_port=ports[1],
                cpus=os.cpu_count(),
            )
        )
        self.environment = {"SLURM_CONF": str(conf)}
        places = [f"--{name}={folder}/munge/{file}" for name, file in
                  (("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))]  # fmt: skip
        self._start("munged", "--foreground", "--force", f"--key-file={key}", *places)
        self._wait_for((folder / "munge" / "socket").exists)
        self._start("slurmctld", "-D")
        self._start("slurmd", "-D", "-N", "localhost")
        self._wait_for(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T"))

    def call(self, *command):
        """Run one of Slurm's commands; returns what it printed, also where it failed."""
        done = subprocess.run(
            [str(word) for word in command],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def wait_for_jobs(self, seconds=240):
        """Wait until no job waits or runs."""
        self._wait_for(lambda: self.call("squeue", "-h").strip() == "", seconds)

    def states(self, job):
        """The last state of each task of an array, with its exit code, by task."""
        task_states = {}
        for line in self.call("scontrol", "-o", "show", "job", job).splitlines():
            facts = dict(word.split("=", 1) for word in line.split() if "=" in word)
            if facts.get("ArrayTaskId", "").isdecimal():
                task_states[int(facts["ArrayTaskId"])] = (
                    facts["JobState"],
                    facts["ExitCode"],
                    facts["Restarts"],
                )
        return task_states

    def close(self):
        """End the programs."""
        self.call("scancel", "--user=root")
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name, *words):
        with (self.folder / f"{name}.output").open("wb") as output:
            process = subprocess.Popen(
                [_find(name), *words], env=os.environ | self.environment, stdout=output, stderr=output
            )
        self._processes.append(process)

    def _wait_for(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                said = "\n".join(
                    path.read_text(errors="replace")[-1500:] for path in self.folder.glob("*.output")
                )
                raise AssertionError(f"Slurm did not get there: {self.call('squeue')}\n{said}")
            time.sleep(0.2)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for entry in sockets:
            entry.bind(("127.0.0.1", 0))
        return [entry.getsockname()[1] for entry in sockets]
    finally:
        for entry in sockets:
            entry.close()
