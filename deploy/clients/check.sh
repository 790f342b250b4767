#!/bin/sh
# OpenAI's Python and Node SDKs, and webuiapi, against a running server: deploy/clients/check.sh URL [KEY]
# Installs both into target/clients, which needs python3, npm and their registries once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work="$here/../../target/clients"
[ $# -ge 1 ] || { sed -n 2,3p "$0" >&2; exit 2; }
mkdir -p "$work"
cd "$work"
[ -x venv/bin/python ] || { python3 -m venv venv && venv/bin/pip -q install openai==3.54.0; }
[ -d node_modules/openai ] || npm --silent install --no-save openai@6.49.0
cp "$here/openai_sdk.mjs" .
venv/bin/python "$here/openai_sdk.py" "$@"
node openai_sdk.mjs "$@"
[ $# -eq 1 ] || exit 0 # webuiapi is tried without a key
address=${1#http://}
[ -d venv/webuiapi ] || { venv/bin/pip -q install webuiapi==0.9.17 pillow==12.0.0 && mkdir venv/webuiapi; }
venv/bin/python "$here/webui_api.py" "${address%%:*}" "${address##*:}"
