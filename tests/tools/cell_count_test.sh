#!/usr/bin/env bash
# Adds up made-up counts with tests/cell_count.cmake: what it accepts, and what it refuses.
set -euo pipefail

script="$(dirname "${BASH_SOURCE[0]}")/../cell_count.cmake"
world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
echo 30 > "$world/expected"

column() { echo "$2" > "$world/$1"; }  # column NAME "EXECUTED CANNOT_RUN REGISTERED"
check() {  # check WHAT accepted|refused COLUMNS [OPTION]...
  local status=accepted
  cmake -Dsuite=made_up "-Dcounts=$world" "-Dcolumns=$3" "-Dexpected=$world/expected" "${@:4}" \
    -P "$script" > "$world/log" 2>&1 || status=refused
  [[ $status == "$2" ]] || { cat "$world/log"; echo "$1: $status"; exit 1; }
}

column epoll '10 0 30'
column poll '10 0 30'
column io_uring '0 10 30'
check 'a driver that cannot run here' accepted 'epoll;poll;io_uring'
column io_uring '9 1 30'
check 'a case that cannot run here' accepted 'epoll;poll;io_uring'
check 'a column that no entry runs' refused 'epoll;poll'
check 'a column that runs twice' refused 'epoll;epoll;poll;io_uring'
column kqueue '0 0 30'
check 'a column without cells' refused 'epoll;poll;io_uring;kqueue'
check 'a column that never ran' refused 'epoll;poll;io_uring;aio'
column epoll '9 0 29'
column poll '10 0 29'
column io_uring '10 0 29'
check 'a suite that shrank' refused 'epoll;poll;io_uring'
echo 29 > "$world/expected"
check 'a suite that was meant to shrink' accepted 'epoll;poll;io_uring'
column epoll '0 9 29'
column poll '0 10 29'
column io_uring '0 10 29'
check 'a machine where nothing runs' refused 'epoll;poll;io_uring'

# Of six columns with ten cells each four are run, three of them by thirds: 4, 3 and 3 cells.
thirds=(-Dpart_of=6 '-Dby_thirds=poll;select;io_uring')
echo 60 > "$world/expected"
column epoll '10 0 60'
column poll '4 0 60'
column select '3 0 60'
column io_uring '0 3 60'
check 'a third each' accepted 'epoll;poll;select;io_uring' "${thirds[@]}"
column select '4 0 60'
check 'more than a third' refused 'epoll;poll;select;io_uring' "${thirds[@]}"
column select '2 0 60'
check 'less than a third' refused 'epoll;poll;select;io_uring' "${thirds[@]}"

printf '#!/bin/sh\nshift 2\nexec "$@"\n' > "$world/denied"
printf '#!/bin/sh\nexit 77\n' > "$world/unable"
chmod +x "$world/denied" "$world/unable"
echo 20 > "$world/expected"
column epoll '10 0 20'
column denied_ring '9 1 20'
check 'a column without rings' accepted 'epoll;denied_ring' \
  -Dpart_of=2 -Dwithout_rings=denied_ring "-Ddenied=$world/denied"
column denied_ring '0 10 20'
check 'a column that began without a filter' refused 'epoll;denied_ring' \
  -Dpart_of=2 -Dwithout_rings=denied_ring "-Ddenied=$world/denied"
check 'the count of an earlier run, where there is no filter' accepted 'epoll;denied_ring' \
  -Dpart_of=2 -Dwithout_rings=denied_ring "-Ddenied=$world/unable"
rm "$world/denied_ring"
check 'no count, where there is no filter' accepted 'epoll;denied_ring' \
  -Dpart_of=2 -Dwithout_rings=denied_ring "-Ddenied=$world/unable"
check 'no count, where there is one' refused 'epoll;denied_ring' \
  -Dpart_of=2 -Dwithout_rings=denied_ring "-Ddenied=$world/denied"
echo 'counts are added up'
