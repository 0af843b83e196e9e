#!/usr/bin/env bash
# Runs tools/bootstrap.sh against a pretended package manager: a folder of installed packages.
set -euo pipefail

bootstrap="$(dirname "${BASH_SOURCE[0]}")/../../tools/bootstrap.sh"
world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
mkdir "$world/bin" "$world/installed"

cat > "$world/bin/dpkg-query" <<'STUB'
#!/usr/bin/env bash
shift 3   # -W -f FORMAT
cd "$(dirname "$0")/../installed"
status=0
for package in "$@"; do
  if [[ -e $package ]]; then echo "installed $package"; else status=1; fi
done
exit "$status"
STUB
cat > "$world/bin/apt-get" <<'STUB'
#!/usr/bin/env bash
cd "$(dirname "$0")/.."
echo "$*" >> apt.log
[[ $DEBIAN_FRONTEND == noninteractive ]] || exit 9
if [[ $* != *" install "* ]]; then exit 0; fi
for word in "$@"; do
  case $word in -* | install | DPkg::*) ;; *) touch "installed/$word" ;; esac
done
STUB
printf '#!/usr/bin/env bash\nexec "$@"\n' > "$world/bin/sudo"
chmod +x "$world"/bin/*
export PATH="$world/bin:$PATH"

expect() {  # expect WHAT WANTED GOT
  [[ $2 == "$3" ]] || { printf '%s: wanted "%s", got "%s"\n' "$1" "$2" "$3"; exit 1; }
}
status_of() { local status=0; "$@" > /dev/null 2>&1 || status=$?; echo "$status"; }

expect 'missing packages are refused on request' 3 "$(status_of "$bootstrap" --no-install)"
expect 'a dry run installs nothing' '' \
  "$("$bootstrap" --dry-run > "$world/wanted" && ls "$world/installed")"
grep -qx 'clang-19' "$world/wanted" || { echo 'clang-19 is not among the core packages'; exit 1; }
if grep -qx 'cargo' "$world/wanted"; then echo 'cargo is among the core packages'; exit 1; fi

xargs -a "$world/wanted" -I{} touch "$world/installed/{}"
rm "$world/installed/ccache"
expect 'a dry run names what is missing' 'ccache' "$("$bootstrap" --dry-run)"
expect 'the installer succeeds' 0 "$(status_of "$bootstrap")"
expect 'only what is missing is installed' 'ccache' \
  "$(sed -n 's/.*--no-install-recommends //p' "$world/apt.log")"
expect 'the lists are refreshed first' 1 "$(head -n 1 "$world/apt.log" | grep -c update)"

rm "$world/apt.log"
expect 'a second run is silent' '' "$("$bootstrap" 2>&1)"
expect 'a second run asks apt-get nothing' no "$([[ -e $world/apt.log ]] && echo yes || echo no)"
# grep counts, as one that stops at the first match ends the writer by SIGPIPE.
expect 'groups add up' 1 \
  "$("$bootstrap" --group core --group test --dry-run | grep -cx shellcheck)"
expect 'a list names the installed ones too' 1 "$("$bootstrap" --list | grep -cx ccache)"
expect 'an unknown group is a bad argument' 2 "$(status_of "$bootstrap" --group nonsense)"
expect 'an unknown option is a bad argument' 2 "$(status_of "$bootstrap" --nonsense)"
echo 'bootstrap behaves'
