#!/bin/sh
# Removes the installed server.
#
#   sudo sh uninstall.sh [--purge]     --purge also removes jobs, keys and settings
set -eu
prefix=$(CDPATH='' cd -- "$(dirname "$0")" && pwd -P)
if [ ! -f "$prefix/PLATFORM" ] || [ ! -f "$prefix/start.sh" ]; then
    echo "uninstall.sh: $prefix is not an installed server" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "uninstall.sh: only root may remove $prefix" >&2
    exit 1
fi
if command -v systemctl >/dev/null && [ -f /etc/systemd/system/mobilediffusion.service ]; then
    systemctl disable --now mobilediffusion || :
    rm -f /etc/systemd/system/mobilediffusion.service
    systemctl daemon-reload
fi
cd /
rm -rf "$prefix"
if [ "${1:-}" = --purge ]; then
    rm -rf /var/lib/mobilediffusion /var/lib/private/mobilediffusion /etc/default/mobilediffusion
else
    echo "Jobs and keys stay in /var/lib/mobilediffusion, settings in /etc/default/mobilediffusion; --purge removes them"
fi
