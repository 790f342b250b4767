#!/bin/sh
# Starts an assembled program: tells the launcher beside this script where the native libraries lie, and becomes it.
set -eu
home=$(CDPATH='' cd -- "$(dirname "$0")" && pwd -P)
natives="-Donnxruntime.native.path=$home/native -Dorg.sqlite.lib.path=$home/native -Djava.library.path=$home/native"
MOBILEDIFFUSION_JAVA_OPTS="$natives ${MOBILEDIFFUSION_JAVA_OPTS:-}"
export MOBILEDIFFUSION_JAVA_OPTS
exec "$home/mobilediffusion" "$@"
