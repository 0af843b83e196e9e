#!/usr/bin/env bash
# Installs what is missing of tools/deps/debian-12.txt, and says nothing when nothing is.
#
#   tools/bootstrap.sh [--group G]... [--list] [--dry-run] [--no-install]
#
#   --group G      packages of group G (core, test, bench); may be repeated; core when left out
#   --list         print all packages of the groups, one a line, and change nothing
#   --dry-run      print what would be installed, one package a line, and change nothing
#   --no-install   fail when something is missing instead of installing it
#
# Exit status: 0 all is there (or was installed), 2 a bad argument, 3 something is missing and
# cannot be installed from here, else the status of apt-get.
set -euo pipefail

list="$(dirname "${BASH_SOURCE[0]}")/deps/debian-12.txt"
lock_wait_s=300  # another package manager may be at work, typically on a machine just started

usage() { sed -n '2,/^set -euo/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }
fail() { local status=$1; shift; printf 'bootstrap: %s\n' "$*" >&2; exit "$status"; }

packages_of() {  # the packages of the groups given
  awk -v groups=" $* " '/^[^#]/ && NF { if (index(groups, " " $2 " ")) print $1 }' "$list"
}

missing_of() {  # those of the packages given that are not installed
  comm -23 <(printf '%s\n' "$@" | sort) <(
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
      awk '$1 == "installed" { print $2 }' | sort)
}

install() {
  local -a as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || fail 3 "not root and no sudo; as root: apt-get install $*"
    as_root=(sudo)
  fi
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
                apt-get -qq -o "DPkg::Lock::Timeout=$lock_wait_s")
  printf 'bootstrap: installing %s\n' "$*" >&2
  "${apt[@]}" update >&2
  "${apt[@]}" install -y --no-install-recommends "$@" >&2
}

groups=() list_all=no dry_run=no may_install=yes
while (($#)); do
  case $1 in
    --group) [[ -n ${2:-} ]] || fail 2 "--group needs a name"; groups+=("$2"); shift ;;
    --list) list_all=yes ;;
    --dry-run) dry_run=yes ;;
    --no-install) may_install=no ;;
    -h | --help) usage; exit 0 ;;
    *) fail 2 "unknown argument '$1' (try --help)" ;;
  esac
  shift
done
((${#groups[@]})) || groups=(core)
for group in "${groups[@]}"; do
  [[ -n $(packages_of "$group") ]] || fail 2 "no package of $list is in a group '$group'"
done

mapfile -t wanted < <(packages_of "${groups[@]}")
if [[ $list_all == yes ]]; then printf '%s\n' "${wanted[@]}"; exit 0; fi
command -v dpkg-query >/dev/null ||
  fail 3 "this is not Debian; build with CMake as CONTRIBUTING.md says, with: ${wanted[*]}"
mapfile -t missing < <(missing_of "${wanted[@]}")
if ((${#missing[@]} == 0)); then exit 0; fi
if [[ $dry_run == yes ]]; then printf '%s\n' "${missing[@]}"; exit 0; fi
[[ $may_install == yes ]] || fail 3 "missing: ${missing[*]}"
install "${missing[@]}"
mapfile -t missing < <(missing_of "${wanted[@]}")
((${#missing[@]} == 0)) || fail 3 "apt-get reported success, yet these are missing: ${missing[*]}"
