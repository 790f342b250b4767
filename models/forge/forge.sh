#!/bin/sh
# From a bare machine to a bundle: installs what the forge needs, trains, measures, exports. Whatever stops it, the same
# command goes on where it stopped.
#
#     models/forge/forge.sh                # eight hours of training, then models/pocket is replaced
#     models/forge/forge.sh 60 my-bundle   # one hour, another folder
#
# Wants Python 3.11 or newer, and disk: 6 GB for Python's packages (CUDA's libraries are most of it) and 60 MB of drawn
# pictures per minute of the budget, 28 GB for eight hours. One CUDA GPU is used if there is one, else every core. Nothing
# is downloaded but Python's packages and the emoji sets (npm), and everything but the bundle lies in the user's cache folder.
set -eu

minutes=${1:-480}
forge=$(cd "$(dirname "$0")" && pwd)
bundle=${2:-$forge/../pocket}
bundle=${bundle%/}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mobilediffusion
venv=$cache/venv
run=$cache/pocket

# 1. A Python of the forge's own, outside the checkout (2 minutes, once)
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "forge.sh: needs Python 3.11 or newer as python3, found $(python3 --version 2>&1 || echo none)" >&2
  exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv" || { echo "forge.sh: python3 has no venv module: install it (Debian: python3-venv)" >&2; exit 1; }
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$forge"

# 2. Fetch the emoji sets that pictures are composed of, and take the autoencoder of the weights that are here (minutes)
[ -e "$cache/concepts/assets.json" ] || "$venv/bin/python" -m forge assets
[ -e "$run/vae" ] || "$venv/bin/python" -m forge adopt "$forge/checkpoints/pocket" --stages vae --run "$run"

# 3. Text tower and denoiser together, which learn to draw in one step; then the decoder on what they draw; the checker
"$venv/bin/python" -m forge train --minutes "$minutes" --run "$run"

# 4. Obedience, Fréchet distance, diversity and sheets in $run/evaluation (minutes)
"$venv/bin/python" -m forge evaluate --run "$run" --first --simple --prompts 300

# 5. The bundle in the diffusers ONNX layout, which `./mobilediffusion` runs (seconds)
"$venv/bin/python" -m forge export --run "$run" --out "$run/bundle"
"$venv/bin/python" -m forge add-encoder "$run/bundle" --run "$run"

# 6. Integers, and what they cost: matrices as they come, decoder and encoder by what they see of drawings (minutes; docs/adr/0010)
rm -rf "$run/mixed"
"$venv/bin/python" -m forge quantize "$run/bundle" --kind int8-mixed --networks text_encoder unet --out "$run/mixed"
"$venv/bin/python" -m forge quantize "$run/mixed" --kind int8-static --networks vae_decoder vae_encoder --out "$bundle"
mv "$bundle.quantization.json" "$run/"
