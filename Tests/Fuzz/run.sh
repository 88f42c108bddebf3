#!/bin/sh
# Fuzzes what reads bytes from outside: Tests/Fuzz/run.sh SECONDS [NAME…]
#
# Builds each fuzzer into .build/fuzz, runs what was found before, then looks for more for SECONDS.
# Prints one line for each; ends with 1 and names the file when something was found.
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:?how many seconds for each fuzzer?}
shift
[ $# -gt 0 ] || set -- Classifier JPEGHeader Server Client Noise Session NativeMessage \
  NativeServer NativeClient Import
out=.build/fuzz
export SWIFT_DETERMINISTIC_HASHING=1
export ASAN_OPTIONS=detect_leaks=0

# What an import reads with, which is no part of the engine.
import='Store/HistoryLine Store/HistoryKind System/JSONReader System/JSONObject Identity/Base64'

build() {
  if [ -x "$out/$1" ] && [ -z "$(find Sources/ChatEngine Sources/ChatCore Tests/Fuzz \
    -name '*.swift' -newer "$out/$1" -print -quit)" ]; then
    return
  fi
  rm -rf "$out/beside"
  mkdir "$out/beside"
  if [ "$1" = Import ]; then
    for part in $import; do
      # There is but one module here.
      sed '/^import ChatEngine$/d' "Sources/ChatCore/$part.swift" >"$out/beside/${part#*/}.swift"
    done
  fi
  # All of the engine in one module with the harness, so that it sees what a test sees. The module
  # maps of its C libraries say nothing about linking.
  # The linker's remarks about the sanitizer are kept for when it fails.
  if ! find Sources/ChatEngine "$out/beside" -name '*.swift' -exec \
    swiftc -sanitize=fuzzer,address -O -wmo -swift-version 6 -parse-as-library \
    -I Sources/CSodium -I Sources/CCrypto -lsodium -lcrypto \
    -module-name "$1Fuzz" -package-name chatd -o "$out/$1" \
    Tests/Fuzz/FuzzInput.swift "Tests/Fuzz/$1Fuzz.swift" {} + >"$out/build.log" 2>&1; then
    cat "$out/build.log"
    exit 2
  fi
}

# Says which input ended the fuzzer, and what it said.
report() {
  echo "$1: found something, see $out/$1.log"
  grep -m 1 -E 'Fatal error|ERROR:|runtime error' "$out/$1.log" || true
  echo "  reproduce: SWIFT_DETERMINISTIC_HASHING=1 $out/$1 $2"
  echo "  keep it:   cp $2 Tests/Fuzz/Regressions/$1/"
}

fuzz() {
  mkdir -p "$out/found/$1" "$out/corpus/$1" "Tests/Fuzz/Regressions/$1"
  for file in Tests/Fuzz/Regressions/"$1"/* Tests/Fuzz/Corpus/"$1"/*; do
    [ -f "$file" ] || continue
    if ! "$out/$1" "$file" >"$out/$1.log" 2>&1; then
      report "$1" "$file"
      return 1
    fi
  done
  rm -f "$out/found/$1"/*
  if ! "$out/$1" -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -use_value_profile=1 -artifact_prefix="$out/found/$1/" \
    "$out/corpus/$1" "Tests/Fuzz/Corpus/$1" "Tests/Fuzz/Regressions/$1" \
    >"$out/$1.log" 2>&1; then
    report "$1" "$(find "$out/found/$1" -type f | head -n 1)"
    return 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$1.log")
  coverage=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\).*/\1 edges, \2 features/p' \
    "$out/$1.log" | tail -n 1)
  printf '%-13s %9s executions in %s s, %s\n' "$1" "$runs" "$seconds" "$coverage"
}

mkdir -p "$out"
status=0
for name in "$@"; do
  build "$name"
  fuzz "$name" || status=1
done
exit $status
