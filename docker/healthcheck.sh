#!/bin/bash
# Succeeds when the server in this container is ready. bash alone, since a runtime image need not have curl.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${MOBILEDIFFUSION_PORT:-8080}"
printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
