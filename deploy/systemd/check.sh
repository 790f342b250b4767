#!/bin/sh
# Checks the unit file without installing it: systemd's own verdict on every line, and on how much is locked up.
set -eu
cd "$(dirname "$0")"
command -v systemd-analyze >/dev/null || {
    echo "check.sh: systemd-analyze is missing, so NOTHING was checked" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# verify asks whether the program exists; here it need not
sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' mobilediffusion.service >"$work/mobilediffusion.service"
systemd-analyze verify --man=no "$work/mobilediffusion.service"
systemd-analyze security --offline=true --threshold=25 "$work/mobilediffusion.service" | tail -n 1
