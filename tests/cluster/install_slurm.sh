#!/usr/bin/env bash
# Installs Slurm and munge from Debian's packages where that is allowed; says why not where it is not.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin"
if command -v slurmctld >/dev/null && command -v munged >/dev/null; then
    exit 0
elif [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Slurm is not installed, and packages are installed by root on Debian and its relatives only; the tests will be skipped."
else
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null ||
        echo "The packages slurm-wlm and munge cannot be installed here; the tests will be skipped."
fi
