#!/usr/bin/env bash
# grpcurl against a running server: grpcurl.sh TARGET [KEY [CA.pem]]. See check.sh
set -euo pipefail
target=$1 key=${2:-} ca=${3:-}
service=mobilediffusion.v1.ImageGeneration
transport=(-plaintext)
[ -z "$ca" ] || transport=(-cacert "$ca")
mine=()
[ -z "$key" ] || mine=(-H "authorization: Bearer $key")

ask() { # FLAG... METHOD, with the key
  grpcurl "${transport[@]}" "${mine[@]}" -max-time 60 "$@"
}

fails() { # CODE FLAG...: the call ends with that status
  local code=$1 said
  shift
  if said=$(grpcurl "${transport[@]}" "$@" 2>&1); then
    echo "grpcurl $* did not fail" >&2
    return 1
  fi
  case $said in *"$code"*) ;; *) echo "expected $code: $said" >&2; return 1 ;; esac
}

ask "$target" list | grep -x "$service" >/dev/null
ask "$target" describe mobilediffusion.v1.GenerateRequest | grep guidance_scale >/dev/null
ask "$target" grpc.health.v1.Health/Check | grep '"SERVING"' >/dev/null
ask -d '{"prompt": "a red house", "seed": 7}' "$target" "$service/Generate" | grep '"data": "iVBORw0KGgo' >/dev/null
long='{"prompt": "a yellow boat", "seed": 7, "n": 10}'
fails DeadlineExceeded "${mine[@]}" -max-time 0.2 -d "$long" "$target" "$service/Generate"
ask "$target" "$service/ListModels" | grep '"pocket"' >/dev/null
if [ -n "$key" ]; then
  fails "asks for an API key" -max-time 60 "$target" list # on an open stream: a stranger holds nothing
  fails Unauthenticated -max-time 60 -import-path "$(dirname "$0")/../../../server/src/main/proto" \
    -proto mobilediffusion/v1/image_generation.proto -d "$long" "$target" "$service/Generate"
fi
echo "grpcurl: reflection, health, stream, deadline${key:+, key}${ca:+, TLS}"
