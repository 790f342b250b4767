#!/bin/sh
# From a bare machine to a bundle: installs what the forge needs, trains, measures, exports. Whatever stops it, the same
# command goes on where it stopped.
#
#     models/forge/forge.sh                # eight hours of training, then models/pocket is replaced
#     models/forge/forge.sh 60 my-bundle   # one hour, another folder
#
# Wants Python 3.11 or newer, and disk: 6 GB for Python's packages (CUDA's libraries are most of it) and 60 MB of drawn
# pictures per minute of the budget, 28 GB for eight hours. One CUDA GPU is used if there is one, else every core. Nothing
# is downloaded but Python's packages, and everything but the bundle lies in the user's cache folder.
set -eu

minutes=${1:-480}
forge=$(cd "$(dirname "$0")" && pwd)
bundle=${2:-$forge/../pocket}
bundle=${bundle%/}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mobilediffusion
venv=$cache/venv
run=$cache/pocket

share() { # share PERCENT: minutes of the budget
  awk -v minutes="$minutes" -v percent="$1" 'BEGIN { print minutes * percent / 100 }'
}

# 1. A Python of the forge's own, outside the checkout (2 minutes, once)
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "forge.sh: needs Python 3.11 or newer as python3, found $(python3 --version 2>&1 || echo none)" >&2
  exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv" || { echo "forge.sh: python3 has no venv module: install it (Debian: python3-venv)" >&2; exit 1; }
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$forge"

# 2. Draw the pictures; train text tower, autoencoder, denoiser, decoder and checker (three quarters of the budget)
"$venv/bin/python" -m forge train --minutes "$(share 75)" --run "$run"

# 3. Distil the denoiser to eight steps, and that to one; make the decoder narrower (docs/adr/0014)
"$venv/bin/python" -m forge train --stage eight-step --minutes "$(share 10)" --smallest 256 --run "$run"
"$venv/bin/python" -m forge train --stage one-step --minutes "$(share 12)" --smallest 256 --pairs-from eight-step \
  --discriminator heads --run "$run"
"$venv/bin/python" -m forge train --stage prune --decoder-widths 96 48 24 --minutes "$(share 3)" --run "$run"

# 4. Obedience, CLIP score, Fréchet distance, diversity, reconstruction, and a sheet of 24 held-out prompts in
#    $run/evaluation (minutes)
"$venv/bin/python" -m forge evaluate --run "$run"

# 5. The bundle in the diffusers ONNX layout, which `./mobilediffusion` runs (seconds)
"$venv/bin/python" -m forge export --run "$run" --decoder "$run/pruned-96-48-24-111" --out "$run/bundle"

# 6. Its matrices and its decoder on integers, and what that costs (minutes; docs/adr/0010)
"$venv/bin/python" -m forge quantize "$run/bundle" --kind int8-dynamic --networks text_encoder unet --out "$run/bundle-dynamic"
"$venv/bin/python" -m forge quantize "$run/bundle-dynamic" --kind int8-static --networks vae_decoder --out "$bundle"
mv "$bundle.quantization.json" "$run/"
"$venv/bin/python" -m forge compare "$run/bundle" "$bundle" --prompts 96 --checker "$run"
