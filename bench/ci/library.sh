#!/usr/bin/env bash
# Did a library's methods get worse from one commit to another? Each commit gets an environment of
# its own with the same koopmark, and a run of the same suite; then the two runs are compared.
#
# From the environment:
#   LIBRARY   folder of the library's clone, with both commits in it
#   BASE      commit to compare with          HEAD     commit to judge (HEAD)
#   INSTALL   how a checkout is installed (python -m pip install .), run in it
#   KOOPMARK  what pip installs as koopmark (the clone this script is in); empty where it is there already
#   SUITE     what is run (smoke)             METHODS  names of methods to run as well, by spaces
#   PYTHON    interpreter of the environments (python3)
#   OUT       where everything goes (koopmark-runs)
#
# Exit code 1 where something got worse, 2 where the runs cannot be made or compared.
set -euo pipefail

: "${LIBRARY:?names the clone of the library}" "${BASE:?names the commit to compare with}"
HEAD=${HEAD:-HEAD} INSTALL=${INSTALL:-python -m pip install .} KOOPMARK=${KOOPMARK-$(cd "$(dirname "$0")/../.." && pwd)}
SUITE=${SUITE:-smoke} METHODS=${METHODS:-} PYTHON=${PYTHON:-python3}
# The first push of a branch has nothing before it.
case $BASE in *[!0]*) ;; *) BASE=$HEAD~1 ;; esac
mkdir -p "${OUT:=koopmark-runs}"
OUT=$(cd "$OUT" && pwd)

fail() { echo "library.sh: $1" >&2; exit 2; }
commit() {
  git -C "$LIBRARY" rev-parse --verify --quiet "$1^{commit}" ||
    fail "$1 is no commit of $LIBRARY: a shallow clone lacks it (fetch-depth: 0)"
}

checkout() {  # side, commit
  rm -rf "$OUT/source-$1"
  git clone --quiet --no-checkout "$LIBRARY" "$OUT/source-$1"
  # A commit that no branch holds, such as a pull request's, is not cloned.
  git -C "$OUT/source-$1" fetch --quiet "$(cd "$LIBRARY" && pwd)" "$2"
  git -C "$OUT/source-$1" checkout --quiet --detach "$2"
}

install() {  # side
  local venv="$OUT/venv-$1"
  test -e "$venv" || "$PYTHON" -m venv "$venv"
  if [ -n "$KOOPMARK" ]; then
    # What koopmark itself needs is the same on both sides; what the library needs is its own.
    local same=()
    test ! -e "$OUT/constraints.txt" || same=(--constraint "$OUT/constraints.txt")
    "$venv/bin/python" -m pip install --quiet "${same[@]}" "$KOOPMARK"
    test -e "$OUT/constraints.txt" ||
      "$venv/bin/python" -m pip freeze --exclude koopmark > "$OUT/constraints.txt"
  fi
  (cd "$OUT/source-$1" && PATH="$venv/bin:$PATH" bash -c "$INSTALL") ||
    fail "the $1 commit cannot be installed by: $INSTALL"
}

run() {  # side
  local methods=() name
  for name in $METHODS; do methods+=(--method "$name"); done
  # From the head's checkout on both sides: of a method that is a file, one version judges both.
  # Of the library each side has what is installed: the checkout itself is not to be imported.
  (cd "$OUT/source-head" && PYTHONSAFEPATH=1 "$OUT/venv-$1/bin/python" -m koopmark run "$SUITE" \
    --fresh --out "$OUT/$1" "${methods[@]}") || fail "the suite cannot be run with the $1 commit"
}

base=$(commit "$BASE")
head=$(commit "$HEAD")
echo "koopmark: $SUITE, ${base:0:12} against ${head:0:12}"
rm -f "$OUT/constraints.txt"
checkout base "$base"
checkout head "$head"
for side in base head; do
  install $side
  run $side
done
PYTHONSAFEPATH=1 "$OUT/venv-head/bin/python" -m koopmark check "$OUT/head" --against "$OUT/base" \
  --markdown "$OUT/check.md" || { code=$?; cat "$OUT/check.md" 2> /dev/null; exit $code; }
