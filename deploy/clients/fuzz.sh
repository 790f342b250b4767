#!/bin/sh
# Schemathesis over a running server's /openapi.json: deploy/clients/fuzz.sh URL [EXAMPLES_PER_OPERATION [SEED]]
# Ends with 1 when an answer is a 5xx, not of the described kind, or takes longer than 30 s. Installs itself into
# target/clients.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work="$here/../../target/clients"
[ $# -ge 1 ] || { sed -n 2,4p "$0" >&2; exit 2; }
mkdir -p "$work"
cd "$work"
[ -x fuzz/bin/schemathesis ] || { python3 -m venv fuzz && fuzz/bin/pip -q install schemathesis==4.32.5; }
fuzz/bin/python "$here/narrow_openapi.py" "$1" openapi.json
fuzz/bin/schemathesis run openapi.json --url "$1" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,unsupported_method \
    --phases examples,coverage,fuzzing --max-examples "${2:-1500}" --seed "${3:-7}" --continue-on-failure \
    --request-timeout 30 --workers 2 --suppress-health-check all --warnings off --no-color
