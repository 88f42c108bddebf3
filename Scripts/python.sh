#!/bin/sh
# Makes .build/python, in which the end-to-end tests run: Debian's Python and its packages, and
# what Tests/EndToEndTests/requirements.txt names beyond them. Does nothing where it is there.
set -eu
cd "$(dirname "$0")/.."

wanted=Tests/EndToEndTests/requirements.txt
made=.build/python
if cmp -s "$wanted" "$made/requirements.txt" && "$made/bin/python3" -c '' 2>/dev/null; then
  exit 0
fi

echo "Installing Python packages: $(sed -n 's/^\([a-z]*==[^ ]*\).*/\1/p' "$wanted")" >&2
rm -rf "$made"
/usr/bin/python3 -m venv --system-site-packages "$made"
# What is needed of them is Debian's, so nothing else is fetched.
"$made/bin/python3" -m pip install --quiet --disable-pip-version-check --no-deps \
  --only-binary :all: --require-hashes --requirement "$wanted"
cp "$wanted" "$made/requirements.txt"
