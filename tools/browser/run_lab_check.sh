#!/bin/bash
# Runs notebooks in a real JupyterLab in Chromium and checks them: lab_check.mjs moves sliders,
# session_check.mjs sits chapter 02's experiment (session.ipynb).
# usage: tools/browser/run_lab_check.sh VENV CHECK.mjs NOTEBOOK...  (pictures: build/browser/NAME/)
# Needs node, npm and Chromium (Debian: apt-get install chromium nodejs npm); CHROMIUM=path if it
# is not /usr/bin/chromium; RUN_SECONDS=300 is the time that all cells may take.
set -eu
if [ $# -lt 3 ]; then sed -n 2,6p "$0"; exit 2; fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=$(cd "$1/bin" && pwd)/python
check=$2
shift 2
out=$root/build/browser

[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { echo "Chromium is missing: apt-get install chromium"; exit 1; }
[ -d "$here/node_modules/playwright-core" ] || npm install --silent --prefix "$here"

# A copy inside the checkout: Lab may save it, and the set-up cell still finds the library.
mkdir -p "$out"

temporary=$(mktemp -d)
server_pid=
cleanup() {
  if [ -n "$server_pid" ]; then kill "$server_pid" 2>/dev/null || true; wait "$server_pid" 2>/dev/null || true; fi
  rm -rf "$temporary"
}
trap cleanup EXIT

# A Lab of its own: no settings of the user, no question about news, no autosave, and all cells
# in the page at once, also those out of sight.
export JUPYTER_CONFIG_DIR=$temporary/config JUPYTER_DATA_DIR=$temporary/data
export JUPYTER_RUNTIME_DIR=$temporary/runtime IPYTHONDIR=$temporary/ipython
export JUPYTERLAB_SETTINGS_DIR=$temporary/settings JUPYTERLAB_WORKSPACES_DIR=$temporary/workspaces
setting() { mkdir -p "$JUPYTERLAB_SETTINGS_DIR/@jupyterlab/$(dirname "$1")"; echo "$2" > "$JUPYTERLAB_SETTINGS_DIR/@jupyterlab/$1.jupyterlab-settings"; }
setting apputils-extension/notification '{"fetchNews": "false", "checkForUpdates": false}'
setting docmanager-extension/plugin '{"autosave": false}'
setting notebook-extension/tracker '{"windowingMode": "none"}'

unset CVLIB_HEADLESS
export CVLIB_PROFILE=smoke CVLIB_OFFLINE=1 CVLIB_RUNS=$temporary/runs
token=$("$python" -c 'import secrets; print(secrets.token_hex(16))')
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$python" -m jupyterlab --no-browser --allow-root --ip 127.0.0.1 --port "$port" \
  --IdentityProvider.token="$token" --ServerApp.root_dir="$root" > "$temporary/lab.log" 2>&1 &
server_pid=$!
url=http://127.0.0.1:$port
for _ in $(seq 120); do
  curl -fs "$url/api?token=$token" > /dev/null && break
  kill -0 "$server_pid" 2>/dev/null || { cat "$temporary/lab.log"; exit 1; }
  sleep 0.5
done

status=0
for notebook in "$@"; do
  name=$(basename "$notebook" .ipynb)
  rm -rf "${out:?}/$name"; mkdir -p "$out/$name"
  cp "$notebook" "$out/$name/chapter.ipynb"
  echo "$name"
  node "$here/$check" "$url" "$token" "build/browser/$name/chapter.ipynb" "$out/$name" || status=$?
done
[ $status = 0 ] || tail -20 "$temporary/lab.log"
exit $status
