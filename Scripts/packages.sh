#!/bin/sh
# Installs the Debian packages that a job needs and that are missing; says which.
# Usage: Scripts/packages.sh build|demo|screenshot|test|bench
set -eu

build="binutils libc6-dev libstdc++-12-dev pkg-config libturbojpeg0-dev libzimg-dev libspng-dev
  libwebp-dev libgif-dev libheif-dev libexif-dev libedit-dev libchafa-dev libglib2.0-dev
  libsodium-dev libssl-dev libsqlite3-dev"
demo="mate-backgrounds"
screenshot="$demo fonts-dejavu-core python3 python3-pil tmux"
test="$demo gcc python3 python3-pytest python3-pil python3-venv python3-cryptography
  python3-argon2 tmux systemd iproute2 iperf3 jq man-db nftables procps
  avahi-daemon avahi-utils dbus"
bench="$demo gcc python3 python3-pil libvips-tools libsodium-dev libssl-dev openssl nats-server
  redis-server iproute2 iperf3"

case "${1:-}" in
  build) wanted="$build" ;;
  demo) wanted="$build $demo" ;;
  screenshot) wanted="$build $screenshot" ;;
  test) wanted="$build $test" ;;
  bench) wanted="$build $bench" ;;
  *)
    echo "usage: $0 build|demo|screenshot|test|bench" >&2
    exit 2
    ;;
esac

if ! command -v swift >/dev/null 2>&1; then
  echo "Swift 6.3 or newer is missing: install the toolchain for Debian 12 from" \
    "https://www.swift.org/install/linux/ and put its usr/bin on your PATH." >&2
  exit 1
fi

missing=""
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "These packages are missing, and there is no sudo to install them with; as root:" \
      "apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

echo "Installing Debian packages:$missing" >&2
install="apt-get install -y --no-install-recommends"
# A fresh machine has no package lists yet; an old one may have stale ones.
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive $install $missing >/dev/null 2>&1 || {
  $as_root apt-get update >/dev/null
  $as_root env DEBIAN_FRONTEND=noninteractive $install $missing >/dev/null
}
