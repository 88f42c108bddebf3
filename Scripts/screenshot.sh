#!/bin/sh
# Makes Docs/screenshot.png: a server, and people who talk in terminals that nobody sees (tmux).
# Usage: [CHATD=path] [PHOTO=path] Scripts/screenshot.sh [OUTPUT.png]
set -eu

chatd=$(realpath "${CHATD:-.build/release/chatd}")
photo=$(realpath "${PHOTO:-/usr/share/backgrounds/mate/nature/Garden.jpg}")
scripts=$(dirname "$(realpath "$0")")
output=$(realpath -m "${1:-$scripts/../Docs/screenshot.png}")
for file in "$chatd" "$photo"; do
  [ -r "$file" ] || {
    echo "$0: $file is not there" >&2
    exit 1
  }
done

folder=$(mktemp -d)
server=''

clean_up() {
  status=$?
  trap '' INT TERM HUP
  tmux -S "$folder/tmux" kill-server 2>/dev/null || true
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$chatd" serve --port 0 --quiet 2>"$folder/log" &
server=$!
port=''
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  port=$(sed -n 's/.* info listening address=[^ ]*:\([0-9][0-9]*\) .*/\1/p' "$folder/log")
  [ -z "$port" ] || break
  sleep 0.1
done
[ -n "$port" ] || {
  cat "$folder/log" >&2
  exit 1
}

cat >"$folder/tmux.conf" <<END
set -g default-terminal tmux-256color
set -g status off
END

# Opens a window in which somebody joins.
enter() {
  mkdir "$folder/$1"
  if [ "$1" = Anoop ]; then
    set -- "$1" new-session -d -x 96 -y 36 -s talk
  else
    set -- "$1" new-window -d -t talk
  fi
  person=$1
  shift
  tmux -S "$folder/tmux" -f "$folder/tmux.conf" "$@" -n "$person" -c "$folder/$person" \
    "exec env -u NO_COLOR COLORTERM=truecolor LC_ALL=C.UTF-8 CHATD_SERVER=localhost:$port \
      '$chatd' join --name $person"
  sleep 0.6
}

says() {
  tmux -S "$folder/tmux" send-keys -t "talk:$1" -l "$2"
  tmux -S "$folder/tmux" send-keys -t "talk:$1" Enter
  sleep 0.5
}

cp "$photo" "$folder/garden.jpg"
enter Anoop
enter Bea
enter Chidi
says Bea 'Good morning! Is anybody up already?'
says Anoop 'Since five. It is quiet here for once.'
says Chidi 'Здравствуйте! Good morning from the night train.'
says Bea 'You should see the garden today:'
says Bea "/image $folder/garden.jpg"
sleep 1.5
says Chidi 'And that is from the old phone?'
says Bea 'It is. 640×400 is plenty.'
tmux -S "$folder/tmux" send-keys -t talk:Anoop -l 'Beautiful. Coffee at ten?'
sleep 0.5

tmux -S "$folder/tmux" capture-pane -e -p -t talk:Anoop >"$folder/screen"
cursor=$(tmux -S "$folder/tmux" display-message -p -t talk:Anoop '#{cursor_x},#{cursor_y}')
/usr/bin/python3 "$scripts/screenshot.py" --title 'chatd join --name Anoop' --cursor "$cursor" \
  "$folder/screen" "$output"
