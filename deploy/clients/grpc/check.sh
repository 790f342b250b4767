#!/usr/bin/env bash
# gRPC clients of four languages, as processes, against servers that this script starts: plain, with a key, with key and TLS.
#
#   deploy/clients/grpc/check.sh [grpcio] [grpc-java] [grpc-js] [grpcurl]      all four by default
#
# grpcio (the C core, which C++, Ruby and PHP share), grpc-js and grpcurl are installed into target/clients/grpc, which needs
# python3, npm and go and their registries once. Each client asks for health, lists models, draws a picture as a stream, cancels
# one, lets a deadline pass, and is refused without its key. Needs the built program (./mobilediffusion builds it).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$root/target/clients/grpc
proto=$root/server/src/main/proto
[ $# -gt 0 ] || set -- grpcio grpc-java grpc-js grpcurl
mkdir -p "$work"
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :; rm -rf "$scratch"' EXIT

prepare() {
  case $1 in
    grpcio)
      [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
      "$work/venv/bin/python" -c 'import grpc, grpc_tools, grpc_health, grpc_reflection' 2>/dev/null ||
        "$work/venv/bin/pip" -q install grpcio==1.80.0 grpcio-tools==1.80.0 grpcio-health-checking==1.80.0 grpcio-reflection==1.80.0
      "$work/venv/bin/python" -m grpc_tools.protoc -I "$proto" --python_out="$work" --grpc_python_out="$work" \
        mobilediffusion/v1/image_generation.proto
      ;;
    grpc-js)
      [ -d "$work/node_modules/@grpc/grpc-js" ] ||
        npm --silent --prefix "$work" install --no-save @grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1
      ;;
    grpcurl) [ -x "$work/bin/grpcurl" ] || GOBIN=$work/bin go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3 ;;
    grpc-java) ;;
    *) echo "no client $1: grpcio, grpc-java, grpc-js or grpcurl" >&2; exit 2 ;;
  esac
}

# The client's own arguments: TARGET KEY CA, of which the last two may be empty
run() {
  case $1 in
    grpcio) PYTHONPATH=$work "$work/venv/bin/python" "$here/client.py" "$2" "$3" "$4" ;;
    grpc-js) NODE_PATH=$work/node_modules node "$here/client.cjs" "$2" "$3" "$4" "$proto" ;;
    grpcurl) PATH=$work/bin:$PATH "$here/grpcurl.sh" "$2" "$3" "$4" ;;
    grpc-java) "${JAVA:-java}" -cp "$root/server/target/app/mobilediffusion.jar" "$here/Client.java" "$2" "$3" "$4" ;;
  esac
}

# start FLAG...: sets port and grpc_port
start() {
  : >"$scratch/out"
  "$root/mobilediffusion" serve --port 0 --data "$scratch/data" --model pocket "$@" >"$scratch/out" 2>"$scratch/err" &
  server=$!
  until grep -q '^listening' "$scratch/out"; do
    kill -0 "$server" 2>/dev/null || { cat "$scratch/err" >&2; exit 1; }
    sleep 0.2
  done
  port=$(sed -n 's|^listening at https*://[^:]*:\([0-9]*\),.*|\1|p' "$scratch/out")
  grpc_port=$(sed -n 's|.*gRPC at port \([0-9]*\).*|\1|p' "$scratch/out")
}

stop() {
  kill "$server"
  wait "$server"
  server=
}

for client; do prepare "$client"; done
"$root/mobilediffusion" keys --help >/dev/null

echo "== plain, port of its own"
start
for client; do run "$client" "localhost:$grpc_port" "" ""; done
stop

key=$("$root/mobilediffusion" keys add clients --data "$scratch/data")
echo "== with a key"
MOBILEDIFFUSION_REQUIRE_KEYS=true start
for client; do run "$client" "localhost:$grpc_port" "$key" ""; done
stop

echo "== with a key and TLS"
MOBILEDIFFUSION_REQUIRE_KEYS=true start --tls
curl -sk "https://localhost:$port/ca.pem" >"$scratch/ca.pem"
# BoringSSL, so gRPC's C core, cannot read a root's constraint to addresses; it trusts the server's own certificate instead
openssl x509 -in "$scratch/data/tls/server.pem" -out "$scratch/leaf.pem"
for client; do
  trusted=$scratch/ca.pem
  [ "$client" != grpcio ] || trusted=$scratch/leaf.pem
  run "$client" "localhost:$grpc_port" "$key" "$trusted"
done
stop
echo "all clients passed: $*"
