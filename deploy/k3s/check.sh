#!/bin/sh
# Renders the manifests and compares every field with Kubernetes' own schema, without a cluster.
#
# Needs kubectl, and the Python package kubernetes-validate, which carries the schemas (pip install kubernetes-validate).
set -eu
cd "$(dirname "$0")"
version=1.30

command -v kubectl >/dev/null || {
    echo "check.sh: kubectl is missing, so NOTHING was checked" >&2
    exit 1
}
command -v kubernetes-validate >/dev/null || {
    echo "check.sh: kubernetes-validate is missing, so NOTHING was checked (pip install kubernetes-validate)" >&2
    exit 1
}
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
kubectl kustomize . >"$rendered"
kubernetes-validate --strict --no-warn -k "$version" "$rendered"
