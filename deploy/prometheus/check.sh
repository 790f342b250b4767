#!/bin/sh
# Checks the Prometheus configuration, the alert rules with their tests, and every query of the Grafana dashboard.
set -eu
cd "$(dirname "$0")"

command -v promtool >/dev/null || {
    echo "check.sh: promtool is missing, so NOTHING was checked (Debian, Raspberry Pi OS: sudo apt install prometheus)" >&2
    exit 1
}

promtool check config prometheus.yml
promtool test rules mobilediffusion.rules.test.yml

queries=$(mktemp)
trap 'rm -f "$queries"' EXIT
../check-metrics --print-queries >"$queries"
promtool check rules "$queries"
