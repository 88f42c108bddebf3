#!/bin/sh
# chatd in half a minute, in one terminal: a server, two people, a photograph. Then all of it ends.
# Usage: [CHATD=path] [PHOTO=path] Scripts/demo.sh
set -eu

chatd=${CHATD:-.build/release/chatd}
case $chatd in
  /*) ;;
  */*) chatd=$PWD/$chatd ;;
  *) chatd=$(command -v "$chatd" || echo "$chatd") ;;
esac
[ -x "$chatd" ] || {
  echo "$0: $chatd is not there; first: make build" >&2
  exit 1
}

photo=${PHOTO:-}
if [ -z "$photo" ]; then
  for photo in /usr/share/backgrounds/mate/nature/Garden.jpg \
    /usr/share/backgrounds/mate/nature/*.jpg; do
    [ -f "$photo" ] && break
  done
fi
[ -f "$photo" ] || {
  echo "$0: no photograph: PHOTO=path names one, or: Scripts/packages.sh demo" >&2
  exit 1
}
photo=$(realpath "$photo")

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  escape=$(printf '\033')
  bold="${escape}[1m" dim="${escape}[2m" plain="${escape}[0m"
fi

folder=$(mktemp -d)
server='' bea='' anoop='' reader=''

clean_up() {
  status=$?
  trap '' INT TERM HUP
  exec 3>&- 4>&-
  for process in $bea $anoop $server $reader; do kill "$process" 2>/dev/null || true; done
  for process in $bea $anoop $server $reader; do wait "$process" 2>/dev/null || true; done
  rm -rf "$folder"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

show() { printf '%s$ %s%s\n' "$bold" "$1" "$plain"; }
remark() { printf '%s%s%s\n' "$dim" "$1" "$plain"; }
bea_says() { printf '%s\n' "$1" >&3; sleep "$2"; }
anoop_says() { printf '%s\n' "$1" >&4; sleep "$2"; }

cd "$folder"
mkfifo bea.in anoop.in anoop.out

show 'chatd serve --port 0'
"$chatd" serve --port 0 >transcript 2>log &
server=$!
port=''
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  port=$(sed -n 's/.* info listening address=[^ ]*:\([0-9][0-9]*\) .*/\1/p' log)
  [ -z "$port" ] || break
  sleep 0.1
done
[ -n "$port" ] || {
  cat log >&2
  exit 1
}
remark "$(sed -n '/ listening /p' log)"
CHATD_SERVER=localhost:$port
export CHATD_SERVER

echo
show "chatd join --name Bea --server localhost:$port"
"$chatd" join --name Bea --quiet <bea.in &
bea=$!
exec 3>bea.in
show "chatd join --name Anoop --server localhost:$port"
# Bea's chatd draws the photograph; of Anoop's only what Bea says is shown here.
sed -un '/^Bea: /p' <anoop.out 3>&- &
reader=$!
"$chatd" join --name Anoop --quiet --no-save <anoop.in >anoop.out 3>&- &
anoop=$!
exec 4>anoop.in
sleep 0.7
remark 'What each of them says, as the chatd of the other one prints it:'
anoop_says 'Good morning, Bea! Is the coffee on?' 1.6
bea_says 'It is. How was the walk?' 1.6
anoop_says 'The garden is awake. Look:' 1.2

echo
show "chatd send-image --name Anoop-phone --path $(basename "$photo")"
"$chatd" send-image --name Anoop-phone --path "$photo" 3>&- 4>&-
sleep 2.5
bea_says 'Lovely! Come in before the coffee is cold.' 1.6
anoop_says 'On my way.' 1.2

echo
remark 'The conversation as the server wrote it down:'
exec 3>&- 4>&-
wait "$bea" "$anoop" || true
bea='' anoop=''
kill "$server"
wait "$server"
server=''
while IFS= read -r line; do remark "  $line"; done <transcript
