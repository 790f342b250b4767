#!/bin/sh
# Renders the manifests and compares every field with Kubernetes' own schema, without a cluster.
#
# Needs kubectl, and one of
#   kubeconform            go install github.com/yannh/kubeconform/cmd/kubeconform@v0.6.7, and network for the schemas, or
#                          SCHEMAS=FOLDER with them, each whole in a file of its own (deployment-apps-v1.json)
#   kubernetes-validate    pip install kubernetes-validate
# PodMonitor is the Prometheus operator's and ScaledObject KEDA's; kubeconform takes their schemas from the catalogue of CRDs where
# there is network.
set -eu
cd "$(dirname "$0")"
version=1.30

command -v kubectl >/dev/null || {
    echo "check.sh: kubectl is missing, so NOTHING was checked" >&2
    exit 1
}
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
if command -v kubeconform >/dev/null; then
    for each in . monitoring fleet keda; do echo --- && kubectl kustomize $each; done >"$rendered"
    if [ -n "${SCHEMAS:-}" ]; then
        echo "check.sh: PodMonitor and ScaledObject are left out, they have no schema in $SCHEMAS"
        kubeconform -strict -summary -skip PodMonitor,ScaledObject \
            -schema-location "$SCHEMAS/{{ .ResourceKind }}{{ .KindSuffix }}.json" - <"$rendered"
    else
        kubeconform -strict -summary -kubernetes-version $version.0 -schema-location default \
            -schema-location 'https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json' - <"$rendered"
    fi
elif command -v kubernetes-validate >/dev/null; then
    for each in . fleet; do
        kubectl kustomize $each >"$rendered"
        kubernetes-validate --strict --no-warn -k "$version" "$rendered"
    done
    for each in monitoring keda; do
        kubectl kustomize $each >/dev/null
    done
    echo "check.sh: PodMonitor and ScaledObject were rendered, and their fields not compared: kubeconform does that"
else
    echo "check.sh: kubeconform and kubernetes-validate are missing, so NOTHING was checked" >&2
    exit 1
fi
